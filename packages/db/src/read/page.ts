import type { Db } from '../open.ts';
import type { MetricValue } from './axes.ts';
import {
  ID_PART,
  metricValues,
  ORDERS,
  type OrderField,
  type Part,
  paramParts,
  paramValue,
} from './fields.ts';
import { compileFilter, type RunFilter, Values } from './filter.ts';

/** One thing that runs are ordered by; ties go on to the next, and at last to the id. */
export type Order = { readonly direction: 'ASC' | 'DESC' } & (
  | { readonly field: OrderField }
  | { readonly metric: { readonly name: string; readonly value: MetricValue } }
  | { readonly param: string }
);

export interface PageQuery {
  readonly teamId: string;
  readonly where?: RunFilter | null;
  readonly order: readonly Order[];
  /** Runs to return; one more tells whether there are others. */
  readonly count: number;
  /** Backwards from the end, or from `from`. */
  readonly backwards: boolean;
  /** The place of the run after (before) which the page begins. */
  readonly from?: readonly unknown[];
  /** Runs to leave out before the page: a far place of a long list, without reading the pages up to it. */
  readonly skip?: number;
  /** A page of each of these sweeps, in one statement. */
  readonly sweepIds?: readonly string[];
}

export interface PageRow {
  readonly id: string;
  readonly sweepId: string | null;
  /** Values of the order's keys, as texts that compare equal when sent back, then the id. */
  readonly cursor: readonly unknown[];
}

type Key = Part & { readonly direction: 'ASC' | 'DESC' };

/** An order as keys over a run `r`, and the joins that they need. */
function keysOf(
  order: readonly Order[],
  teamId: string,
  values: Values,
  ofSweeps: boolean,
): { keys: Key[]; joins: string } {
  const joins: string[] = [];
  const join = (sql: (alias: string) => string): string => {
    const alias = `o${joins.length}`;
    joins.push(sql(alias));
    return alias;
  };
  const partsOf = (one: Order): readonly Part[] => {
    if ('field' in one) {
      return (ORDERS[one.field] as readonly Part[]).map((part) => {
        const { named, sql } = part;
        if (!named) return part;
        const alias = join((o) => `LEFT JOIN ${named.table} ${o} ON ${o}.id = ${sql}`);
        return { ...part, sql: `${alias}.${named.name} COLLATE "C"` };
      });
    }
    if ('param' in one) {
      const name = values.add(one.param);
      // OFFSET 0: worked out once a run, although several keys are made of it.
      const alias = join(
        (o) => `LEFT JOIN LATERAL (SELECT ${paramValue(name)} AS json OFFSET 0) ${o} ON true`,
      );
      return paramParts(`${alias}.json`);
    }
    const { name, value } = one.metric;
    const [team, metric] = [values.add(teamId), values.add(name)];
    const alias = join(
      // Runs of a sweep are few of many: one by one. Of a team all are sorted.
      (o) =>
        `LEFT JOIN LATERAL (${metricValues(value, `${team}::uuid`, metric, ofSweeps ? 'r.id' : undefined)}) ${o} ON ${o}.run_id = r.id`,
    );
    return [{ sql: `${alias}.value`, type: 'float8', nullable: true }];
  };
  const keys = order.flatMap((one) =>
    partsOf(one).map((part): Key => ({ ...part, direction: one.direction })),
  );
  // The id goes the way of the first key: then one index, read forwards or backwards, has the whole order.
  keys.push({ ...ID_PART, direction: keys[0]?.direction ?? 'ASC' });
  return { keys, joins: joins.join(' ') };
}

/** The whole order of the runs of a filter, absent values last: its joins over a run `r`, and what is sorted by. */
export function orderSql(
  order: readonly Order[],
  teamId: string,
  values: Values,
): { joins: string; orderBy: string } {
  const { keys, joins } = keysOf(order, teamId, values, false);
  const orderBy = keys
    .map(({ sql, direction, nullable }) => `${sql} ${direction}${nullable ? ' NULLS LAST' : ''}`)
    .join(', ');
  return { joins, orderBy };
}

/** How a text of a cursor looks, by the type that it is sent back as. */
const LOOKS: Readonly<Record<Part['type'], (text: string) => boolean>> = {
  text: (text) => !text.includes('\0'),
  int8: (text) => /^-?\d{1,18}$/.test(text),
  // A number too large or too small for its type would fail the statement.
  float8: (text) =>
    /^-?Infinity$/.test(text) ||
    (/^-?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?$/.test(text) &&
      Number.isFinite(Number(text)) &&
      (Number(text) !== 0 || !/^-?[0.]*[1-9]/.test(text))),
  bool: (text) => /^(true|false)$/.test(text),
  timestamptz: (text) =>
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/.test(text) &&
    !Number.isNaN(Date.parse(text.replace(' ', 'T').replace('+00', 'Z'))),
  jsonb: () => false,
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
};

/** Whether these values can be a place in this order: a cursor comes back from outside. */
export function isPlace(order: readonly Order[], place: readonly unknown[]): boolean {
  const { keys } = keysOf(order, '', new Values(), false);
  return (
    place.length === keys.length &&
    keys.every(({ type, nullable }, i) => {
      const value = place[i];
      return value === null ? nullable : typeof value === 'string' && LOOKS[type](value);
    })
  );
}

/** Keyset paging: the place of a run in the order does not move when others arrive. Absent values come last, both ways. */
export async function runPage(db: Db, query: PageQuery): Promise<PageRow[]> {
  const values = new Values();
  const { keys, joins } = keysOf(query.order, query.teamId, values, query.sweepIds !== undefined);
  const way = ({ direction }: Key): 'ASC' | 'DESC' =>
    query.backwards ? (direction === 'ASC' ? 'DESC' : 'ASC') : direction;
  const nulls = query.backwards ? 'FIRST' : 'LAST';
  const orderBy = (of: (key: Key, i: number) => string) =>
    keys.map((key, i) => `${of(key, i)} ${way(key)}${key.nullable ? ` NULLS ${nulls}` : ''}`).join(', ');
  const where = compileFilter(query.where, query.teamId, values);
  const after = query.from ? beyond(keys, query.from, way, query.backwards, values) : 'true';
  const limit = values.add(query.count + 1);
  const offset = query.skip ? ` OFFSET ${values.add(query.skip)}` : '';
  const chosen = (join: string) =>
    `SELECT ${keys.map(({ sql }, i) => `${sql} AS k${i}`).join(', ')} FROM run r ${join} ${joins} WHERE ${where} AND ${after} ORDER BY ${orderBy(({ sql }) => sql)} LIMIT ${limit}${offset}`;
  // The texts of the cursors are made of the chosen runs alone, not of all that were sorted.
  const row = `p.k${keys.length - 1} AS id, json_build_array(${keys.map((_, i) => `p.k${i}::text`).join(', ')}) AS cursor`;
  const inOrder = orderBy((_, i) => `p.k${i}`);
  const text = query.sweepIds
    ? `/* runPage of sweeps */ SELECT ${row}, q.id AS "sweepId" FROM unnest(${values.add(query.sweepIds)}::uuid[]) AS q (id)
       CROSS JOIN LATERAL (${chosen('JOIN cell c ON c.run_id = r.id AND c.sweep_id = q.id')}) AS p ORDER BY ${inOrder}`
    : `/* runPage */ SELECT ${row}, NULL AS "sweepId" FROM (${chosen('')}) AS p ORDER BY ${inOrder}`;
  return (await db.pool.query({ text, values: values.list })).rows;
}

/** What comes after a place in an order. */
function beyond(
  keys: readonly Key[],
  from: readonly unknown[],
  way: (key: Key) => 'ASC' | 'DESC',
  backwards: boolean,
  values: Values,
): string {
  const place = keys.map(({ type }, i) => (from[i] === null ? null : `${values.add(from[i])}::${type}`));
  const operator = (key: Key) => (way(key) === 'ASC' ? '>' : '<');
  // One way and nothing absent: a comparison of rows, which an index can answer.
  if (keys.every((key) => key.direction === keys[0]!.direction && !key.nullable))
    return `(${keys.map(({ sql }) => sql).join(', ')}) ${operator(keys[0]!)} (${place.join(', ')})`;
  const terms = keys.map((key, i) => {
    const { sql, nullable } = key;
    const equal = keys
      .slice(0, i)
      .map((before, j) => `${before.sql} ${place[j] === null ? 'IS NULL' : `= ${place[j]}`}`);
    let further: string;
    // Absent values are the last: nothing comes after them, and backwards everything else does.
    if (place[i] === null) further = backwards ? `${sql} IS NOT NULL` : 'false';
    else {
      further = `${sql} ${operator(key)} ${place[i]}`;
      if (nullable && !backwards) further = `(${further} OR ${sql} IS NULL)`;
    }
    return `(${[...equal, further].join(' AND ')})`;
  });
  return `(${terms.join(' OR ')})`;
}

export async function countRuns(
  db: Db,
  teamId: string,
  where: RunFilter | null | undefined,
): Promise<number> {
  const values = new Values();
  const condition = compileFilter(where, teamId, values);
  return (
    await db.pool.query({
      text: `/* countRuns */ SELECT count(*) AS n FROM run r WHERE ${condition}`,
      values: values.list,
    })
  ).rows[0].n;
}

/** How many runs of each of these sweeps match, in one statement: sweep → number. */
export async function countRunsOfSweeps(
  db: Db,
  teamId: string,
  sweepIds: readonly string[],
  where: RunFilter | null | undefined,
): Promise<Map<string, number>> {
  const values = new Values();
  const sweeps = values.add(sweepIds);
  const condition = compileFilter(where, teamId, values);
  const { rows } = await db.pool.query({
    text: `/* countRuns of sweeps */ SELECT c.sweep_id AS id, count(*) AS n FROM cell c JOIN run r ON r.id = c.run_id
      WHERE c.sweep_id = ANY (${sweeps}::uuid[]) AND ${condition} GROUP BY c.sweep_id`,
    values: values.list,
  });
  return new Map(rows.map(({ id, n }) => [id, n]));
}

/** The sweeps that each of these runs answers a cell of, the oldest first, at most `most` of each: run → sweeps. */
export async function sweepsOfRuns(
  db: Db,
  runIds: readonly string[],
  most: number,
): Promise<Map<string, readonly string[]>> {
  const { rows } = await db.pool.query(
    `/* sweepsOfRuns */ SELECT q.id, ARRAY(SELECT s.id::text FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = q.id
       ORDER BY s.number LIMIT $2) AS sweeps FROM unnest($1::uuid[]) AS q (id)`,
    [runIds, most],
  );
  return new Map(rows.map(({ id, sweeps }) => [id, sweeps]));
}

/** Which of these metrics of a team have no goal, and so no best value. */
export async function withoutGoal(db: Db, teamId: string, names: readonly string[]): Promise<string[]> {
  const { rows } = await db.pool.query(
    `/* withoutGoal */ SELECT name FROM metric WHERE team_id = $1 AND name = ANY ($2) AND goal = 'NONE' ORDER BY name`,
    [teamId, names],
  );
  return rows.map(({ name }) => name);
}
