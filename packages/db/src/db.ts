import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/prisma/client.ts';

/** A database that cannot be used as it is: wrong URL, too old, not allowed. The message says what to do. */
export class DatabaseError extends Error {}

export interface DbOptions {
  readonly url: string;
  /** Most connections of this process. */
  readonly poolSize?: number;
}

/** One pool serves Prisma and the named SQL. All times are UTC, and the role is never the tables' owner. */
export interface Db {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  /** Calls back with the payloads of a channel, on a connection of its own that comes back by itself. */
  listen(channel: string, onPayload: (payload: string) => void): Promise<() => Promise<void>>;
  /** Sends a payload soon: equal ones within 100 ms are sent once, outside of any transaction. */
  notify(channel: string, payload: string): void;
  close(): Promise<void>;
}

/** Anything that runs SQL: the pool, or a client inside a transaction. */
export type Sql = Pick<pg.Pool, 'query'>;

// 64-bit integers come as numbers: nothing here passes 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const INT8_ARRAY = 1016;
pg.types.setTypeParser(INT8_ARRAY as number, (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number)));

const ROLE = 'smallbatch_app';
const NOTIFY_MS = 100;

export async function openDb({ url, poolSize = 16 }: DbOptions): Promise<Db> {
  const config: pg.PoolConfig = {
    connectionString: url,
    max: poolSize,
    options: `-c TimeZone=UTC -c role=${ROLE} -c statement_timeout=60000`,
    connectionTimeoutMillis: 10_000,
  };
  const pool = new pg.Pool(config);
  // A connection that dies idle (a restart of PostgreSQL) is replaced by the next query; it must not end the process.
  pool.on('error', () => {});
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });

  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const flush = async (): Promise<void> => {
    timer = undefined;
    const sent = [...pending].map((entry) => entry.split('\n'));
    pending.clear();
    if (sent.length === 0) return;
    const [channels, payloads] = [sent.map(([channel]) => channel), sent.map(([, payload]) => payload)];
    const text = '/* notify */ SELECT pg_notify(c, p) FROM unnest($1::text[], $2::text[]) AS t (c, p)';
    await pool.query(text, [channels, payloads]).catch(() => {});
  };

  return {
    prisma,
    pool,
    listen: (channel, onPayload) => listen(config, channel, onPayload),
    notify(channel, payload) {
      pending.add(`${channel}\n${payload}`);
      timer ??= setTimeout(flush, NOTIFY_MS);
    },
    async close() {
      if (timer) {
        clearTimeout(timer);
        await flush();
      }
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

async function listen(config: pg.ClientConfig, channel: string, onPayload: (payload: string) => void) {
  let client: pg.Client | undefined;
  let ended = false;
  const connect = async (): Promise<void> => {
    const next = new pg.Client({ ...config, connectionTimeoutMillis: 5000 });
    next.on('notification', ({ payload }) => onPayload(payload ?? ''));
    next.on('error', () => {});
    next.on('end', () => {
      if (!ended) setTimeout(() => connect().catch(() => {}), 500);
    });
    await next.connect();
    await next.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    if (ended) await next.end();
    client = next;
  };
  await connect();
  return async () => {
    ended = true;
    await client?.end().catch(() => {});
  };
}

/** Runs `body` in one transaction; a serialisation or deadlock error tries it again, at most three times. */
export async function transaction<T>(db: Db, body: (sql: pg.PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
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
      const code = (error as { code?: string }).code ?? '';
      if (attempt < 3 && ['40001', '40P01'].includes(code)) continue;
      throw error;
    }
  }
}
