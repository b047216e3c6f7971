import {
  CHOICES,
  ENGINES,
  type Engine,
  type EngineChoice,
  type EngineState,
  type EngineTrial,
  EngineUnavailable,
  engineReport,
  installTensorflow,
  tryEngine,
  visibleGpus,
} from '@smallbatch/trainer';
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

const INSTALL_HELP = `
Without an option the published binary is fetched, which knows GPUs of CUDA 11.2 and older. For any other, build the binding
against a TensorFlow of your own; that takes a C++ compiler and Node's headers:
  a CPU    pip download --no-deps tensorflow-cpu && smallbatch engine install tensorflow --wheel tensorflow_cpu-*.whl
  a GPU    pip install 'tensorflow[and-cuda]' in a virtual environment, which brings CUDA's own libraries, then
           smallbatch engine install tensorflow --libtensorflow VENV/lib/python3.*/site-packages/tensorflow
It is kept in SMALLBATCH_TENSORFLOW, else in smallbatch/tensorflow of the user's cache.`;

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
    .command('install')
    .description('Fetch or build what an engine needs.')
    .addArgument(new Argument('<engine>', 'onnx needs nothing').choices(['tensorflow']))
    .addOption(
      new Option('--wheel <file>', 'build against a Python wheel of tensorflow or tensorflow-cpu').conflicts(
        'libtensorflow',
      ),
    )
    .option('--libtensorflow <dir>', 'build against a libtensorflow, or the folder of an installed wheel')
    .addHelpText('after', INSTALL_HELP)
    .action(install);
  engine
    .command('check')
    .description('Versions and devices; trains ResNet-8 for five steps: the loss must fall, as on onnx.')
    .addArgument(
      new Argument('[engine]', 'all that are here unless said').choices(
        Object.keys(ENGINES) as Engine['name'][],
      ),
    )
    .option('--device <name>', 'on which device; on all unless said')
    .action(check);
  return engine;
}

async function install(
  engine: Engine['name'],
  options: { wheel?: string; libtensorflow?: string },
): Promise<void> {
  try {
    note(`installed ${await installTensorflow({ ...options, say: note })}`);
  } catch (error) {
    throw new Problem((error as Error).message);
  }
  await check(engine, {});
}

/** Largest difference of losses in nats: roundings that differ may take a ReLU to its other side, and a few steps let that grow. */
const AGREEMENT = 1e-2;

async function check(engine: Engine['name'] | undefined, { device }: { device?: string }): Promise<void> {
  const devices = [...new Set(engine ? ENGINES[engine] : Object.values(ENGINES).flat())];
  if (device && !devices.includes(device)) {
    throw new Problem(
      `no device "${device}"${engine ? ` of engine ${engine}` : ''}: there are ${devices.join(', ')}`,
    );
  }
  const choices = CHOICES.filter(
    (one) => (!engine || one.engine === engine) && (!device || one.device === device),
  );
  const { losses } = await tried({ engine: 'onnx', device: 'cpu' });
  const missing: string[] = [];
  for (const choice of choices) {
    const trial = await tryEngine(choice).catch((error: Error) => error);
    if (trial instanceof EngineUnavailable) missing.push(trial.message);
    else if (trial instanceof Error) throw trial;
    else report(trial, losses);
  }
  if (missing.length === choices.length) throw new Problem(missing.join('\n'));
  for (const reason of missing) note(`not here: ${reason}`);
  // What this machine cannot show of an engine is said, so that nobody takes it for tried.
  const untried = choices.filter(
    (one) =>
      one.device !== 'cpu' && missing.some((reason) => reason.startsWith(`${one.engine} on ${one.device}:`)),
  );
  const gpus = (await visibleGpus()).map(({ name }) => name);
  for (const one of untried) {
    note(
      `unverified: ${one.engine} on ${one.device}${gpus.length > 0 ? ` (there is ${gpus.join(', ')})` : ''}`,
    );
  }
}

async function tried(choice: EngineChoice): Promise<EngineTrial> {
  try {
    return await tryEngine(choice);
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error;
    throw new Problem(error.message);
  }
}

function report(
  { engine, device, versions, losses, rate, fallback }: EngineTrial,
  expected: readonly number[],
): void {
  const stated = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  note(`${engine} on ${device} (${stated.join(', ')})`);
  const onCpu = Object.entries(fallback).map(([operator, times]) => `${times} ${operator}`);
  if (engine === 'onnx' && device !== 'cpu') {
    note(`operators that run on the CPU instead: ${onCpu.join(', ') || 'none'}`);
  }
  note(`loss ${losses.map((loss) => loss.toFixed(3)).join(' → ')}, ${Math.round(rate)} samples/s`);
  const apart = Math.max(...losses.map((loss, step) => Math.abs(loss - expected[step]!)));
  // NaN is not below it either.
  if (!(apart < AGREEMENT)) {
    throw new Problem(
      `the losses of ${engine} on ${device} (${losses.join(', ')}) are not those of onnx on cpu (${expected.join(', ')}): it computes wrongly on this machine`,
    );
  }
  if (engine !== 'onnx' || device !== 'cpu') {
    note(`the losses agree with those of onnx on cpu to ${apart.toExponential(0)}`);
  }
  process.stdout.write(`${engine} works on ${device}\n`);
}
