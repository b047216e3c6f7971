import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Db,
  type Embedded,
  ensureLocalOwner,
  migrate,
  missingForSpeed,
  openDb,
  startEmbedded,
} from '@smallbatch/db';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8');
const SQL = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql!);

const home = mkdtempSync(join(tmpdir(), 'smallbatch-external-'));
const servers: Embedded[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop();
  rmSync(home, { recursive: true, force: true });
});

/** Another PostgreSQL, on which a superuser has run what the documentation says; the address of its user, and a way to run more. */
async function prepared(sql: string): Promise<{ url: string; asSuperuser(sql: string): Promise<void> }> {
  const server = await startEmbedded({ home: join(home, String(servers.length)), temporary: true });
  servers.push(server);
  const superuser = new URL(server.url);
  superuser.pathname = '/postgres';
  const asSuperuser = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: superuser.href });
    await client.connect();
    for (const statement of sql.split(';')) if (statement.trim()) await client.query(statement);
    await client.end();
  };
  // The one of `up` has the name that is wanted.
  await asSuperuser(`DROP DATABASE smallbatch; ${sql}`);
  superuser.pathname = '/smallbatch';
  const url = new URL(server.url);
  [url.username, url.password] = ['smallbatch', 'change-me'];
  return { url: url.href, asSuperuser };
}

test.each([
  ['with CREATEROLE', 0],
  ['without CREATEROLE, where a superuser has made the roles', 1],
])('a user who is no superuser, %s, starts, works, and starts again', async (_what, block) => {
  expect(SQL).toHaveLength(3);
  const { url, asSuperuser } = await prepared(SQL[block]!);
  expect((await migrate(url)).applied.length).toBeGreaterThan(5);
  expect(await migrate(url)).toEqual({ applied: [] });
  let db: Db | undefined;
  try {
    db = await openDb({ url });
    const { rows } = await db.pool.query(
      'SELECT current_user AS role, session_user AS "user", (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS super',
    );
    expect(rows).toEqual([{ role: 'smallbatch_app', user: 'smallbatch', super: false }]);
    expect(await ensureLocalOwner(db)).toHaveProperty('teamId');
    await expect(db.pool.query('DROP TABLE run')).rejects.toThrow('must be owner');
    expect(await missingForSpeed(db.pool)).toHaveLength(4);
    await asSuperuser(SQL[2]!);
    expect(await missingForSpeed(db.pool)).toEqual([]);
  } finally {
    await db?.close();
  }
});

/** Stands between as a pooler that connections ask in vain for their role. Gives the address to come by. */
async function withoutRole(url: string): Promise<{ url: string; stop(): void }> {
  const target = new URL(url);
  const { hostname } = target;
  const port = Number(target.port);
  const server = createServer((client) => {
    const database = connect(port, hostname);
    client.once('data', (start) => {
      const text = start.toString('latin1');
      const other = text.replace('role=smallbatch_app', 'role=none'.padEnd('role=smallbatch_app'.length));
      database.write(Buffer.from(other, 'latin1'));
      client.pipe(database).pipe(client);
    });
    for (const socket of [client, database]) socket.on('error', () => client.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  target.port = String((server.address() as { port: number }).port);
  return { url: target.href, stop: () => server.close() };
}

test('connections that do not act as the application’s role, whoever dropped that, are refused', async () => {
  const { url } = await prepared(SQL[0]!);
  await migrate(url);
  const between = await withoutRole(url);
  const refused = await openDb({ url: between.url }).catch((error) => error);
  expect(refused).toMatchObject({
    name: 'DatabaseProblem',
    code: 'MISSING_ROLE',
    message: expect.stringContaining('connections act as "smallbatch", though they asked for smallbatch_app'),
  });
  between.stop();
});
