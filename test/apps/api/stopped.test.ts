import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { addDataset } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

const patient = await testApi();
const hasty = await testApi({ readSeconds: 0.5 });
for (const { db, teamId } of [patient, hasty]) await addDataset(db, teamId);
const url = ({ api }: TestApi): string => `http://127.0.0.1:${api.port}/graphql`;
const ask = (own: TestApi, query: string, signal?: AbortSignal) =>
  fetch(url(own), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    ...(signal ? { signal } : {}),
  });

/** Holds a table against everybody until the test is over, or until it is told to let go. */
async function lock({ db }: TestApi, table: string): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: db.url });
  await holder.connect();
  const letGo = () => holder.end().catch(() => {});
  onTestFinished(letGo);
  await holder.query('BEGIN');
  await holder.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  return letGo;
}
const waiting = async ({ asOwner }: TestApi): Promise<number> =>
  (
    await asOwner(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'`,
    )
  ).length;
async function until(own: TestApi, count: number): Promise<void> {
  for (const end = Date.now() + 15_000; (await waiting(own)) !== count; await sleep(20))
    if (Date.now() > end) throw new Error(`${await waiting(own)} statements wait, not ${count}`);
}

test.each([
  ['by named SQL', '{ aggregate(by: [MODEL]) { runs } }'],
  ['by Prisma', '{ run(key: "a-1/1") { key } }'],
])('a query %s is cancelled in PostgreSQL when its client goes away', async (_name, query) => {
  await lock(patient, 'run');
  const leaving = new AbortController();
  const answer = ask(patient, query, leaving.signal).catch((error: Error) => error.name);
  await until(patient, 1);
  leaving.abort();
  await until(patient, 0);
  expect(await answer).toBe('AbortError');
});

test('a query by WebSocket is cancelled when its socket closes', async () => {
  const open = () =>
    createClient({ url: url(patient).replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
  await lock(patient, 'sweep');
  const one = open();
  const answer = one
    .iterate({ query: '{ sweeps { nodes { key } } }' })
    .next()
    .catch(() => {});
  await until(patient, 1);
  one.terminate();
  await until(patient, 0);
  await answer;

  await one.dispose();
});

test('a query that takes too long is stopped, and told so', async () => {
  await lock(hasty, 'run');
  const response = await ask(hasty, '{ aggregate(by: [MODEL]) { runs } datasets { name } }');
  const { errors } = (await response.json()) as {
    errors: { message: string; extensions: { code: string } }[];
  };
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['TIMEOUT']);
  expect(errors[0]!.message).toBe(
    'the database took too long and was stopped: ask for less at once, by a narrower filter or shorter pages',
  );
  expect(await waiting(hasty)).toBe(0);
  const prisma = await ask(hasty, '{ run(key: "a-1/1") { key } }');
  expect(JSON.stringify(await prisma.json())).toContain('"code":"TIMEOUT"');
});

test('a mutation is done to its end, however long it takes and whoever waits for it', async () => {
  const letGo = await lock(hasty, 'metric');
  const leaving = new AbortController();
  const answer = ask(
    hasty,
    'mutation { setMetricGoal(name: "test_accuracy", goal: MINIMISE) { __typename } }',
    leaving.signal,
  ).catch((error: Error) => error.name);
  await until(hasty, 1);
  leaving.abort();
  expect(await answer).toBe('AbortError');
  await sleep(1_000);
  expect(await waiting(hasty)).toBe(1);
  await letGo();
  await until(hasty, 0);
  const { data } = await hasty.ask('{ metrics { name goal } }');
  expect(data.metrics).toEqual([{ name: 'test_accuracy', goal: 'MINIMISE' }]);
});
