import type { ChildProcess } from 'node:child_process';
import { availableParallelism, hostname, totalmem } from 'node:os';
import { createClient, Unreachable } from '@smallbatch/client';
import type { EngineChoice } from './engines/engines.ts';
import { ranking } from './engines/fastest.ts';
import { tryEngine } from './engines/trial.ts';
import { visibleGpus } from './gpu.ts';
import { EXHAUSTED, forkBeside } from './processes.ts';
import { chooseSplit, type Split, splitsOf } from './splits.ts';
import type { WorkerEvent, WorkerOptions } from './worker.ts';

export interface WorkersOptions extends Omit<WorkerOptions, 'onEvent'> {
  /** As measured for the work that waits unless said; of one thread each. */
  readonly processes?: number;
  readonly onEvent?: (event: WorkerEvent & { readonly process: number }) => void;
}

/** What a process says before it ends by itself. */
interface LastWords<Kind> {
  readonly kind: Kind;
  readonly message: string;
}

/** Images are read in libuv's threads; beside a GPU four of them are too few. */
const READING = { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())) };

/** The engine and device that were asked for, if they work here; else the fastest that does. */
export async function chooseEngine(
  { engine, device, home }: Pick<WorkerOptions, 'engine' | 'device' | 'home'>,
  tell?: (reason: string) => void,
): Promise<EngineChoice> {
  if (device === 'cpu' && (engine ?? 'onnx') === 'onnx') return { engine: 'onnx', device };
  if (engine && device) {
    await tryEngine({ engine, device });
    return { engine, device };
  }
  const ranked = await ranking(home, tell);
  const found = ranked.find(
    (one) => (!engine || one.engine === engine) && (!device || one.device === device),
  );
  if (found) return found;
  const wanted = [engine && `engine ${engine}`, device && `device ${device}`].filter(Boolean).join(' on ');
  const there = ranked.map((one) => `${one.engine} on ${one.device}`).join(', ');
  throw new Error(
    `${wanted} cannot be used here; what works: ${there || 'nothing'} (smallbatch engine list)`,
  );
}

/** Runs workers as processes until the signal, or until each has ended by itself. One that crashes is started again, slower each time. */
export async function runWorkers({
  signal,
  processes: wanted,
  onEvent,
  ...options
}: WorkersOptions): Promise<void> {
  const choice = await chooseEngine(options);
  const gpus = choice.device === 'cpu' ? [] : await visibleGpus();
  const tell = (event: WorkerEvent): void => onEvent?.({ ...event, process: 0 });
  const { processes, threads } = wanted
    ? { processes: wanted, threads: 1 }
    : await splitFor(
        choice,
        gpus.map(({ uuid }) => uuid),
        { ...options, signal },
        tell,
      );
  /** → why its device is lost, where it is: the processes on other devices go on. */
  const one = async (index: number): Promise<string | undefined> => {
    for (let crashes = 0; !signal.aborted; ) {
      const name = options.name ? `${options.name}-${index + 1}` : `${hostname()}-${index + 1}`;
      // Each process sees its own GPU alone, and so says of that one what it does.
      const gpu = gpus[index % gpus.length];
      const env = gpu ? { ...process.env, CUDA_VISIBLE_DEVICES: gpu.uuid, ...READING } : process.env;
      const child = forkBeside('worker-process', import.meta.url, { serialization: 'advanced', env });
      let fatal: string | undefined;
      let lost: string | undefined;
      child.on(
        'message',
        (message: (WorkerEvent & { process: number }) | LastWords<'fatal'> | LastWords<'lost'>) => {
          if (message.kind === 'fatal') fatal = message.message;
          else if (message.kind === 'lost') lost = message.message;
          else onEvent?.({ ...message, process: index });
        },
      );
      const { engine, device } = choice;
      const memoryBytes = device === 'cpu' ? (0.75 * totalmem()) / processes : undefined;
      child.send({ memoryBytes, ...options, engine, device, threads, name });
      const code = await ended(child, signal);
      if (fatal !== undefined) throw new Error(fatal);
      if (lost !== undefined) {
        onEvent?.({
          kind: 'warning',
          message: `this process ends, its device is lost: ${lost}`,
          process: index,
        });
        return lost;
      }
      if (code === 0 || signal.aborted) return undefined;
      if (code === EXHAUSTED) continue;
      crashes++;
      await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 500 * 2 ** crashes)));
    }
    return undefined;
  };
  const ends = await Promise.all(Array.from({ length: processes }, (_, index) => one(index)));
  const [lost] = ends;
  if (lost !== undefined && !ends.includes(undefined)) throw new Error(`every device is lost: ${lost}`);
}

/** The split that was measured for what waits. An API that cannot be reached yet has nothing to tell: then it is the usual one. */
async function splitFor(
  choice: EngineChoice,
  gpus: readonly string[],
  { url, token, home, sweep, signal }: Pick<WorkersOptions, 'url' | 'token' | 'home' | 'sweep' | 'signal'>,
  tell: (event: WorkerEvent) => void,
): Promise<Split> {
  const client = createClient({ url, token });
  try {
    return await chooseSplit({
      ...choice,
      client,
      home,
      gpus,
      sweep,
      signal,
      onMeasured: ({ model, batchSize }, rates) => tell({ kind: 'split', model, batchSize, rates }),
    });
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    tell({ kind: 'unreachable', message: error.message });
    return splitsOf(choice, availableParallelism(), Math.max(1, gpus.length))[0]!;
  } finally {
    client.close();
  }
}

async function ended(child: ChildProcess, signal: AbortSignal): Promise<number | null> {
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 20_000).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
