/** One process of the trainer's benchmark: told what to run, it warms up, and then counts what it does in a window. */
import type { Axes, DataShape } from '@smallbatch/program';
import { openMatmul } from './engines/onnx/matmul-rate.ts';
import { openOnnx } from './engines/onnx/onnx.ts';
import { endWithParent } from './processes.ts';

export type BenchOrder =
  | { readonly kind: 'step'; readonly axes: Axes; readonly data: DataShape; readonly runs: number }
  | { readonly kind: 'matmul' };
export type BenchMessage = { prepare: BenchOrder } | { window: number };
/** Per second: samples of a step, FLOPs of a matrix product. */
export type BenchReply = { ready: true } | { rate: number };

endWithParent();
let once: (() => Promise<void>) | undefined;
let amount = 0;
let close: (() => Promise<void>) | undefined;

async function prepare(order: BenchOrder): Promise<void> {
  await close?.();
  if (order.kind === 'matmul') {
    const matmul = await openMatmul();
    close = undefined;
    once = () => matmul.run(1);
    amount = matmul.flops;
  } else {
    const { axes, data, runs } = order;
    const engine = await openOnnx();
    const session = await engine.open({ axes, data, runs, evaluationBatch: 1 });
    for (let slot = 0; slot < runs; slot++) session.initialise(slot, slot);
    const m = axes.batchSize;
    const batch = {
      images: new Float32Array(m * runs * data.channels * data.height * data.width).map((_, i) =>
        Math.sin(i),
      ),
      labels: new Float32Array(runs * m * data.classes).map((_, i) => (i % data.classes === 0 ? 1 : 0)),
      learningRate: new Float32Array(runs).fill(1e-4),
      weightDecay: new Float32Array(runs).fill(1e-4),
      momentum: new Float32Array(runs),
    };
    once = async () => {
      await session.step(batch);
    };
    close = () => session.close();
    amount = m * runs;
  }
  for (let i = 0; i < 3; i++) await once();
}

async function window(seconds: number): Promise<number> {
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(seconds * 1e9));
  let times = 0;
  let now = start;
  do {
    await once!();
    times++;
    now = process.hrtime.bigint();
  } while (now < end);
  return (amount * times) / (Number(now - start) / 1e9);
}

process.on('message', async (message: BenchMessage) => {
  if ('prepare' in message) {
    await prepare(message.prepare);
    process.send!({ ready: true } satisfies BenchReply);
  } else {
    process.send!({ rate: await window(message.window) } satisfies BenchReply);
  }
});
