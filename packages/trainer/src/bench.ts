import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Axes, DataShape } from '@smallbatch/program';
import { checkAxes, cost } from '@smallbatch/program';
import type { BenchMessage, BenchOrder, BenchReply } from './bench-process.ts';
import { forkBeside } from './processes.ts';

export interface BenchRow {
  readonly bench: string;
  readonly case: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  /** The median. */
  readonly value: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly n: number;
  /** What the matrix product measured in the same minute would allow. */
  readonly limit?: number;
}

const data: DataShape = {
  classes: 10,
  channels: 3,
  height: 32,
  width: 32,
  trainCount: 50_000,
  testCount: 10_000,
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

async function ask(child: ChildProcess, message: BenchMessage): Promise<BenchReply> {
  child.send(message);
  const [reply] = await once(child, 'message');
  return reply as BenchReply;
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

export interface BenchOptions {
  readonly models?: readonly string[];
  readonly batchSizes?: readonly number[];
  readonly runs?: readonly number[];
  readonly windows?: number;
  readonly seconds?: number;
}

/**
 * Samples a second by batch size m and R runs side by side, over one process of one thread a core, with batch norm. The
 * machine's matrix-product rate is measured around every batch size, because a shared host drifts.
 */
export async function benchTrainer(options: BenchOptions, print: (row: BenchRow) => void): Promise<void> {
  const { models = ['resnet8', 'alexnet'], batchSizes = [2, 8, 32, 128], runs = [1, 4, 13] } = options;
  const { windows = 5, seconds = 1 } = options;
  const processes = availableParallelism();
  const children = Array.from({ length: processes }, () => forkBeside('bench-process', import.meta.url));
  try {
    for (const model of models) {
      for (const batchSize of batchSizes) {
        const checked = checkAxes(
          { model, batchSize, baseLearningRate: 2 ** -8, batchNorm: true, epochs: 1 },
          data,
        );
        if (!checked.ok) throw new Error(checked.problems[0]?.message);
        const axes: Axes = checked.axes;
        const before = await measure(children, { kind: 'matmul' }, windows, seconds / 4);
        const results: [number, number[]][] = [];
        for (const r of runs) {
          results.push([r, await measure(children, { kind: 'step', axes, data, runs: r }, windows, seconds)]);
        }
        const after = await measure(children, { kind: 'matmul' }, windows, seconds / 4);
        const matmul = median([...before, ...after]);
        const limit = matmul / cost(axes, data).flopsPerSample;
        for (const [r, rates] of results) {
          print({
            bench: 'trainer',
            case: `${model} m=${batchSize} R=${r}`,
            params: { model, batchSize, runs: r, batchNorm: true, processes, matmulGflops: matmul / 1e9 },
            value: median(rates),
            unit: 'samples/s',
            min: Math.min(...rates),
            max: Math.max(...rates),
            n: rates.length,
            limit,
          });
        }
      }
    }
  } finally {
    for (const child of children) child.kill();
  }
}
