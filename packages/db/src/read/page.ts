import type { Db } from '../open.ts';
import { compileFilter, type RunFilter, Values } from './filter.ts';

/** What a list of runs may be ordered by. */
export const ORDER_SQL = {
  CREATED_AT: 'r.created_at',
  STARTED_AT: 'r.started_at',
  ENDED_AT: 'r.ended_at',
  KEY: 'r.key',
  STATUS: 'r.status::text',
  DATASET: '(SELECT name FROM dataset WHERE id = r.dataset_id)',
  MODEL: 'r.model',
  WIDTH: 'r.width',
  BATCH_SIZE: 'r.batch_size',
  BASE_LEARNING_RATE: 'r.base_learning_rate',
  WARM_UP: 'r.warm_up',
  MOMENTUM: 'r.momentum',
  WEIGHT_DECAY: 'r.weight_decay',
  BATCH_NORM: 'r.batch_norm',
  BN_BATCH: 'r.bn_batch',
  AUGMENTATION: 'r.augmentation',
  SEED: 'r.seed',
  QUEUE: 'r.queue_rank',
} as const;
export type OrderField = keyof typeof ORDER_SQL;
/** Where absent values come last, which no index is in the order of. */
const NULLABLE = new Set<OrderField>(['STARTED_AT', 'ENDED_AT', 'BN_BATCH']);
export interface Order {
  readonly field: OrderField;
  readonly direction: 'ASC' | 'DESC';
}

export interface PageQuery {
  readonly teamId: string;
  readonly where?: RunFilter | null;
  readonly order: readonly Order[];
  /** Runs to return; one more tells whether there are others. */
  readonly count: number;
  /** Backwards from the end, or from `from`. */
  readonly backwards: boolean;
  /** Values of the order's fields and the id of the run after (before) which the page begins. */
  readonly from?: readonly unknown[];
  /** A page of each of these sweeps, in one statement. */
  readonly sweepIds?: readonly string[];
}

export interface PageRow {
  readonly id: string;
  readonly sweepId: string | null;
  /** Values of the order's fields, as texts that compare equal when sent back, then the id. */
  readonly cursor: readonly unknown[];
}

/** Keyset paging: the place of a run in the order does not move when others arrive. Absent values come last. */
export async function runPage(db: Db, query: PageQuery): Promise<PageRow[]> {
  const values = new Values();
  const flip = (direction: 'ASC' | 'DESC') =>
    query.backwards ? (direction === 'ASC' ? 'DESC' : 'ASC') : direction;
  const keys = [
    ...query.order.map(({ field, direction }) => ({
      sql: ORDER_SQL[field] as string,
      direction,
      nullable: NULLABLE.has(field),
    })),
    // The id goes the way of the first field: then one index, read forwards or backwards, has the whole order.
    { sql: 'r.id', direction: query.order[0]?.direction ?? 'ASC', nullable: false },
  ];
  const nulls = query.backwards ? 'FIRST' : 'LAST';
  const orderBy = keys
    .map(({ sql, direction, nullable }) => `${sql} ${flip(direction)}${nullable ? ` NULLS ${nulls}` : ''}`)
    .join(', ');
  const where = compileFilter(query.where, query.teamId, values);
  let after = 'true';
  const oneWay = keys.every(({ direction, nullable }) => direction === keys[0]!.direction && !nullable);
  if (query.from && oneWay) {
    const place = keys.map((_, i) => values.add(query.from![i] ?? null)).join(', ');
    after = `(${keys.map(({ sql }) => sql).join(', ')}) ${flip(keys[0]!.direction) === 'ASC' ? '>' : '<'} (${place})`;
  } else if (query.from) {
    const given = query.from;
    const terms = keys.map(({ sql, direction, nullable }, i) => {
      const value = given[i] ?? null;
      const equal = keys
        .slice(0, i)
        .map(({ sql: before }, j) => `${before} IS NOT DISTINCT FROM ${values.add(given[j] ?? null)}`);
      const operator = flip(direction) === 'ASC' ? '>' : '<';
      let beyond: string;
      if (value === null) beyond = query.backwards ? `${sql} IS NOT NULL` : 'false';
      else if (!nullable) beyond = `${sql} ${operator} ${values.add(value)}`;
      else
        beyond = query.backwards
          ? `${sql} ${operator} ${values.add(value)}`
          : `(${sql} ${operator} ${values.add(value)} OR ${sql} IS NULL)`;
      return `(${[...equal, beyond].join(' AND ')})`;
    });
    after = `(${terms.join(' OR ')})`;
  }
  const cursor = `json_build_array(${keys.map(({ sql }) => `(${sql})::text`).join(', ')})`;
  const limit = values.add(query.count + 1);
  const one = (sweepId: string, join: string) =>
    `SELECT r.id, ${sweepId} AS "sweepId", ${cursor} AS cursor FROM run r ${join} WHERE ${where} AND ${after} ORDER BY ${orderBy} LIMIT ${limit}`;
  const text = query.sweepIds
    ? `/* runPage of sweeps */ SELECT p.* FROM unnest(${values.add(query.sweepIds)}::uuid[]) AS q (id) CROSS JOIN LATERAL (${one('q.id', 'JOIN cell c ON c.run_id = r.id AND c.sweep_id = q.id')}) AS p`
    : `/* runPage */ ${one('NULL', '')}`;
  return (await db.pool.query({ text, values: values.list })).rows;
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
