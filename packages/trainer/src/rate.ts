import type { Axes, DataShape } from '@smallbatch/program';
import type { Engine } from './engines/engine.ts';

/** R runs that train on one batch again and again, for what an engine's own call takes. */
export async function stepper(
  engine: Engine,
  axes: Axes,
  data: DataShape,
  runs: number,
): Promise<{ once(): Promise<unknown>; close(): Promise<void> }> {
  const one = { ...axes, batchSchedule: null };
  const session = await engine.open({ axes: one, data, runs, evaluationBatch: 1 });
  for (let slot = 0; slot < runs; slot++) session.initialise(slot, slot);
  const m = axes.batchSize;
  const each = data.channels * data.height * data.width;
  const batch = {
    images: Float32Array.from({ length: m * runs * each }, (_, i) => Math.sin(i)),
    labels: Float32Array.from({ length: runs * m * data.classes }, (_, i) => (i % data.classes ? 0 : 1)),
    learningRate: new Float32Array(runs).fill(1e-4),
    weightDecay: new Float32Array(runs),
    momentum: new Float32Array(runs),
  };
  return { once: () => session.step(batch), close: () => session.close() };
}

/** Training samples a second of a step of R runs, counted for so many seconds and at least one step. */
export async function rateOf(
  engine: Engine,
  axes: Axes,
  data: DataShape,
  runs: number,
  seconds: number,
): Promise<number> {
  const { once, close } = await stepper(engine, axes, data, runs);
  try {
    for (let i = 0; i < 2; i++) await once();
    const start = performance.now();
    let steps = 0;
    do {
      await once();
      steps++;
    } while (performance.now() - start < seconds * 1000);
    return (steps * axes.batchSize * runs) / ((performance.now() - start) / 1000);
  } finally {
    await close();
  }
}
