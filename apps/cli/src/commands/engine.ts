import { ENGINES, type EngineState, EngineUnavailable, engineReport, tryEngine } from '@smallbatch/trainer';
import { Argument, Command, Option } from 'commander';
import { type Column, FORMATS, type Format } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { Problem } from '../problem.ts';

const columns: Column<EngineState>[] = [
  { name: 'engine', value: ({ engine }) => engine },
  { name: 'device', value: ({ device }) => device },
  { name: 'usable', value: ({ usable }) => usable },
  { name: 'message', title: 'state', value: ({ message }) => message },
];

export function engineCommand(): Command {
  const engine = new Command('engine').description('What can execute training steps on this machine.');
  engine
    .command('list')
    .description(
      'Engines and devices, each tried by five steps, and what is the matter with those that fail.',
    )
    .addOption(
      new Option('--format <format>', 'how the data is printed').choices([...FORMATS]).default('table'),
    )
    .action(async ({ format }: { format: Format }) => print(columns, await engineReport(), format));
  engine
    .command('check')
    .description('Train five steps of ResNet-8: the loss must fall.')
    .addArgument(new Argument('[engine]', 'which engine').choices(Object.keys(ENGINES)).default('onnx'))
    .option('--device <name>', 'on which device; on the CPU unless said', 'cpu')
    .action(check);
  return engine;
}

async function check(engine: keyof typeof ENGINES, { device }: { device: string }): Promise<void> {
  if (!ENGINES[engine].includes(device)) {
    throw new Problem(`engine ${engine} has no device "${device}": it has ${ENGINES[engine].join(', ')}`);
  }
  try {
    const { versions, losses, rate, fallback } = await tryEngine({ engine, device });
    const stated = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    note(`${engine} on ${device} (${stated.join(', ')})`);
    const onCpu = Object.entries(fallback).map(([operator, times]) => `${times} ${operator}`);
    if (device !== 'cpu') note(`operators that run on the CPU instead: ${onCpu.join(', ') || 'none'}`);
    note(`loss ${losses.map((loss) => loss.toFixed(3)).join(' → ')}, ${Math.round(rate)} samples/s`);
    process.stdout.write(`${engine} works on ${device}\n`);
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    throw new Problem(error.message);
  }
}
