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
  SEED: 'r.seed',
  MEMBER: 'r.member_id',
  SWEEP: 'r.sweep_id',
  ENGINE: 'r.engine',
} as const;
export type Axis = keyof typeof AXIS_SQL;
export const AXES = Object.keys(AXIS_SQL) as Axis[];

/** Axes that belong to the setting of a run; the others say which seed, and whose and where from. */
export const SETTING_AXES = AXES.filter((axis) => !['SEED', 'MEMBER', 'SWEEP', 'ENGINE'].includes(axis));

export const RUN_VALUES = ['LAST', 'BEST', 'MIN', 'MAX', 'MEAN', 'MEDIAN_LAST_5'] as const;
export type RunValue = (typeof RUN_VALUES)[number];

/** SQL of a run's value of a metric, over its summary `s` and the metric `k`. */
export const VALUE_SQL: Record<RunValue, string> = {
  LAST: 's.last',
  MIN: 's.min',
  MAX: 's.max',
  MEAN: 's.sum / nullif(s.count - s.non_finite_count, 0)',
  BEST: `CASE k.goal WHEN 'MAXIMISE' THEN s.max WHEN 'MINIMISE' THEN s.min END`,
  MEDIAN_LAST_5: 's.median_last_5',
};
