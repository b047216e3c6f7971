import { checkAxes, type DataShape } from '@smallbatch/program';
import { type EngineState, engineReport, openOnnx } from '@smallbatch/trainer';
import { Command, Option } from 'commander';
import { type Column, FORMATS, type Format } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { Problem } from '../problem.ts';

const columns: Column<EngineState>[] = [
  { name: 'name', title: 'engine', value: ({ name }) => name },
  { name: 'usable', value: ({ usable }) => usable },
  { name: 'message', title: 'state', value: ({ message }) => message },
];

export function engineCommand(): Command {
  const engine = new Command('engine').description('What can execute training steps on this machine.');
  engine
    .command('list')
    .description('Engines, and what is the matter with those that cannot be used.')
    .addOption(
      new Option('--format <format>', 'how the data is printed').choices([...FORMATS]).default('table'),
    )
    .action(async ({ format }: { format: Format }) => print(columns, await engineReport(), format));
  engine.command('check').description('Train five steps of ResNet-8 on made-up images.').action(check);
  return engine;
}

/** Five steps on one image and label each: the loss must fall, else the engine computes wrongly here. */
async function check(): Promise<void> {
  const shape: DataShape = { classes: 10, channels: 3, height: 32, width: 32, trainCount: 8, testCount: 8 };
  const checked = checkAxes(
    { model: 'resnet8', width: 8, batchSize: 8, baseLearningRate: 2 ** -6, batchNorm: true, epochs: 1 },
    shape,
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const engine = await openOnnx();
  const versions = Object.entries(engine.versions).map(([name, version]) => `${name} ${version}`);
  note(`${engine.name} on ${engine.device} (${versions.join(', ')})`);
  const session = await engine.open({ axes: checked.axes, data: shape, runs: 1, evaluationBatch: 8 });
  try {
    session.initialise(0, 0);
    const { classes, channels, height, width } = shape;
    const images = Float32Array.from({ length: 8 * channels * height * width }, (_, i) => Math.sin(i * 0.37));
    const labels = Float32Array.from({ length: 8 * classes }, (_, i) =>
      i % classes === Math.floor(i / classes) ? 1 : 0,
    );
    const one = (value: number) => Float32Array.of(value);
    const losses: number[] = [];
    const started = performance.now();
    for (let step = 0; step < 5; step++) {
      const logits = await session.step({
        images,
        labels,
        learningRate: one(0.05),
        weightDecay: one(0),
        momentum: one(0),
      });
      losses.push(crossEntropy(logits, labels, classes));
    }
    const seconds = (performance.now() - started) / 1000;
    note(`loss ${losses.map((loss) => loss.toFixed(3)).join(' → ')}, ${Math.round(40 / seconds)} samples/s`);
    const first = losses[0]!;
    const last = losses.at(-1)!;
    if (!(last < first))
      throw new Problem(
        `the loss does not fall (${first} → ${last}): this engine computes wrongly on this machine`,
      );
    process.stdout.write(`${engine.name} works\n`);
  } finally {
    await session.close();
  }
}

function crossEntropy(logits: Float32Array, labels: Float32Array, classes: number): number {
  let sum = 0;
  for (let row = 0; row < logits.length; row += classes) {
    const line = logits.subarray(row, row + classes);
    const top = Math.max(...line);
    const norm = Math.log(line.reduce((total, logit) => total + Math.exp(logit - top), 0)) + top;
    for (let k = 0; k < classes; k++) sum += labels[row + k]! * (norm - line[k]!);
  }
  return sum / (logits.length / classes);
}
