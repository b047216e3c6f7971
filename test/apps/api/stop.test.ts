import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { program } from '../cli/smallbatch.ts';

const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
});

async function start(
  env: Record<string, string>,
): Promise<{ child: ChildProcess; url: string; said: () => string }> {
  const child = spawn(process.execPath, program('api'), {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  started.push(child);
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (said += chunk));
  const [message] = (await once(child, 'message')) as [{ listening: string }];
  return { child, url: message.listening, said: () => said };
}

const ask = (url: string, query: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });

test('an API that is told to stop ends what is in flight, takes nothing new, and is gone in the time that it has', async () => {
  const database = await testDatabase();
  const own = await database.openOwned();
  const { child, url, said } = await start({ DATABASE_URL: database.url, SMALLBATCH_STOP_SECONDS: '5' });
  // A token is made once nobody holds its table.
  const holder = await own.db.pool.connect();
  await holder.query('BEGIN');
  await database.asOwner('SELECT 1');
  await holder.query('SELECT pg_advisory_xact_lock(1)');
  await database.asOwner(
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
     CREATE TRIGGER wait BEFORE INSERT ON token FOR EACH ROW EXECUTE FUNCTION wait()`,
  );
  const inFlight = ask(url, 'mutation { createToken(name: "in flight", scopes: [READ]) { __typename } }');
  await expect
    .poll(
      async () =>
        (await database.asOwner("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length,
    )
    .toBe(1);
  const since = performance.now();
  child.kill('SIGTERM');
  await expect
    .poll(() =>
      ask(url, '{ __typename }').then(
        ({ status }) => status,
        () => 'refused',
      ),
    )
    .toBe('refused');
  await holder.query('COMMIT');
  holder.release();
  const answer = await inFlight;
  expect([answer.status, (await answer.json()) as unknown]).toMatchObject([
    200,
    { data: { createToken: { __typename: 'CreateTokenSuccess' } } },
  ]);
  const [code] = await once(child, 'exit');
  expect([code, performance.now() - since < 7_000]).toEqual([0, true]);
  expect(said()).toMatch(/^\{"level":30,.*"listening"/m);
});

test('an API whose requests do not end is gone all the same', async () => {
  const database = await testDatabase();
  const own = await database.openOwned();
  const { child, url } = await start({ DATABASE_URL: database.url, SMALLBATCH_STOP_SECONDS: '0.5' });
  const holder = await own.db.pool.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT pg_advisory_xact_lock(1)');
  await database.asOwner(
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
     CREATE TRIGGER wait BEFORE INSERT ON token FOR EACH ROW EXECUTE FUNCTION wait()`,
  );
  const inFlight = ask(url, 'mutation { createToken(name: "stuck", scopes: [READ]) { __typename } }').catch(
    () => 'cut',
  );
  await expect
    .poll(
      async () =>
        (await database.asOwner("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length,
    )
    .toBe(1);
  const since = performance.now();
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(performance.now() - since).toBeLessThan(4_000);
  expect(await inFlight).toBe('cut');
  await holder.query('ROLLBACK');
  holder.release();
});

test.each([
  [{ LOG_LEVEL: 'loud' }, 'invalid LOG_LEVEL "loud": one of trace'],
  [{ SMALLBATCH_STOP_SECONDS: 'soon' }, 'invalid SMALLBATCH_STOP_SECONDS "soon": seconds'],
  [{ SMALLBATCH_METRICS_LISTEN: '9464' }, 'invalid SMALLBATCH_METRICS_LISTEN "9464": ADDRESS:PORT'],
])('an API with %o says what is wrong, and does not start', async (env, message) => {
  const child = spawn(process.execPath, program('api'), {
    env: { ...process.env, DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/x', ...env },
  });
  started.push(child);
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([1, expect.stringContaining(message)]);
});
