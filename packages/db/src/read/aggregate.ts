import type { Goal } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { AXIS_SQL, type Axis, type RunValue, VALUE_SQL } from './axes.ts';
import { compileFilter, type RunFilter, Values } from './filter.ts';

export interface AggregateQuery {
  readonly teamId: string;
  readonly where?: RunFilter | null;
  readonly by: readonly Axis[];
  readonly byParams: readonly string[];
  readonly metric: string;
  readonly value: RunValue;
}

/** The runs of one setting inside one group, reduced to what statistics need. Runs of one configuration count once. */
export interface SettingRow {
  /** Values of the group's axes, then of its params, in order. */
  readonly group: readonly unknown[];
  readonly settingHash: string;
  /** Any run of the setting, for its axes. */
  readonly sample: string;
  /** Of the runs that have a value: the value, the seed and the key, in the order of the seeds. */
  readonly values: readonly number[];
  readonly seeds: readonly number[];
  readonly keys: readonly string[];
  readonly diverged: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly withoutValue: number;
  readonly duplicates: number;
}

/**
 * One row for each setting of each group, in one statement. A run has a value when it is DONE, did not diverge, and its metric's
 * value is finite; every other run is counted beside.
 */
export async function aggregateSettings(db: Db, query: AggregateQuery): Promise<SettingRow[]> {
  const values = new Values();
  const metric = values.add(query.metric);
  const where = compileFilter(query.where, query.teamId, values);
  const groups = [
    ...query.by.map((axis) => AXIS_SQL[axis]),
    ...query.byParams.map((name) => {
      const key = values.add(name);
      return `coalesce(r.hyper -> ${key}, r.info -> ${key})`;
    }),
  ];
  const names = groups.map((_, i) => `g${i}`);
  const list = names.map((name) => `${name}, `).join('');
  const { rows } = await db.pool.query({
    text: `/* aggregate */ WITH valued AS (
        SELECT r.id, r.key, r.setting_hash, r.configuration_hash, r.seed, r.status, r.diverged, r.duplicate,
          ${groups.map((sql, i) => `${sql} AS g${i}, `).join('')} ${VALUE_SQL[query.value]} AS value
        FROM run r LEFT JOIN metric k ON k.team_id = r.team_id AND k.name = ${metric}
        LEFT JOIN run_metric s ON s.run_id = r.id AND s.metric_id = k.id
        WHERE ${where}
      ), stated AS (
        SELECT *, CASE
          WHEN status = 'DONE' AND NOT diverged AND value NOT IN ('NaN', 'Infinity', '-Infinity') THEN 0
          WHEN status = 'DONE' AND diverged THEN 1
          WHEN status = 'DONE' THEN 2
          WHEN status = 'FAILED' THEN 4
          ELSE 3 END AS state
        FROM valued
      ), counted AS (
        SELECT *, row_number() OVER (PARTITION BY ${list} configuration_hash ORDER BY state, duplicate, id) AS place FROM stated
      )
      SELECT ${names.length ? `json_build_array(${names.join(', ')})` : `'[]'::json`} AS "group", setting_hash AS "settingHash", min(id::text) AS sample,
        coalesce(array_agg(value ORDER BY seed, id) FILTER (WHERE state = 0 AND place = 1), '{}') AS "values",
        coalesce(array_agg(seed ORDER BY seed, id) FILTER (WHERE state = 0 AND place = 1), '{}') AS seeds,
        coalesce(array_agg(key ORDER BY seed, id) FILTER (WHERE state = 0 AND place = 1), '{}') AS keys,
        (count(*) FILTER (WHERE state = 1 AND place = 1))::int AS diverged,
        (count(*) FILTER (WHERE state = 2 AND place = 1))::int AS "withoutValue",
        (count(*) FILTER (WHERE state = 3 AND place = 1))::int AS unfinished,
        (count(*) FILTER (WHERE state = 4 AND place = 1))::int AS failed,
        (count(*) FILTER (WHERE place > 1))::int AS duplicates
      FROM counted GROUP BY ${list} setting_hash ORDER BY ${list} setting_hash`,
    values: values.list,
  });
  return rows;
}

/** The goal of a metric; a metric that the team does not have yet has none. */
export async function metricGoal(db: Db, teamId: string, name: string): Promise<Goal | undefined> {
  const { rows } = await db.pool.query(
    '/* metricGoal */ SELECT goal::text FROM metric WHERE team_id = $1 AND name = $2',
    [teamId, name],
  );
  return rows[0]?.goal;
}

/** Axes of settings, by any of their runs. */
export async function axesOfRuns(
  db: Db,
  runIds: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  const { rows } = await db.pool.query(
    `/* axesOfRuns */ SELECT r.id, d.name AS dataset, r.model, r.width, r.batch_size AS "batchSize", r.batch_schedule AS "batchSchedule",
       r.base_learning_rate AS "baseLearningRate", r.schedule, r.warm_up AS "warmUp", r.momentum, r.nesterov, r.weight_decay AS "weightDecay",
       r.batch_norm AS "batchNorm", r.batch_norm_scope::text AS "batchNormScope", r.bn_batch AS "bnBatch", r.augmentation,
       json_build_object('unit', r.budget_unit, 'value', r.budget_value, 'epochs', r.budget_epochs) AS budget,
       r.evaluate_every AS "evaluateEvery", r.hyper
     FROM run r JOIN dataset d ON d.id = r.dataset_id WHERE r.id = ANY ($1)`,
    [runIds],
  );
  return new Map(rows.map(({ id, ...axes }) => [id, axes]));
}

/** Names of data sets and keys of members and sweeps, by id. */
export async function nameIds(db: Db, teamId: string): Promise<Map<string, string>> {
  const { rows } = await db.pool.query(
    `/* nameIds */ SELECT id, name FROM dataset WHERE team_id = $1 UNION ALL SELECT id, key FROM member WHERE team_id = $1
     UNION ALL SELECT id, key FROM sweep WHERE team_id = $1`,
    [teamId],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
