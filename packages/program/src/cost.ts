import type { Axes, DataShape } from './axes.ts';
import { batchSizes, planOf, samplesBefore } from './plan.ts';
import { multiplyAdds, type StepProgram } from './program.ts';
import { size } from './shape.ts';
import { evaluation, trainingStep } from './training-step.ts';

export interface Cost {
  /** Trained numbers of one run. */
  readonly parameters: number;
  /** Of one sample. */
  readonly forwardMultiplyAdds: number;
  /** Of training one sample: forward and both gradients, 3 × 2 × multiply-adds, as the paper's own count has it. */
  readonly flopsPerSample: number;
}

/** What a run of these axes costs, counted on its program. */
export function cost(axes: Axes, data: DataShape): Cost {
  const forward = evaluation(axes, data, 1);
  const forwardMultiplyAdds = multiplyAdds(forward);
  const trained = trainingStep(
    { ...axes, batchSize: 2, batchSchedule: null, bnBatch: null },
    data,
  ).parameters;
  return {
    parameters: trained.reduce((sum, { shape, statistic }) => (statistic ? sum : sum + size(shape)), 0),
    forwardMultiplyAdds,
    flopsPerSample: 6 * forwardMultiplyAdds,
  };
}

/** What a run of these axes computes, unless it ends before: in FLOPs, training and the passes over the test split. */
export function runFlops(axes: Axes, data: DataShape, { forwardMultiplyAdds, flopsPerSample }: Cost): number {
  const plan = planOf(axes, data);
  const evaluations = Math.ceil(plan.totalEpochs / axes.evaluateEvery);
  const trained = samplesBefore(plan, plan.totalSteps);
  return flopsPerSample * trained + 2 * forwardMultiplyAdds * data.testCount * evaluations;
}

/** Most bytes that are alive at once while a program runs, in single precision, its inputs and outputs included. */
export function peakBytes(program: StepProgram): number {
  const last = new Map<number, number>();
  program.steps.forEach(({ inputs, outputs }, i) => {
    for (const { id } of [...inputs, ...outputs]) last.set(id, i);
  });
  const kept = new Set([...program.inputs.values(), ...program.outputs.values()].map(({ id }) => id));
  let alive = [...program.inputs.values()].reduce((sum, { shape }) => sum + size(shape), 0);
  let peak = alive;
  program.steps.forEach(({ inputs, outputs }, i) => {
    for (const { shape } of outputs) alive += size(shape);
    peak = Math.max(peak, alive);
    const ended = new Map([...inputs, ...outputs].map((value) => [value.id, value]));
    for (const { id, shape } of ended.values()) if (last.get(id) === i && !kept.has(id)) alive -= size(shape);
  });
  return 4 * peak;
}

/** Samples that a step of one run must take at once: the whole batch with batch norm over it, else a BN batch or one. */
const leastPart = ({ batchNorm, bnBatch }: Axes, m: number): number => (batchNorm ? (bnBatch ?? m) : 1);

/** Samples from which on the memory of a step grows linearly: the images outweigh the weights. */
const MANY = 64;

/** Bytes of a step of one run with its batch in parts of `part` samples. */
export function stepBytes(axes: Axes, data: DataShape, part: number): number {
  const bytes = (samples: number): number =>
    peakBytes(
      trainingStep({ ...axes, batchSchedule: null, batchSize: samples, bnBatch: null }, data).program,
    );
  if (part <= MANY) return bytes(part);
  const [some, more] = [bytes(MANY), bytes(2 * MANY)];
  return some + ((more - some) / MANY) * (part - MANY);
}

/** Least memory in bytes that a step of a run of these axes needs, over all batch sizes of its batch schedule. */
export function leastBytes(axes: Axes, data: DataShape): number {
  return Math.max(
    ...batchSizes(axes).map((m) => {
      const one = { ...axes, batchSize: m, batchSchedule: null };
      return stepBytes(one, data, leastPart(axes, m));
    }),
  );
}

/**
 * Samples that a step takes at once where `bytes` are to be had: the whole batch if that fits, else its largest divisor that does
 * and that batch norm allows; the least part that is possible when none fits.
 */
export function partOf(axes: Axes, data: DataShape, bytes: number): number {
  const m = axes.batchSize;
  const least = leastPart(axes, m);
  for (let parts = 1; parts <= m; parts++) {
    if (m % parts || (m / parts) % least) continue;
    if (stepBytes(axes, data, m / parts) <= bytes) return m / parts;
  }
  return least;
}
