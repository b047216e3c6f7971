import type { Axes, DataShape } from './axes.ts';

/** A part of a run with one batch size; without a batch schedule the whole run is one phase. */
export interface Phase {
  /** m of this phase. */
  readonly batchSize: number;
  readonly firstStep: number;
  readonly steps: number;
  readonly firstEpoch: number;
  readonly stepsPerEpoch: number;
}

/** What a run trains, step by step, unless it diverges, is pruned or reaches its goal before. */
export interface Plan {
  readonly phases: readonly Phase[];
  readonly totalSteps: number;
  /** May be a fraction with a budget in steps. */
  readonly totalEpochs: number;
}

/** Where a step (from 0) is. */
export interface Place {
  readonly phase: Phase;
  readonly epoch: number;
  readonly inEpoch: number;
}

type Planned = Pick<Axes, 'batchSize' | 'batchSchedule' | 'budget'>;

/** Epochs that a budget allows, or undefined for a budget in steps. */
export const epochsOf = ({ unit, value, epochs }: Axes['budget']): number | undefined =>
  unit === 'STEPS' ? undefined : unit === 'EPOCHS' ? value : (epochs ?? undefined);

/** Batch sizes of the phases: m, then times `factor` at each of the fractions of all epochs, from the next whole epoch on. */
export function batchSizes({ batchSize, batchSchedule }: Planned): number[] {
  const sizes = [batchSize];
  for (const _ of batchSchedule?.at ?? []) sizes.push(Math.round(sizes.at(-1)! * batchSchedule!.factor));
  return sizes;
}

/** Lays a run out. An epoch takes every training sample once; its last partial batch is dropped. */
export function planOf(axes: Planned, data: DataShape): Plan {
  const stepsOf = (m: number): number => Math.floor(data.trainCount / m);
  const epochs = epochsOf(axes.budget);
  if (epochs === undefined) {
    const stepsPerEpoch = stepsOf(axes.batchSize);
    const steps = axes.budget.value;
    const phase = { batchSize: axes.batchSize, firstStep: 0, steps, firstEpoch: 0, stepsPerEpoch };
    return { phases: [phase], totalSteps: steps, totalEpochs: steps / stepsPerEpoch };
  }
  const bounds = [0, ...(axes.batchSchedule?.at ?? []).map((share) => Math.ceil(share * epochs)), epochs];
  const phases: Phase[] = [];
  let firstStep = 0;
  batchSizes(axes).forEach((batchSize, i) => {
    const [firstEpoch, end] = [bounds[i]!, bounds[i + 1]!];
    const stepsPerEpoch = stepsOf(batchSize);
    const steps = (end - firstEpoch) * stepsPerEpoch;
    if (steps > 0) phases.push({ batchSize, firstStep, steps, firstEpoch, stepsPerEpoch });
    firstStep += steps;
  });
  return { phases, totalSteps: firstStep, totalEpochs: epochs };
}

export function placeOf({ phases }: Plan, step: number): Place {
  const phase = phases.findLast(({ firstStep }) => firstStep <= step) ?? phases[0]!;
  const inPhase = step - phase.firstStep;
  return {
    phase,
    epoch: phase.firstEpoch + Math.floor(inPhase / phase.stepsPerEpoch),
    inEpoch: inPhase % phase.stepsPerEpoch,
  };
}

/** Samples that were trained on before step `step`. */
export const samplesBefore = ({ phases }: Plan, step: number): number =>
  phases.reduce(
    (sum, { batchSize, firstStep, steps }) =>
      sum + batchSize * Math.max(0, Math.min(step - firstStep, steps)),
    0,
  );

/** Epochs done before step `step`, with a fraction inside one. */
export function epochsBefore(plan: Plan, step: number): number {
  const last = plan.phases.findLast(({ firstStep }) => firstStep < step);
  return last ? last.firstEpoch + (step - last.firstStep) / last.stepsPerEpoch : 0;
}

/** Steps that a run of these axes trains, unless it ends before. */
export const plannedSteps = (axes: Planned, data: DataShape): number => planOf(axes, data).totalSteps;
