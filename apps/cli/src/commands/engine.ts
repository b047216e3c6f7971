import { type Axes, checkAxes, type DataShape, fillNormal, score } from '@smallbatch/program';
import {
  type Engine,
  type EngineState,
  engineReport,
  installTensorflow,
  openOnnx,
  openTensorflow,
  visibleGpus,
} from '@smallbatch/trainer';
import { Argument, Command, Option } from 'commander';
import { type Column, FORMATS, type Format } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { Problem } from '../problem.ts';

const columns: Column<EngineState>[] = [
  { name: 'name', title: 'engine', value: ({ name }) => name },
  { name: 'usable', value: ({ usable }) => usable },
  { name: 'message', title: 'state', value: ({ message }) => message },
];

const ENGINES = { onnx: () => openOnnx(), tensorflow: () => openTensorflow() } as const;

type Name = keyof typeof ENGINES;

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
    .description('Engines, and what is the matter with those that cannot be used.')
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
    .description('Versions and devices; trains two runs of ResNet-8 side by side for five steps.')
    .addArgument(
      new Argument('[engine]', 'all that are here unless said').choices(Object.keys(ENGINES) as Name[]),
    )
    .action(check);
  return engine;
}

async function install(_engine: string, options: { wheel?: string; libtensorflow?: string }): Promise<void> {
  try {
    note(`installed ${await installTensorflow({ ...options, say: note })}`);
  } catch (error) {
    throw new Problem((error as Error).message);
  }
  await check('tensorflow');
}

async function check(name?: Name): Promise<void> {
  const onnx = await openOnnx();
  const expected = await fiveSteps(onnx);
  for (const one of name ? [name] : (Object.keys(ENGINES) as Name[])) {
    if (one === 'onnx') {
      report(onnx, expected);
      continue;
    }
    const opened = await ENGINES[one]().catch((error: Error) => error);
    if (opened instanceof Error) {
      if (name) throw new Problem(opened.message);
      note(`${one} is not here: ${opened.message}`);
      continue;
    }
    const found = await fiveSteps(opened);
    await sayDevices(opened);
    compare(found.losses, expected.losses, opened.name);
    report(opened, found);
  }
}

/** What this machine cannot show of an engine is said, so that nobody takes it for tried. */
async function sayDevices({ name, device }: Engine): Promise<void> {
  const gpus = (await visibleGpus()).map((gpu) => gpu.name);
  if (device === 'gpu') note(`${name} computes on a GPU (${gpus.at(-1) ?? 'unknown to nvidia-smi'})`);
  else if (gpus.length > 0) {
    note(
      `${name} does not use the GPU that is here (${gpus.join(', ')}): its library has no CUDA, or does not find CUDA's libraries`,
    );
  } else note(`unverified: ${name} on a GPU; this machine has none that is visible`);
}

/** Largest difference of losses in nats: roundings that differ may take a ReLU to its other side, and a few steps let that grow. */
const AGREEMENT = 1e-2;

function compare(losses: readonly number[], expected: readonly number[], name: string): void {
  const apart = Math.max(...losses.map((loss, step) => Math.abs(loss - expected[step]!)));
  // NaN is not below it either.
  if (!(apart < AGREEMENT)) {
    throw new Problem(
      `the losses of ${name} (${losses.join(', ')}) are not those of onnx (${expected.join(', ')}): it computes wrongly on this machine`,
    );
  }
  note(`the losses agree with those of onnx to ${apart.toExponential(0)}`);
}

interface Trained {
  readonly losses: readonly number[];
  readonly samplesPerSecond: number;
}

function report(engine: Engine, { losses, samplesPerSecond }: Trained): void {
  const versions = Object.entries(engine.versions).map(([name, version]) => `${name} ${version}`);
  note(`${engine.name} on ${engine.device} (${versions.join(', ')})`);
  note(
    `loss ${losses.map((loss) => loss.toFixed(3)).join(' → ')}, ${Math.round(samplesPerSecond)} samples/s`,
  );
  const [first, last] = [losses[0]!, losses.at(-1)!];
  if (!(last < first)) {
    throw new Problem(
      `the loss does not fall (${first} → ${last}): ${engine.name} computes wrongly on this machine`,
    );
  }
  process.stdout.write(`${engine.name} works\n`);
}

const SHAPE: DataShape = { classes: 10, channels: 3, height: 32, width: 32, trainCount: 8, testCount: 8 };
const RUNS = 2;
const STEPS = 5;

function axesOfCheck(): Axes {
  const checked = checkAxes(
    { model: 'resnet8', width: 8, batchSize: 8, baseLearningRate: 2 ** -6, batchNorm: true, epochs: 1 },
    SHAPE,
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.axes;
}

/** Steps on one image and label each: the loss must fall, else the engine computes wrongly here. */
async function fiveSteps(engine: Engine): Promise<Trained> {
  const axes = axesOfCheck();
  const m = axes.batchSize;
  const { classes, channels, height, width } = SHAPE;
  const session = await engine.open({ axes, data: SHAPE, runs: RUNS, evaluationBatch: m });
  try {
    for (let run = 0; run < RUNS; run++) session.initialise(run, run);
    const images = new Float32Array(m * RUNS * channels * height * width);
    fillNormal(images, 0, 'images', 0);
    const classOf = Array.from({ length: m }, (_, i) => i % classes);
    const labels = new Float32Array(RUNS * m * classes);
    for (let row = 0; row < RUNS * m; row++) labels[row * classes + classOf[row % m]!] = 1;
    const each = (value: number) => new Float32Array(RUNS).fill(value);
    const losses: number[] = [];
    const started = performance.now();
    for (let step = 0; step < STEPS; step++) {
      const logits = await session.step({
        images,
        labels,
        learningRate: each(0.05),
        weightDecay: each(0),
        momentum: each(0),
      });
      losses.push(score(logits.subarray(0, m * classes), classOf, classes).loss);
    }
    return { losses, samplesPerSecond: (RUNS * m * STEPS * 1000) / (performance.now() - started) };
  } finally {
    await session.close();
  }
}
