import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, ensureLocalOwner, type OpenOptions, openDb } from '@smallbatch/db';
import pg from 'pg';

export interface TestDatabase {
  /** As the tables' owner; openDb acts as smallbatch_app over it. */
  url: string;
  /** Opens it; closed by itself when it is dropped. */
  open(options?: Omit<OpenOptions, 'url'>): Promise<Db>;
  /** Opens it with the local team and its owner in it. */
  openOwned(): Promise<{ db: Db; teamId: string; memberId: string; accountId: string }>;
  /** Runs SQL as the tables' owner, past the application's role. */
  asOwner<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    values?: unknown[],
  ): Promise<Row[]>;
  /** Drops it. Fails when connections are still open. */
  drop(): Promise<void>;
}

function server(): string {
  const url = process.env.SMALLBATCH_TEST_SERVER;
  if (!url)
    throw new Error('missing test server: run the tests by their configuration (it has the global set-up)');
  return url;
}

async function administer<Row extends pg.QueryResultRow>(
  sql: string,
  values: unknown[] = [],
  url = server(),
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** A database of one's own, copied from the migrated template (about 60 ms), or with nothing in it. Whoever makes it drops it. */
export async function copyTemplate(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const template = options.migrated === false ? 'template0' : process.env.SMALLBATCH_TEST_TEMPLATE;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const at = new URL(server());
  at.pathname = `/${name}`;
  const opened: Db[] = [];
  let dropped = false;

  const open = async (more: Omit<OpenOptions, 'url'> = {}) => {
    const db = await openDb({ url: at.href, ...more });
    opened.push(db);
    return db;
  };
  const drop = async () => {
    if (dropped) return;
    dropped = true;
    await Promise.all(opened.map((db) => db.close()));
    let left: { application_name: string; query: string; state: string }[] = [];
    // A closed connection takes a moment to leave the server's list.
    for (let tries = 0; tries < 40; tries++) {
      left = await administer(
        "SELECT application_name, query, state FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
        [name],
      );
      if (left.length === 0) break;
      await sleep(50);
    }
    await administer(`DROP DATABASE ${name} WITH (FORCE)`);
    if (left.length > 0) {
      throw new Error(`${left.length} connections were left open after the file: ${JSON.stringify(left)}`);
    }
  };
  return {
    url: at.href,
    open,
    openOwned: async () => {
      const db = await open();
      return { db, ...(await ensureLocalOwner(db)) };
    },
    asOwner: (sql, values = []) => administer(sql, values, at.href),
    drop,
  };
}
