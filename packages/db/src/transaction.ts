import type pg from 'pg';
import type { Db } from './open.ts';

/** Anything that runs SQL: the pool, or a client inside a transaction. */
export type Sql = Pick<pg.Pool, 'query'>;

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';

/**
 * Runs `body` in one transaction. A serialisation failure, a deadlock, or another transaction that took a unique place first
 * makes it run again, at most three times in all: the next look finds what the other has written.
 */
export const transaction = <T>(db: Db, body: (sql: pg.PoolClient) => Promise<T>): Promise<T> =>
  again(async () => {
    const client = await db.pool.connect();
    try {
      await client.query('BEGIN');
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
