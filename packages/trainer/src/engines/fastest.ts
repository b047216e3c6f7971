import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { visibleGpus } from '../gpu.ts';
import { CHOICES, type EngineChoice } from './engines.ts';
import { type EngineTrial, EngineUnavailable, tryEngine } from './trial.ts';

/** An engine on a device that works here, with its samples a second over all the processes that the machine has room for. */
export interface Ranked extends EngineChoice {
  readonly rate: number;
  readonly versions: Readonly<Record<string, string>>;
}

interface File {
  readonly machine: string;
  readonly ranked: readonly Ranked[];
}

/** One process a GPU, one a core without. */
export async function processesOf({ device }: EngineChoice): Promise<number> {
  return device === 'cpu' ? availableParallelism() : Math.max(1, (await visibleGpus()).length);
}

/**
 * What works on this machine, the fastest first: measured once by a few steps of ResNet-8, and kept in `home` until the machine
 * changes. `tell` hears why the others cannot be used.
 */
export async function ranking(
  home: string,
  tell: (reason: string) => void = () => {},
  again = false,
): Promise<readonly Ranked[]> {
  const path = join(home, 'engines.json');
  const machine = JSON.stringify({
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    gpus: (await visibleGpus()).map(({ uuid }) => uuid),
    vulkan: process.env.VK_ICD_FILENAMES,
    tensorflow: process.env.SMALLBATCH_TENSORFLOW,
    node: process.version,
  });
  const known = again ? undefined : await read(path);
  if (known?.machine === machine) return known.ranked;
  const tried = async (choice: EngineChoice): Promise<EngineTrial | undefined> => {
    try {
      return await tryEngine(choice);
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
      tell(error.message);
      return undefined;
    }
  };
  const found: (EngineTrial | undefined)[] = [];
  // One after another: they would slow each other.
  for (const choice of CHOICES) found.push(await tried(choice));
  const ranked = await Promise.all(
    found
      .filter((one) => one !== undefined)
      .map(async ({ engine, device, versions, rate }) => ({
        engine,
        device,
        versions,
        rate: Math.round(rate * (await processesOf({ engine, device }))),
      })),
  );
  ranked.sort((a, b) => b.rate - a.rate);
  await mkdir(home, { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, JSON.stringify({ machine, ranked } satisfies File, null, 1));
  await rename(draft, path);
  return ranked;
}

async function read(path: string): Promise<File | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as File;
  } catch {
    return undefined;
  }
}
