/** One process of the trainer's benchmark: told what to do, it warms up, and then counts what it does in a window. */
import type { Axes, DataShape } from '@smallbatch/program';
import { fastestRuns } from './calibration.ts';
import { Checkpoints } from './checkpoints.ts';
import { openDataset } from './datasets/dataset.ts';
import type { Engine } from './engines/engine.ts';
import { openMatmul } from './engines/onnx/matmul-rate.ts';
import { openOnnx } from './engines/onnx/onnx.ts';
import { endWithParent } from './processes.ts';
import { stepper } from './rate.ts';
import { type Member, train } from './training.ts';

interface Steps {
  readonly axes: Axes;
  readonly data: DataShape;
  readonly runs: number;
}
export type BenchOrder =
  | { readonly kind: 'matmul' }
  /** The engine's own call, again and again on one batch. */
  | ({ readonly kind: 'step' } & Steps)
  /** The training loop with its data set, and a checkpoint of every run at each third window, every few seconds. */
  | ({ readonly kind: 'loop'; readonly home: string; readonly dataset: string } & Steps);
export type BenchMessage =
  | { readonly prepare: BenchOrder }
  | { readonly window: number }
  | { readonly choose: Omit<Steps, 'runs'> }
  | { readonly memory: true };
export type BenchReply =
  | { readonly ready: true }
  /** Per second: samples of a step or of the loop, FLOPs of a matrix product. */
  | { readonly rate: number }
  /** R that the trainer chooses, and samples a second by R. */
  | { readonly runs: number; readonly rates: Readonly<Record<string, number>> }
  /** Most bytes that the process has had in memory. */
  | { readonly bytes: number };

endWithParent();
let window: (seconds: number) => Promise<number>;
let close = async (): Promise<void> => {};

/** Counts how often `once` is done. */
const counted =
  (amount: number, once: () => Promise<unknown>) =>
  async (seconds: number): Promise<number> => {
    const start = performance.now();
    let times = 0;
    do {
      await once();
      times++;
    } while (performance.now() - start < seconds * 1000);
    return (amount * times) / ((performance.now() - start) / 1000);
  };

async function prepare(order: BenchOrder): Promise<void> {
  await close();
  close = async () => {};
  if (order.kind === 'matmul') {
    const matmul = await openMatmul();
    window = counted(matmul.flops, () => matmul.run(1));
    await window(0.1);
    return;
  }
  const engine = await openOnnx();
  if (order.kind === 'loop') return loop(engine, order);
  const { axes, data, runs } = order;
  const steps = await stepper(engine, axes, data, runs);
  close = steps.close;
  window = counted(axes.batchSize * runs, steps.once);
  await window(0.1);
}

/** Trains for real until it is closed; a window counts the steps that the loop does meanwhile. */
async function loop(
  engine: Engine,
  { axes, runs, home, dataset }: BenchOrder & { kind: 'loop' },
): Promise<void> {
  const images = await openDataset(home, dataset);
  const checkpoints = new Checkpoints(home);
  const members = Array.from({ length: runs }, (_, seed): Member => ({ axes, seed }));
  const writes: Promise<void>[] = [];
  let leave = false;
  let keep = false;
  let onStep = (): void => {};
  let windows = 0;
  const training = train(engine, images, members, {
    measured() {},
    ended() {},
    snapshot: (i, snapshot) =>
      void writes.push(checkpoints.write(`bench-${process.pid}-${i}`, { snapshot, points: [] })),
    async before(step) {
      if (step % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      onStep();
      const order = { keep, leave };
      keep = false;
      return order;
    },
  });
  const failed = training.then((): never => {
    throw new Error('the loop has ended by itself');
  });
  failed.catch(() => {});
  const stepsUntil = (done: (steps: number) => boolean): Promise<number> =>
    Promise.race([
      failed,
      new Promise<number>((resolve) => {
        let steps = -1;
        onStep = () => {
          steps++;
          if (!done(steps)) return;
          onStep = () => {};
          resolve(steps);
        };
      }),
    ]);
  window = async (seconds) => {
    let start = 0;
    let end = 0;
    if (windows++ % 3 === 1) keep = true;
    const steps = await stepsUntil((count) => {
      end = performance.now();
      if (count === 0) start = end;
      return count > 0 && end - start >= seconds * 1000;
    });
    return (axes.batchSize * runs * steps) / ((end - start) / 1000);
  };
  close = async () => {
    leave = true;
    await training;
    await Promise.all(writes);
    for (const i of members.keys()) await checkpoints.drop(`bench-${process.pid}-${i}`);
    await images.close();
  };
  await stepsUntil((steps) => steps >= 3);
}

async function answer(message: BenchMessage): Promise<BenchReply> {
  if ('prepare' in message) {
    await prepare(message.prepare);
    return { ready: true };
  }
  if ('choose' in message) return fastestRuns(await openOnnx(), message.choose.axes, message.choose.data);
  // Linux and macOS both say it in kilobytes here.
  if ('memory' in message) return { bytes: process.resourceUsage().maxRSS * 1024 };
  return { rate: await window(message.window) };
}

process.on('message', (message: BenchMessage) => {
  answer(message).then(
    (reply) => process.send!(reply),
    (error: Error) => {
      console.error(error.message);
      process.exit(1);
    },
  );
});
