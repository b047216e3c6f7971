import type { Db } from '../open.ts';
import type { SettingCounts, SettingQuery, SettingRows } from './aggregate.ts';
import { AXIS_SQL, COST_SQL, finiteSql, isCost, RUN_AXES, VALUE_SQL } from './axes.ts';
import { paramValue } from './fields.ts';
import { compileFilter, Values } from './filter.ts';
import { settingsOf } from './settings.ts';

/** BEST is the greatest or the least by the metric's goal, which the caller knows. */
export function valueSql({ metric, value }: SettingQuery): string {
  if (isCost(value)) return COST_SQL[value];
  if (value === 'BEST') return metric?.goal === 'MINIMISE' ? 's.min' : 's.max';
  return VALUE_SQL[value];
}

export interface RunsOfSetting extends SettingCounts {
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

/** A row for each setting and group with its runs counted; `condition` may name settings `r.setting_id`. */
export function countedRuns(query: SettingQuery, values: Values, condition = ''): string {
  const { text, names } = placedRuns(query, values, { condition });
  const list = names.map((name) => `${name}, `).join('');
  const seeds = query.selectSeeds && values.add(query.selectSeeds);
  const [rest, chosen] = seeds ? [`AND NOT seed = ANY (${seeds})`, `AND seed = ANY (${seeds})`] : ['', ''];
  const count = (condition: string): string => `(count(*) FILTER (WHERE ${condition}))::int`;
  const total = (more: string): string =>
    `coalesce(sum(value ORDER BY seed) FILTER (WHERE state = 0 AND place = 1 ${more}), 0)`;
  return `${text}
      SELECT setting_id AS id, ${names.length ? `json_build_array(${names.join(', ')})` : `'[]'::json`} AS "group",
        ${count(`state = 0 AND place = 1 ${rest}`)} AS n, ${total(rest)} AS total,
        ${seeds ? `${count(`state = 0 AND place = 1 ${chosen}`)} AS sn, ${total(chosen)} AS stotal` : '0 AS sn, 0::float8 AS stotal'},
        ${count('state = 1 AND place = 1')} AS diverged, ${count('state = 2 AND place = 1')} AS "withoutValue",
        ${count('state = 3 AND place = 1')} AS unfinished, ${count('state = 4 AND place = 1')} AS failed, ${count('place > 1')} AS duplicates
      FROM placed GROUP BY ${list} setting_id ORDER BY ${list} setting_id`;
}

export async function rowsOfRuns(db: Db, query: SettingQuery): Promise<SettingRows> {
  const values = new Values();
  const text = `/* settingRows runs */ ${countedRuns(query, values)}`;
  const { rows } = await db.pool.query<RunsOfSetting>({ text, values: values.list });
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
