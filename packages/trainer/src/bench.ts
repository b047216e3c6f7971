import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Axes, DataShape } from '@smallbatch/program';
import { checkAxes, cost, draw } from '@smallbatch/program';
import type { BenchMessage, BenchOrder, BenchReply } from './bench-process.ts';
import { storeDataset } from './datasets/dataset.ts';
import { forkBeside } from './processes.ts';

export interface BenchRow {
  readonly bench: string;
  readonly case: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The median. */
  readonly value: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly n: number;
  /** What the matrix product measured in the same minute would allow; of the loop, the engine's own call. */
  readonly limit?: number;
}

const data: DataShape = {
  classes: 10,
  channels: 3,
  height: 32,
  width: 32,
  trainCount: 50_000,
  testCount: 100,
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
const spread = (values: readonly number[]) => ({
  value: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  n: values.length,
});

async function ask(child: ChildProcess, message: BenchMessage): Promise<BenchReply> {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    child.send(message);
    const [reply] = await Promise.race([
      once(child, 'message', { signal }) as Promise<[BenchReply]>,
      once(child, 'exit', { signal }).then((): never => {
        throw new Error('a process of the benchmark has ended');
      }),
    ]);
    return reply;
  } finally {
    waiting.abort();
  }
}

/** Rates of a case: all processes work through each window at once, and their rates are added. */
async function measure(
  children: readonly ChildProcess[],
  order: BenchOrder,
  windows: number,
  seconds: number,
): Promise<number[]> {
  await Promise.all(children.map((child) => ask(child, { prepare: order })));
  const rates: number[] = [];
  for (let i = 0; i < windows; i++) {
    const replies = await Promise.all(children.map((child) => ask(child, { window: seconds })));
    rates.push(replies.reduce((sum, reply) => sum + ('rate' in reply ? reply.rate : 0), 0));
  }
  return rates;
}

/** Images of CIFAR's size and number without meaning, for the loop. */
async function storeNoise(home: string): Promise<string> {
  const count = data.trainCount + data.testCount;
  const images = new Uint8Array(count * data.channels * data.height * data.width);
  const words = new Uint32Array(images.buffer);
  for (let i = 0; i < words.length; i += 4) words.set(draw(0, 'noise', 0, i), i);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % data.classes);
  const content = { name: 'noise', description: 'for benchmarks', shape: data, images, labels };
  return (await storeDataset(home, content)).hash;
}

export interface BenchOptions {
  readonly batchSizes?: readonly number[];
  readonly windows?: number;
  readonly seconds?: number;
}

/** ResNet-8 with BN, as most of the paper's figures; reduced AlexNet without, as its first. */
const MODELS: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[] = [
  { name: 'resnet8 BN', input: { model: 'resnet8', batchNorm: true, weightDecay: 1e-4 } },
  { name: 'alexnet', input: { model: 'alexnet', batchNorm: false, weightDecay: 5e-4 } },
];

/**
 * Samples a second by batch size m, over one process of one thread a core, with the R that the trainer chooses: the engine's own
 * call beside what the matrix product would allow, and the whole training loop (augmented data, checkpoints) beside that call.
 * The matrix-product rate is measured around every batch size, because a shared host drifts. Last, the memory of a process.
 */
export async function benchTrainer(options: BenchOptions, print: (row: BenchRow) => void): Promise<void> {
  const { batchSizes = [2, 4, 8, 16, 32, 128], windows = 5, seconds = 1 } = options;
  const processes = availableParallelism();
  const home = await mkdtemp(join(tmpdir(), 'smallbatch-bench-'));
  let children: ChildProcess[] = [];
  try {
    const dataset = await storeNoise(home);
    for (const { name, input } of MODELS) {
      children = Array.from({ length: processes }, () =>
        forkBeside('bench-process', import.meta.url, { serialization: 'advanced' }),
      );
      for (const batchSize of batchSizes) {
        const checked = checkAxes(
          // So small that labels without meaning make no run diverge.
          { ...input, batchSize, baseLearningRate: 2 ** -20, augmentation: true, epochs: 1000 },
          data,
        );
        if (!checked.ok) throw new Error(checked.problems[0]?.message);
        const axes: Axes = checked.axes;
        const chosen = await Promise.all(children.map((child) => ask(child, { choose: { axes, data } })));
        const [{ runs, rates }] = chosen as [BenchReply & { runs: number; rates: object }];
        const before = await measure(children, { kind: 'matmul' }, windows, seconds / 4);
        const step = await measure(children, { kind: 'step', axes, data, runs }, windows, seconds);
        const after = await measure(children, { kind: 'matmul' }, windows, seconds / 4);
        const loop = { kind: 'loop', axes, data, runs, home, dataset } as const;
        const trained = await measure(children, loop, windows, seconds);
        const again = await measure(children, { kind: 'step', axes, data, runs }, windows, seconds);
        const matmul = median([...before, ...after]);
        const { batchNorm, model } = axes;
        const params = { model, batchNorm, batchSize, runs, processes, matmulGflops: matmul / 1e9, rates };
        const row = { bench: 'trainer', params, unit: 'samples/s' };
        const limit = matmul / cost(axes, data).flopsPerSample;
        print({
          ...row,
          case: `${name} m=${batchSize} R=${runs} step`,
          ...spread([...step, ...again]),
          limit,
        });
        // The step is measured on both sides of the loop, so that drift of the host falls on both.
        const own = median([...step, ...again]);
        print({ ...row, case: `${name} m=${batchSize} R=${runs} loop`, ...spread(trained), limit: own });
      }
      const memory = await Promise.all(children.map((child) => ask(child, { memory: true })));
      const megabytes = memory.map((reply) => ('bytes' in reply ? reply.bytes / 1e6 : Number.NaN));
      print({
        bench: 'trainer',
        case: `${name} memory of a process, m ≤ ${Math.max(...batchSizes)}`,
        params: { model: input.model, processes },
        unit: 'MB',
        ...spread(megabytes),
      });
      for (const child of children) child.kill();
    }
  } finally {
    for (const child of children) child.kill();
    await rm(home, { recursive: true, force: true });
  }
}
