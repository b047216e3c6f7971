import { AXIS_SQL, type MetricValue, VALUE_SQL } from './axes.ts';

/**
 * The one list of names that become SQL in filters and orders of runs (over a run `r`; the axes' SQL is axes.ts'). Whatever else
 * a client sends becomes a value of a statement. test/packages/db/hostile.test.ts holds this.
 */

/** How values of a field compare: the type that they have in PostgreSQL. */
export const TYPES = {
  text: 'text',
  whole: 'int8',
  number: 'float8',
  yesNo: 'bool',
  moment: 'timestamptz',
  json: 'jsonb',
} as const;
export type Kind = keyof typeof TYPES;

/** A thing that a run names by its id, and people by its name. */
interface Named {
  readonly table: 'dataset' | 'member' | 'sweep';
  readonly name: 'name' | 'key';
}

interface Field extends Partial<Named> {
  /** The value; of a named thing its id. */
  readonly sql: string;
  readonly kind: Kind;
  /** It belongs to the run's setting: a condition on it can be asked of the setting alone. */
  readonly setting?: boolean;
}

const setting = (kind: Kind, sql: string): Field => ({ sql, kind, setting: true });
const own = (kind: Kind, sql: string): Field => ({ sql, kind });

/** Whether a run is not to be deleted: it is locked itself, or as a run of a locked sweep. */
export const LOCKED_SQL = `(r.locked OR EXISTS (SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = r.id AND s.locked))`;

/** What a filter may compare. */
export const FIELDS = {
  key: own('text', 'r.key'),
  diverged: own('yesNo', 'r.diverged'),
  duplicate: own('yesNo', 'r.duplicate'),
  reason: own('text', 'r.reason'),
  note: own('text', 'r.note'),
  locked: own('yesNo', LOCKED_SQL),
  member: { ...own('text', AXIS_SQL.MEMBER), table: 'member', name: 'key' },
  engine: own('text', AXIS_SQL.ENGINE),
  trainerVersion: setting('text', 'r.trainer_version'),
  configurationHash: own('text', 'r.configuration_hash'),
  settingHash: own('text', 'r.setting_hash'),
  dataset: { ...setting('text', AXIS_SQL.DATASET), table: 'dataset', name: 'name' },
  model: setting('text', AXIS_SQL.MODEL),
  width: setting('whole', AXIS_SQL.WIDTH),
  batchSize: setting('whole', AXIS_SQL.BATCH_SIZE),
  batchSchedule: setting('json', AXIS_SQL.BATCH_SCHEDULE),
  baseLearningRate: setting('number', AXIS_SQL.BASE_LEARNING_RATE),
  schedule: setting('json', `(${AXIS_SQL.SCHEDULE})::jsonb`),
  warmUp: setting('yesNo', AXIS_SQL.WARM_UP),
  momentum: setting('number', AXIS_SQL.MOMENTUM),
  nesterov: setting('yesNo', AXIS_SQL.NESTEROV),
  weightDecay: setting('number', AXIS_SQL.WEIGHT_DECAY),
  batchNorm: setting('yesNo', AXIS_SQL.BATCH_NORM),
  batchNormScope: setting('text', AXIS_SQL.BATCH_NORM_SCOPE),
  bnBatch: setting('whole', AXIS_SQL.BN_BATCH),
  augmentation: setting('yesNo', AXIS_SQL.AUGMENTATION),
  evaluateEvery: setting('whole', AXIS_SQL.EVALUATE_EVERY),
  epochs: setting('number', `CASE r.budget_unit WHEN 'EPOCHS' THEN r.budget_value END`),
  seed: own('whole', AXIS_SQL.SEED),
  deviceSeconds: own('number', 'r.device_seconds'),
  step: own('whole', 'r.step'),
  plannedSteps: own('whole', 'r.planned_steps'),
  samplesSeen: own('whole', 'r.samples_seen'),
  createdAt: own('moment', 'r.created_at'),
  startedAt: own('moment', 'r.started_at'),
  endedAt: own('moment', 'r.ended_at'),
} as const satisfies Record<string, Field>;
export type FieldName = keyof typeof FIELDS;

export const fieldOf = (name: string): Field | undefined =>
  Object.hasOwn(FIELDS, name) ? FIELDS[name as FieldName] : undefined;

/** Parts of the axis `budget`. */
export const BUDGET_SQL = { unit: 'r.budget_unit::text', value: 'r.budget_value', epochs: 'r.budget_epochs' };

/** Filters that are not comparisons of one field; compiled one by one in filter.ts. */
export const SETTING_ONLY = new Set(['and', 'or', 'not', 'budget']);

/**
 * Values of a metric as a query of `run_id` and `value`; no row for a run without the metric. NaN is no number to compare with: it
 * counts as absent. Of one run they are found by its id; of many by two indexes, of the values that count in statistics and of the
 * others.
 */
export function metricValues(value: MetricValue, team: string, name: string, run?: string): string {
  const known = (column: string): string =>
    `(SELECT ${column} FROM metric WHERE team_id = ${team} AND name = ${name}::text)`;
  const sql = VALUE_SQL[value].replace('k.goal', known('goal'));
  const which = (condition: string): string =>
    `SELECT s.run_id, nullif(${sql}, 'NaN'::float8) AS value FROM run_metric s WHERE s.metric_id = ${known('id')} AND ${condition}`;
  return run ? which(`s.run_id = ${run}`) : `${which('s.counted')} UNION ALL ${which('NOT s.counted')}`;
}

/** A free parameter of a run: of the configuration, else beside it. `name` is a placeholder. */
export const paramValue = (name: string): string =>
  `coalesce(r.hyper -> ${name}::text, r.info -> ${name}::text)`;

/** One key that runs are sorted by. */
export interface Part {
  readonly sql: string;
  readonly type: (typeof TYPES)[Kind] | 'uuid';
  /** Absent values come last, which no index is in the order of. */
  readonly nullable: boolean;
  /** A thing whose name is sorted by, joined by the id that `sql` is. */
  readonly named?: Named;
}

const by = (sql: string, kind: Kind, nullable = false): Part => ({
  // By code point, the same on every server.
  sql: kind === 'text' ? `(${sql}) COLLATE "C"` : sql,
  type: TYPES[kind],
  nullable,
});
const byField = (name: FieldName, nullable = false): readonly Part[] => {
  const { sql, kind, table, name: column } = FIELDS[name] as Field;
  if (table && column) return [{ sql, type: 'text', nullable, named: { table, name: column } }];
  return [by(kind === 'json' ? `(${sql})::text` : sql, kind === 'json' ? 'text' : kind, nullable)];
};

/** What a list of runs may be ordered by; some by several keys after each other. */
export const ORDERS = {
  CREATED_AT: byField('createdAt'),
  STARTED_AT: byField('startedAt', true),
  ENDED_AT: byField('endedAt', true),
  KEY: byField('key'),
  STATUS: [by('r.status::text', 'text')],
  DATASET: byField('dataset'),
  MODEL: byField('model'),
  WIDTH: byField('width'),
  BATCH_SIZE: byField('batchSize'),
  BATCH_SCHEDULE: byField('batchSchedule', true),
  BASE_LEARNING_RATE: byField('baseLearningRate'),
  SCHEDULE: [by(AXIS_SQL.SCHEDULE, 'text')],
  WARM_UP: byField('warmUp'),
  MOMENTUM: byField('momentum'),
  NESTEROV: byField('nesterov'),
  WEIGHT_DECAY: byField('weightDecay'),
  BATCH_NORM: byField('batchNorm'),
  BATCH_NORM_SCOPE: byField('batchNormScope', true),
  BN_BATCH: byField('bnBatch', true),
  AUGMENTATION: byField('augmentation'),
  BUDGET: [
    by(BUDGET_SQL.unit, 'text'),
    by(BUDGET_SQL.value, 'number'),
    by(BUDGET_SQL.epochs, 'number', true),
  ],
  EVALUATE_EVERY: byField('evaluateEvery'),
  SEED: byField('seed'),
  MEMBER: byField('member'),
  SWEEP: [{ sql: AXIS_SQL.SWEEP, type: 'text', nullable: true, named: { table: 'sweep', name: 'key' } }],
  ENGINE: byField('engine', true),
  TRAINER_VERSION: byField('trainerVersion'),
  DIVERGED: byField('diverged'),
  DEVICE_SECONDS: byField('deviceSeconds'),
  STEP: byField('step'),
  PLANNED_STEPS: byField('plannedSteps'),
  SAMPLES_SEEN: byField('samplesSeen'),
  QUEUE: [by('r.queue_rank', 'whole')],
} as const satisfies Record<string, readonly Part[]>;
export type OrderField = keyof typeof ORDERS;

/** Keys of a free parameter: numbers first, then texts, then yes and no. `json` is the parameter's value. */
export const paramParts = (json: string): readonly Part[] => [
  by(
    `CASE jsonb_typeof(${json}) WHEN 'number' THEN 1 WHEN 'string' THEN 2 WHEN 'boolean' THEN 3 END`,
    'whole',
    true,
  ),
  by(`CASE jsonb_typeof(${json}) WHEN 'number' THEN (${json})::text::float8 END`, 'number', true),
  by(`CASE WHEN jsonb_typeof(${json}) <> 'number' THEN ${json} #>> '{}' END`, 'text', true),
];
/** The last key of every order: no two runs share it. */
export const ID_PART: Part = { sql: 'r.id', type: 'uuid', nullable: false };
