/** The one list of axes that filters, orders and groups may name, and the SQL that each stands for (over a run `r`). */
export const AXIS_SQL = {
  DATASET: 'r.dataset_id',
  MODEL: 'r.model',
  WIDTH: 'r.width',
  BATCH_SIZE: 'r.batch_size',
  BATCH_SCHEDULE: 'r.batch_schedule',
  BASE_LEARNING_RATE: 'r.base_learning_rate',
  SCHEDULE: 'r.schedule',
  WARM_UP: 'r.warm_up',
  MOMENTUM: 'r.momentum',
  NESTEROV: 'r.nesterov',
  WEIGHT_DECAY: 'r.weight_decay',
  BATCH_NORM: 'r.batch_norm',
  BATCH_NORM_SCOPE: 'r.batch_norm_scope::text',
  BN_BATCH: 'r.bn_batch',
  AUGMENTATION: 'r.augmentation',
  BUDGET: `(r.budget_unit || ' ' || r.budget_value || coalesce(' ' || r.budget_epochs, ''))`,
  EVALUATE_EVERY: 'r.evaluate_every',
  TRAINER_VERSION: 'r.trainer_version',
  SEED: 'r.seed',
  MEMBER: 'r.member_id',
  SWEEP: 'r.sweep_id',
  ENGINE: 'r.engine',
} as const;
export type Axis = keyof typeof AXIS_SQL;

/** What an axis' SQL answers, as its value: a schedule and a budget come as texts, so that equal ones group together. */
export function axisValue(axis: Axis, answered: unknown): unknown {
  if (axis === 'SCHEDULE') return JSON.parse(String(answered));
  if (axis !== 'BUDGET') return answered;
  const [unit, value, epochs] = String(answered).split(' ');
  return { unit, value: Number(value), epochs: epochs === undefined ? null : Number(epochs) };
}
export const AXES = Object.keys(AXIS_SQL) as Axis[];

/** Axes that say which seed, and whose and where from; the others belong to the setting of a run. */
export const RUN_AXES: readonly Axis[] = ['SEED', 'MEMBER', 'SWEEP', 'ENGINE'];
export const SETTING_AXES = AXES.filter((axis) => !RUN_AXES.includes(axis));

/** Values of a run that are of a metric. */
export const METRIC_VALUES = ['LAST', 'BEST', 'MIN', 'MAX', 'MEAN', 'MEDIAN_LAST_5'] as const;
export type MetricValue = (typeof METRIC_VALUES)[number];

/** What a run has cost, over a run `r`; less is better. */
export const COST_SQL = {
  GPU_SECONDS: 'r.device_seconds',
  SAMPLES: 'r.samples_seen',
  STEPS: 'r.step',
} as const;
export type CostValue = keyof typeof COST_SQL;
export const COST_VALUES = Object.keys(COST_SQL) as CostValue[];

/** Values of a run. STEPS_TO_GOAL is the last value of the metric of that name, which a run with a goal error reports. */
export const RUN_VALUES = [...METRIC_VALUES, ...COST_VALUES, 'STEPS_TO_GOAL'] as const;
export type RunValue = (typeof RUN_VALUES)[number];
export const isCost = (value: RunValue): value is CostValue => value in COST_SQL;

/** SQL that says whether a number is finite: NaN is greater than every other, so two comparisons do. */
export const finiteSql = (value: string): string => `(${value} < 'Infinity' AND ${value} > '-Infinity')`;

/** SQL of a run's value of a metric, over its summary `s` and the metric `k`. */
export const VALUE_SQL: Record<Exclude<RunValue, CostValue>, string> = {
  STEPS_TO_GOAL: 's.last',
  LAST: 's.last',
  MIN: 's.min',
  MAX: 's.max',
  MEAN: 's.sum / nullif(s.count - s.non_finite_count, 0)',
  BEST: `CASE k.goal WHEN 'MAXIMISE' THEN s.max WHEN 'MINIMISE' THEN s.min END`,
  MEDIAN_LAST_5: 's.median_last_5',
};
