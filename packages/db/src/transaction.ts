import pg from 'pg';
import type { Db } from './open.ts';

/** Anything that runs SQL: the pool, or a client inside a transaction. */
export type Sql = Pick<pg.Pool, 'query'>;

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';

/** Who acts, and how: what the log of events says beside what has changed. */
export interface Acting {
  readonly memberId: string;
  readonly doing?: string;
}

/** The same database, whose transactions say who acts. */
export const acting = (db: Db, as: Acting): Db => ({ ...db, acting: as });

/** Said in the same message as BEGIN, so it costs no journey; it ends with the transaction. */
function begin(as: Acting | undefined): string {
  if (!as) return 'BEGIN';
  const member = pg.escapeLiteral(as.memberId);
  return `BEGIN; SET LOCAL smallbatch.member = ${member}; SET LOCAL smallbatch.doing = ${pg.escapeLiteral(as.doing ?? '')}`;
}

/**
 * Runs `body` in one transaction. A serialisation failure, a deadlock, or another transaction that took a unique place first
 * makes it run again, at most three times in all: the next look finds what the other has written.
 */
export const transaction = <T>(db: Db, body: (sql: pg.PoolClient) => Promise<T>): Promise<T> =>
  again(async () => {
    const client = await db.pool.connect();
    try {
      await client.query(begin(db.acting));
      const result = await body(client);
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      const rolledBack = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
      client.release(!rolledBack);
      throw error;
    }
  });

/** The same for what is one statement, and so a transaction by itself. */
export async function again<T>(body: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await body();
    } catch (error) {
      const { code } = error as { code?: string };
      if (attempt < 3 && (code === SERIALIZATION_FAILURE || code === DEADLOCK || code === UNIQUE_VIOLATION))
        continue;
      throw error;
    }
  }
}
