import type pg from 'pg';
import type { Db } from '../open.ts';
import type { Sql } from '../transaction.ts';

type Query = (...given: unknown[]) => Promise<unknown>;

/** Which statements are of the deed: all, or only those of its transactions, so that what is counted beside it stays when it fails. */
export interface DeedOptions {
  readonly of: 'everything' | 'transactions';
}

/**
 * Does several things in one transaction: `body` is given a database whose statements and transactions are all of it, and `tell`,
 * to write down with them what was done. It begins with the first of them. What `body` throws undoes everything. Only the named SQL is
 * of it: Prisma reads beside it, and does not see yet what it has written.
 */
export async function inOneTransaction<T>(
  db: Db,
  { of }: DeedOptions,
  body: (db: Db, sql: Sql) => Promise<T>,
): Promise<T> {
  let opened: Promise<pg.PoolClient> | undefined;
  const open = (): Promise<pg.PoolClient> => {
    opened ??= db.pool.connect().then(async (client) => {
      try {
        await client.query('BEGIN');
      } catch (error) {
        client.release(true);
        throw error;
      }
      return client;
    });
    return opened;
  };
  // One after the other: savepoints lie within each other.
  let last: Promise<unknown> = Promise.resolve();
  const lock = (): Promise<() => void> => {
    const before = last;
    let free: () => void = () => {};
    last = new Promise<void>((done) => {
      free = done;
    });
    return before.then(() => free);
  };
  const query: Query = async (...given) => {
    const free = await lock();
    try {
      const client = await open();
      await client.query('SAVEPOINT one');
      try {
        const result = await (client.query as Query)(...given);
        await client.query('RELEASE SAVEPOINT one');
        return result;
      } catch (error) {
        await client.query('ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one');
        throw error;
      }
    } finally {
      free();
    }
  };
  const connect = async (): Promise<pg.PoolClient> => {
    const free = await lock();
    try {
      return within(await open(), free);
    } catch (error) {
      free();
      throw error;
    }
  };
  // What others are told of is there by then.
  const told: (() => void)[] = [];
  const pool = { query: of === 'everything' ? query : db.pool.query.bind(db.pool), connect };
  const deed: Db = {
    ...db,
    pool: pool as unknown as pg.Pool,
    changed: (...given) => void told.push(() => db.changed(...given)),
    notify: (...given) => void told.push(() => db.notify(...given)),
  };
  let done = false;
  try {
    const result = await body(deed, { query } as unknown as Sql);
    await last;
    const client = await opened;
    await client?.query('COMMIT');
    done = true;
    client?.release();
    for (const one of told) one();
    return result;
  } catch (error) {
    const client = done ? undefined : await opened?.catch(() => undefined);
    const undone = await client?.query('ROLLBACK').then(
      () => true,
      () => false,
    );
    client?.release(!undone);
    throw error;
  }
}

/** The connection of the deed for a transaction of its own, which becomes a part of it. */
function within(client: pg.PoolClient, free: () => void): pg.PoolClient {
  const query: Query = (...given) => {
    const [first, ...rest] = given;
    if (typeof first !== 'string') return (client.query as Query)(...given);
    const text = first
      .replace(/^BEGIN\b/, 'SAVEPOINT inner_one')
      .replace(/^COMMIT$/, 'RELEASE SAVEPOINT inner_one')
      .replace(/^ROLLBACK$/, 'ROLLBACK TO SAVEPOINT inner_one; RELEASE SAVEPOINT inner_one');
    return (client.query as Query)(text, ...rest);
  };
  return Object.assign(Object.create(client), { query, release: free }) as pg.PoolClient;
}
