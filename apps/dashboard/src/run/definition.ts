import type { RunDetail } from './detail';

/** A sweep file of the run's one cell, trained again though its configuration is answered. */
export function definitionOf(run: RunDetail): Record<string, unknown> {
  const { unit, value, epochs } = run.budget;
  const budget =
    unit === 'EPOCHS'
      ? { epochs: value }
      : unit === 'STEPS'
        ? { steps: value }
        : { goalError: value, epochs };
  const all = {
    width: run.width,
    batchSize: run.batchSize,
    batchSchedule: run.batchSchedule,
    baseLearningRate: run.baseLearningRate,
    schedule: run.schedule,
    warmUp: run.warmUp,
    momentum: run.momentum,
    nesterov: run.nesterov,
    weightDecay: run.weightDecay,
    batchNorm: run.batchNorm,
    batchNormScope: run.batchNormScope,
    bnBatch: run.bnBatch,
    augmentation: run.augmentation,
    evaluateEvery: unit === 'STEPS' ? null : run.evaluateEvery,
    budget,
    seed: Number(run.seed),
  };
  const fixed = Object.fromEntries(Object.entries(all).filter(([, one]) => one !== null));
  const hyper = run.hyper as object;
  return {
    name: `repeat of ${run.key}`.slice(0, 100),
    dataset: run.dataset.name,
    model: run.model,
    fixed,
    ...(Object.keys(hyper).length > 0 ? { hyper } : {}),
    ...(run.measures.length > 0 ? { measures: run.measures } : {}),
    reuse: false,
  };
}
