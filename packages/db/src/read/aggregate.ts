import type { Goal } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import {
  AXIS_SQL,
  type Axis,
  COST_SQL,
  finiteSql,
  isCost,
  RUN_AXES,
  type RunValue,
  VALUE_SQL,
} from './axes.ts';
import { paramValue } from './fields.ts';
import { compileFilter, onlySettings, type RunFilter, Values } from './filter.ts';
import { type Columns, type Layout, pack, unpack } from './packed.ts';
import { type Settings, settingsOf } from './settings.ts';

export interface SettingQuery {
  readonly teamId: string;
  readonly where?: RunFilter | null;
  /** Axes of the groups; those of settings group without the database. */
  readonly by: readonly Axis[];
  readonly byParams: readonly string[];
  /** Undefined where nobody has reported the metric yet: no run has a value. */
  readonly metric: KnownMetric | undefined;
  readonly value: RunValue;
  /** Seeds whose values are kept apart, to choose on. */
  readonly selectSeeds?: readonly number[] | null;
}

export interface KnownMetric {
  readonly id: number;
  readonly goal: Goal;
}

/** Runs of a setting that have no value, and runs of a configuration that is counted already. */
export interface SettingCounts {
  readonly diverged: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly withoutValue: number;
  readonly duplicates: number;
}

/**
 * What there is of each setting (of each group of runs, where groups are told apart by what is not a setting's), row by row as
 * columns. Runs of one configuration count once.
 */
export interface SettingRows {
  readonly settings: Settings;
  /** Numbers of the settings, and their places among all. */
  readonly ids: Int32Array;
  readonly places: Int32Array;
  /** Values of the axes and params by which runs are grouped (not settings), in order; null where there are none. */
  readonly groups: readonly (readonly unknown[])[] | null;
  /** Runs that have a value, and the mean of their values in the order of the seeds; without the selecting seeds, if any. */
  readonly n: Int32Array;
  readonly mean: Float64Array;
  /** The same of the selecting seeds alone. */
  readonly selected: { readonly n: Int32Array; readonly mean: Float64Array } | null;
  /** Runs that diverged. */
  readonly diverged: Int32Array;
  /** All other runs, counted only when asked. */
  counts(): Promise<readonly SettingCounts[]>;
}

/** The goal and number of a metric; undefined when the team does not have it yet. */
export async function metricOf(db: Db, teamId: string, name: string): Promise<KnownMetric | undefined> {
  const { rows } = await db.pool.query(
    '/* metricOf */ SELECT id, goal::text FROM metric WHERE team_id = $1 AND name = $2',
    [teamId, name],
  );
  return rows[0];
}

/** BEST is the greatest or the least by the metric's goal, which the caller knows. */
function valueSql({ metric, value }: SettingQuery): string {
  if (isCost(value)) return COST_SQL[value];
  if (value === 'BEST') return metric?.goal === 'MINIMISE' ? 's.min' : 's.max';
  return VALUE_SQL[value];
}

/**
 * One row a setting. Where the question names nothing that differs between runs of a setting, it is answered from the index of
 * counted summaries and from the list of settings; else from the runs.
 */
export async function settingRows(db: Db, query: SettingQuery): Promise<SettingRows> {
  const ofRuns = query.by.some((axis) => RUN_AXES.includes(axis)) || query.byParams.length > 0;
  return ofRuns || isCost(query.value) || !onlySettings(query.where)
    ? rowsOfRuns(db, query)
    : rowsOfSettings(db, query);
}

/**
 * Values that count, one of each configuration, in the order of the index, so that nothing is sorted. Two runs of one
 * configuration can both count only where one was trained again on purpose: where a metric has no such value, none is looked for.
 */
function countedValues(query: SettingQuery, values: Values): Counted {
  const value = valueSql(query);
  const metric = values.add(query.metric?.id ?? 0);
  const filtered = hasConditions(query.where);
  const condition = filtered ? `AND ${compileFilter(query.where, query.teamId, values)}` : '';
  const joined = (alias: string): string => (filtered ? `JOIN setting r ON r.id = ${alias}.setting_id` : '');
  const own = `s.metric_id = ${metric} AND s.counted AND ${finiteSql(value)}`;
  const again = `EXISTS (SELECT FROM run_metric a WHERE a.metric_id = ${metric} AND a.counted AND a.duplicate)`;
  const from = `FROM run_metric s ${joined('s')} WHERE ${own} ${condition}`;
  const order = 'ORDER BY s.setting_id, s.seed, s.duplicate, s.run_id';
  return {
    bySetting: (columns) => `(SELECT f.setting_id AS id, ${columns} FROM (
        SELECT s.setting_id, s.seed, ${value} AS value ${from} AND NOT ${again} ${order}) AS f GROUP BY f.setting_id)
      UNION ALL (SELECT f.setting_id, ${columns} FROM (
        SELECT DISTINCT ON (s.setting_id, s.seed) s.setting_id, s.seed, ${value} AS value ${from} AND ${again} ${order}) AS f GROUP BY f.setting_id)`,
    own,
    condition,
    joined,
  };
}

interface Counted {
  /** Aggregates of the values, by setting. */
  bySetting(columns: string): string;
  /** What a value `s` has to fulfil, the filter aside. */
  readonly own: string;
  /** The filter over a setting `r`, and how that is joined. */
  readonly condition: string;
  joined(alias: string): string;
}

const hasConditions = (where: RunFilter | null | undefined): boolean =>
  Object.values(where ?? {}).some((given) => given !== undefined && given !== null);

const VALUED = { id: 'int4', n: 'int4', total: 'float8' } as const;
const SELECTED = { ...VALUED, sn: 'int4', stotal: 'float8' } as const;

async function rowsOfSettings(db: Db, query: SettingQuery): Promise<SettingRows> {
  const ask = async <L extends Layout>(name: string, layout: L, from: string, values: Values) => {
    const text = `/* settingRows ${name} */ SELECT ${pack(layout)} AS packed FROM (${from} ORDER BY id) AS p`;
    const { rows } = await db.pool.query({ text, values: values.list });
    return unpack(rows[0].packed, layout);
  };
  const all = async () => {
    const values = new Values();
    const condition = compileFilter(query.where, query.teamId, values);
    return ask('settings', { id: 'int4' }, `SELECT id FROM setting r WHERE ${condition}`, values);
  };
  const valued = async () => {
    const values = new Values();
    const { bySetting } = countedValues(query, values);
    const seeds = query.selectSeeds && values.add(query.selectSeeds);
    if (!seeds) return ask('values', VALUED, bySetting('count(*) AS n, sum(value) AS total'), values);
    const part = (name: string, of: string): string =>
      `count(*) FILTER (WHERE ${of}) AS ${name}n, coalesce(sum(value) FILTER (WHERE ${of}), 0) AS ${name}total`;
    const chosen = `seed = ANY (${seeds})`;
    return ask('values', SELECTED, bySetting(`${part('', `NOT ${chosen}`)}, ${part('s', chosen)}`), values);
  };
  const diverged = async () => {
    const values = new Values();
    const { own, condition, joined } = countedValues(query, values);
    const team = values.add(query.teamId);
    // Of a configuration that has a value too, which takes one of the two to be trained again, the value counts.
    const twin = (more: string): string =>
      `EXISTS (SELECT FROM run_metric s WHERE ${own} AND s.setting_id = q.setting_id AND s.seed = q.seed ${more})`;
    return ask(
      'diverged',
      { id: 'int4', n: 'int4' },
      `SELECT q.setting_id AS id, count(DISTINCT q.seed) AS n FROM run q ${joined('q')}
       WHERE q.team_id = ${team} AND q.diverged ${condition}
         AND NOT ${twin('AND s.duplicate')} AND NOT (q.duplicate AND ${twin('')})
       GROUP BY q.setting_id`,
      values,
    );
  };
  const [{ id: ids }, some, out] = await Promise.all([all(), valued(), diverged()]);
  const { settings, places } = await settingsOf(db, query.teamId, ids);
  const n = new Int32Array(ids.length);
  const mean = new Float64Array(ids.length);
  const choosing = 'sn' in some ? (some as Columns<typeof SELECTED>) : undefined;
  const selected = choosing ? { n: new Int32Array(ids.length), mean: new Float64Array(ids.length) } : null;
  const gone = new Int32Array(ids.length);
  // All three lists rise.
  for (let i = 0, v = 0, d = 0; i < ids.length; i++) {
    while (v < some.id.length && some.id[v]! < ids[i]!) v++;
    if (some.id[v] === ids[i]) {
      n[i] = some.n[v]!;
      mean[i] = some.total[v]! / some.n[v]!;
      if (selected) {
        selected.n[i] = choosing!.sn[v]!;
        selected.mean[i] = choosing!.stotal[v]! / choosing!.sn[v]!;
      }
    }
    while (d < out.id.length && out.id[d]! < ids[i]!) d++;
    if (out.id[d] === ids[i]) gone[i] = out.n[d]!;
  }
  let counted: Promise<readonly SettingCounts[]> | undefined;
  return {
    settings,
    ids,
    places,
    groups: null,
    n,
    mean,
    selected,
    diverged: gone,
    counts() {
      counted ??= (async () => {
        const rows = await runsOfSettings(db, query);
        const byId = new Map(rows.map((row) => [row.id, row]));
        return [...ids].map((id) => byId.get(id) ?? NONE);
      })();
      return counted;
    },
  };
}

const NONE: SettingCounts = { diverged: 0, failed: 0, unfinished: 0, withoutValue: 0, duplicates: 0 };

interface RunsOfSetting extends SettingCounts {
  readonly id: number;
  readonly group: readonly unknown[];
  readonly n: number;
  readonly total: number;
  readonly sn: number;
  readonly stotal: number;
}

/**
 * Each run that matches, with its value, its state, and its place among those of its configuration in its group. Where the filter
 * and the groups are of settings, both tables are read from their indexes alone, in one order.
 */
function placedRuns(
  query: SettingQuery,
  values: Values,
  more: { readonly columns?: string; readonly condition?: string } = {},
): { text: string; names: string[] } {
  const metric = values.add(query.metric?.id ?? 0);
  const where = compileFilter(query.where, query.teamId, values);
  const groups = [
    ...query.by.filter((axis) => RUN_AXES.includes(axis)).map((axis) => AXIS_SQL[axis]),
    ...query.byParams.map((name) => paramValue(values.add(name))),
  ];
  const names = groups.map((_, i) => `g${i}`);
  const list = names.map((name) => `${name}, `).join('');
  const text = `WITH valued AS (
      SELECT r.id, ${more.columns ?? ''} r.setting_id, r.seed, r.status, r.diverged, r.duplicate,
        ${groups.map((sql, i) => `${sql} AS g${i}, `).join('')} (${valueSql(query)})::float8 AS value
      FROM run r LEFT JOIN run_metric s ON s.metric_id = ${metric} AND s.counted AND s.setting_id = r.setting_id AND s.seed = r.seed AND s.run_id = r.id
      WHERE ${where} ${more.condition ?? ''}
    ), stated AS (
      SELECT *, CASE
        WHEN status = 'DONE' AND NOT diverged AND ${finiteSql('value')} THEN 0
        WHEN status = 'DONE' AND diverged THEN 1
        WHEN status = 'DONE' THEN 2
        WHEN status = 'FAILED' THEN 4
        ELSE 3 END AS state
      FROM valued
    ), placed AS (
      SELECT *, row_number() OVER (PARTITION BY ${list} setting_id, seed ORDER BY state, duplicate, id) AS place FROM stated
    )`;
  return { text, names };
}

async function runsOfSettings({ pool }: Db, query: SettingQuery): Promise<RunsOfSetting[]> {
  const values = new Values();
  const { text, names } = placedRuns(query, values);
  const list = names.map((name) => `${name}, `).join('');
  const seeds = query.selectSeeds && values.add(query.selectSeeds);
  const [rest, chosen] = seeds ? [`AND NOT seed = ANY (${seeds})`, `AND seed = ANY (${seeds})`] : ['', ''];
  const count = (condition: string): string => `(count(*) FILTER (WHERE ${condition}))::int`;
  const total = (more: string): string =>
    `coalesce(sum(value ORDER BY seed) FILTER (WHERE state = 0 AND place = 1 ${more}), 0)`;
  const { rows } = await pool.query({
    text: `/* settingRows runs */ ${text}
      SELECT setting_id AS id, ${names.length ? `json_build_array(${names.join(', ')})` : `'[]'::json`} AS "group",
        ${count(`state = 0 AND place = 1 ${rest}`)} AS n, ${total(rest)} AS total,
        ${seeds ? `${count(`state = 0 AND place = 1 ${chosen}`)} AS sn, ${total(chosen)} AS stotal` : '0 AS sn, 0::float8 AS stotal'},
        ${count('state = 1 AND place = 1')} AS diverged, ${count('state = 2 AND place = 1')} AS "withoutValue",
        ${count('state = 3 AND place = 1')} AS unfinished, ${count('state = 4 AND place = 1')} AS failed, ${count('place > 1')} AS duplicates
      FROM placed GROUP BY ${list} setting_id ORDER BY ${list} setting_id`,
    values: values.list,
  });
  return rows;
}

async function rowsOfRuns(db: Db, query: SettingQuery): Promise<SettingRows> {
  const rows = await runsOfSettings(db, query);
  const ids = Int32Array.from(rows, ({ id }) => id);
  const { settings, places } = await settingsOf(db, query.teamId, ids);
  return {
    settings,
    ids,
    places,
    groups: rows[0] && rows[0].group.length > 0 ? rows.map(({ group }) => group) : null,
    n: Int32Array.from(rows, ({ n }) => n),
    mean: Float64Array.from(rows, ({ total, n }) => total / n),
    selected: query.selectSeeds
      ? {
          n: Int32Array.from(rows, ({ sn }) => sn),
          mean: Float64Array.from(rows, ({ stotal, sn }) => stotal / sn),
        }
      : null,
    diverged: Int32Array.from(rows, ({ diverged }) => diverged),
    counts: async () => rows,
  };
}

/** A run that has a value and counts. */
export interface ValuedRun {
  readonly id: number;
  readonly group: readonly unknown[];
  readonly seed: number;
  readonly key: string;
  readonly value: number;
}

/** Runs of these settings that have a value, by setting and seed; without the selecting seeds, if any. */
export async function valuedRuns(
  { pool }: Db,
  query: SettingQuery,
  ids: readonly number[],
): Promise<ValuedRun[]> {
  const values = new Values();
  const condition = `AND r.setting_id = ANY (${values.add(ids)}::int[])`;
  const { text, names } = placedRuns(query, values, { columns: 'r.key, ', condition });
  const rest = query.selectSeeds ? `AND NOT seed = ANY (${values.add(query.selectSeeds)})` : '';
  const { rows } = await pool.query({
    text: `/* valuedRuns */ ${text}
      SELECT setting_id AS id, ${names.length ? `json_build_array(${names.join(', ')})` : `'[]'::json`} AS "group", seed, key, value
      FROM placed WHERE state = 0 AND place = 1 ${rest} ORDER BY setting_id, seed, key`,
    values: values.list,
  });
  return rows;
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
