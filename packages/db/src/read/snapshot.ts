import type { Db } from '../open.ts';
import type { Sql } from '../transaction.ts';
import { compileFilter, type RunFilter, Values } from './filter.ts';
import { type Order, orderSql } from './page.ts';

export interface ExportQuery {
  readonly teamId: string;
  readonly where?: RunFilter | null;
  /** By creation unless said; ties go on to the id. */
  readonly order?: readonly Order[];
  /** Ends everything at once, also a statement that runs. */
  readonly signal: AbortSignal;
}

/** The database as it was at one moment, for as long as it takes to read it. */
export interface Snapshot {
  readonly sql: Sql;
  readonly time: Date;
  /** Ids of the runs of the filter, in order, `count` at a time; none when all were told. */
  next(count: number): Promise<string[]>;
}

/**
 * Reads all runs of a filter from one snapshot, however many arrive meanwhile. A cursor over their ids evaluates the filter once;
 * what belongs to the runs is then read by id, a page at a time, so that neither side holds more than a page.
 */
export async function* fromSnapshot<T>(
  db: Db,
  query: ExportQuery,
  body: (snapshot: Snapshot) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  query.signal.throwIfAborted();
  const client = await db.pool.connect();
  let lost = false;
  // A connection that is closed ends its transaction; the server notices within a second, where its platform can.
  const abort = (): void => {
    if (lost) return;
    lost = true;
    client.release(true);
  };
  query.signal.addEventListener('abort', abort);
  try {
    query.signal.throwIfAborted();
    await client.query('/* watchClient */ SET client_connection_check_interval = 1000').catch((error) => {
      if (lost) throw error;
    });
    await client.query('/* snapshot */ BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ now: Date }>('/* snapshotTime */ SELECT now()');
    let declared = false;
    yield* body({
      sql: client,
      time: rows[0]!.now,
      async next(count) {
        if (!declared) await client.query(cursor(query));
        declared = true;
        const found = await client.query<string[]>({
          text: `/* exportNext */ FETCH ${Math.trunc(count)} FROM chosen`,
          rowMode: 'array',
        });
        return found.rows.map(([id]) => id!);
      },
    });
  } catch (error) {
    query.signal.throwIfAborted();
    throw error;
  } finally {
    query.signal.removeEventListener('abort', abort);
    if (!lost) {
      const ended = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      if (!lost) client.release(!ended);
      lost = true;
    }
  }
}

function cursor({ where, teamId, order = [] }: ExportQuery): { text: string; values: unknown[] } {
  const values = new Values();
  const condition = compileFilter(where, teamId, values);
  const keys: readonly Order[] = order.length > 0 ? order : [{ field: 'CREATED_AT', direction: 'ASC' }];
  const { joins, orderBy } = orderSql(keys, teamId, values);
  return {
    text: `/* exportCursor */ DECLARE chosen NO SCROLL CURSOR FOR SELECT r.id FROM run r ${joins} WHERE ${condition} ORDER BY ${orderBy}`,
    values: values.list,
  };
}
