import type { Db } from '../open.ts';
import type { SettingCounts, SettingQuery, SettingRows } from './aggregate.ts';
import { finiteSql } from './axes.ts';
import { countedRuns, type RunsOfSetting, valueSql } from './counted-runs.ts';
import { compileFilter, type RunFilter, Values } from './filter.ts';
import { type Columns, type Layout, pack, unpack } from './packed.ts';
import { settingsOf } from './settings.ts';

/** Settings that a question is of: the numbers of those that its filter finds; undefined where it has none. */
type Wanted = Int32Array | undefined;
function amongWanted(wanted: Wanted, values: Values): (column: string) => string {
  if (!wanted) return () => '';
  // A value that is sent must be used: it is added where it first is.
  let list: string | undefined;
  return (column) => {
    list ??= values.add([...wanted]);
    return `AND ${column} = ANY (${list}::int[])`;
  };
}

/**
 * Values that count, one of each configuration, in the order of the index, so that nothing is sorted. Two runs of one
 * configuration can both count only where one was trained again on purpose: where a metric has no such value, none is looked for.
 */
function countedValues(query: SettingQuery, wanted: Wanted, values: Values): Counted {
  const among = amongWanted(wanted, values);
  const value = valueSql(query);
  const metric = values.add(query.metric?.id ?? 0);
  const own = `s.metric_id = ${metric} AND s.counted AND ${finiteSql(value)}`;
  const again = `EXISTS (SELECT FROM run_metric a WHERE a.metric_id = ${metric} AND a.counted AND a.duplicate)`;
  const order = 'ORDER BY s.setting_id, s.seed, s.duplicate, s.run_id';
  return {
    bySetting(columns) {
      const from = `${value} AS value FROM run_metric s WHERE ${own} ${among('s.setting_id')}`;
      return `(SELECT f.setting_id AS id, ${columns} FROM (
          SELECT s.setting_id, s.seed, ${from} AND NOT ${again} ${order}) AS f GROUP BY f.setting_id)
        UNION ALL (SELECT f.setting_id, ${columns} FROM (
          SELECT DISTINCT ON (s.setting_id, s.seed) s.setting_id, s.seed, ${from} AND ${again} ${order}) AS f GROUP BY f.setting_id)`;
    },
    own,
    among,
  };
}

interface Counted {
  /** Aggregates of the values, by setting. */
  bySetting(columns: string): string;
  /** What a value `s` has to fulfil, the filter aside. */
  readonly own: string;
  /** That a column is of a setting of the filter. */
  among(column: string): string;
}

const hasConditions = (where: RunFilter | null | undefined): boolean =>
  Object.values(where ?? {}).some((given) => given !== undefined && given !== null);

const VALUED = { id: 'int4', n: 'int4', total: 'float8' } as const;
const SELECTED = { ...VALUED, sn: 'int4', stotal: 'float8' } as const;

/** From the index of counted summaries and the list of settings, where the question names nothing that differs between runs of a setting. */
export async function rowsOfSettings(db: Db, query: SettingQuery): Promise<SettingRows> {
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
  const valued = async (wanted: Wanted) => {
    const values = new Values();
    const { bySetting } = countedValues(query, wanted, values);
    const seeds = query.selectSeeds && values.add(query.selectSeeds);
    if (!seeds) return ask('values', VALUED, bySetting('count(*) AS n, sum(value) AS total'), values);
    const part = (name: string, of: string): string =>
      `count(*) FILTER (WHERE ${of}) AS ${name}n, coalesce(sum(value) FILTER (WHERE ${of}), 0) AS ${name}total`;
    const chosen = `seed = ANY (${seeds})`;
    return ask('values', SELECTED, bySetting(`${part('', `NOT ${chosen}`)}, ${part('s', chosen)}`), values);
  };
  const diverged = async (wanted: Wanted) => {
    const values = new Values();
    const { own, among } = countedValues(query, wanted, values);
    const team = values.add(query.teamId);
    // Of a configuration that has a value too, which takes one of the two to be trained again, the value counts.
    const twin = (more: string): string =>
      `EXISTS (SELECT FROM run_metric s WHERE ${own} AND s.setting_id = q.setting_id AND s.seed = q.seed ${more})`;
    return ask(
      'diverged',
      { id: 'int4', n: 'int4' },
      `SELECT q.setting_id AS id, count(DISTINCT q.seed) AS n FROM run q
       WHERE q.team_id = ${team} AND q.diverged ${among('q.setting_id')}
         AND NOT ${twin('AND s.duplicate')} AND NOT (q.duplicate AND ${twin('')})
       GROUP BY q.setting_id`,
      values,
    );
  };
  // The settings of a filter are found first: joined to each statement they would be looked for in each.
  const found = all();
  const wanted = hasConditions(query.where) ? (await found).id : undefined;
  let counted: ReturnType<typeof countsOfSettings> | undefined;
  const count = (): NonNullable<typeof counted> => {
    counted ??= countsOfSettings(db, query, wanted);
    return counted;
  };
  let listed: Promise<readonly SettingCounts[]> | undefined;
  // Whoever asks for them meets its error.
  if (query.counting) count().catch(() => {});
  const [{ id: ids }, some, out] = await Promise.all([found, valued(wanted), diverged(wanted)]);
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
      listed ??= count().then((byId) => Array.from(ids, (id) => byId.get(id) ?? NONE));
      return listed;
    },
  };
}

const STATES = {
  id: 'int4',
  runs: 'int4',
  configurations: 'int4',
  diverged: 'int4',
  failed: 'int4',
  done: 'int4',
  valued: 'int4',
} as const;

/**
 * Counts of runs by setting, from indexes alone: a run without a value is one of those that are done, did not diverge and are not among
 * the values. Only where several runs are of one configuration each of these is looked at, to say which counts.
 */
async function countsOfSettings(
  db: Db,
  query: SettingQuery,
  wanted: Wanted,
): Promise<ReadonlyMap<number, SettingCounts>> {
  const values = new Values();
  const { bySetting, among } = countedValues(query, wanted, values);
  const count = (condition: string): string => `count(*) FILTER (WHERE ${condition})`;
  const several = 'AND r.setting_id = ANY (ARRAY (SELECT id FROM counted WHERE configurations < runs))';
  const { rows } = await db.pool.query({
    text: `/* settingRows counts */ WITH counted AS MATERIALIZED (
        SELECT q.setting_id AS id, count(*) AS runs, count(DISTINCT q.seed) AS configurations,
          ${count("q.status = 'DONE' AND q.diverged")} AS diverged, ${count("q.status = 'FAILED'")} AS failed, ${count("q.status = 'DONE'")} AS done
        FROM run q WHERE q.team_id = ${values.add(query.teamId)} ${among('q.setting_id')} GROUP BY q.setting_id)
      SELECT (SELECT ${pack(STATES)} FROM (
          SELECT c.*, coalesce(v.valued, 0) AS valued FROM counted AS c LEFT JOIN (${bySetting('count(*) AS valued')}) AS v USING (id)) AS p) AS packed,
        (SELECT json_agg(p) FROM (${countedRuns(query, values, several)}) AS p) AS several`,
    values: values.list,
  });
  const states = unpack(rows[0].packed, STATES);
  const found = new Map<number, SettingCounts>();
  states.id.forEach((id, i) => {
    const [diverged, failed, done] = [states.diverged[i]!, states.failed[i]!, states.done[i]!];
    const withoutValue = done - diverged - states.valued[i]!;
    const unfinished = states.runs[i]! - done - failed;
    found.set(id, { diverged, failed, unfinished, withoutValue, duplicates: 0 });
  });
  for (const row of (rows[0].several ?? []) as RunsOfSetting[]) found.set(row.id, row);
  return found;
}

const NONE: SettingCounts = { diverged: 0, failed: 0, unfinished: 0, withoutValue: 0, duplicates: 0 };
