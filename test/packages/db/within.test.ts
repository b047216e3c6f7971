import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, stopReason, type Work, within } from '@smallbatch/db';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../../database.ts';

const database = await testDatabase();

/** Holds run locked against everybody, until it is told to let go. */
async function lockRuns(): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  onTestFinished(() => holder.end().catch(() => {}));
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE run IN ACCESS EXCLUSIVE MODE');
  return () => holder.query('ROLLBACK').then(() => {});
}
const waiting = async (): Promise<number> =>
  (
    await database.asOwner(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
  ).length;
async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await what()); await sleep(20))
    if (Date.now() > end) throw new Error('it never came to it');
}
function request(): { controller: AbortController; work: Work } {
  const controller = new AbortController();
  return { controller, work: { signal: controller.signal, statements: 0 } };
}
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

const asks: [string, (db: Db) => Promise<unknown>][] = [
  ['named SQL', (db) => db.pool.query('/* slow */ SELECT count(*) FROM run')],
  ['Prisma', async (db) => await db.prisma.run.count()],
  [
    'a client of a transaction',
    async (db) => {
      const client = await db.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query('/* slow */ SELECT count(*) FROM run');
      } finally {
        await client.query('ROLLBACK');
        client.release();
      }
    },
  ],
];

test.each(asks)(
  'a statement of %s that waits is cancelled in PostgreSQL with its request, and the error says why',
  async (_name, ask) => {
    const db = await database.open();
    const unlock = await lockRuns();
    for (const reason of ['CLIENT_GONE', 'TIMEOUT'] as const) {
      const { controller, work } = request();
      const failed = failure(within(work, () => ask(db)));
      await until(async () => (await waiting()) === 1);
      controller.abort(reason);
      await until(async () => (await waiting()) === 0);
      expect(stopReason(await failed)).toBe(reason);
      expect(work.statements).toBe(1);
      const after = await failure(within(work, () => ask(db)));
      expect(stopReason(after)).toBe(reason);
      expect(work.statements).toBe(1);
    }
    await unlock();
    await ask(db);
    await db.close();
  },
);

test('a statement outside of any request, or of one without a signal, is left to its end', async () => {
  const db = await database.open({ poolSize: 2 });
  const unlock = await lockRuns();
  const { controller, work } = request();
  const stopped = failure(within(work, () => db.pool.query('/* a */ SELECT count(*) FROM run')));
  const outside = db.pool.query('/* b */ SELECT 1 FROM run LIMIT 1');
  const unsignalled = { statements: 0 };
  // Waits for a connection, and is given it in the context of the request that lets go of one.
  const queued = within(unsignalled, () => db.pool.query('/* c */ SELECT 1 FROM run LIMIT 1'));
  await until(async () => (await waiting()) === 2);
  controller.abort('CLIENT_GONE');
  expect(stopReason(await stopped)).toBe('CLIENT_GONE');
  await until(async () => (await waiting()) === 2);
  await unlock();
  await Promise.all([outside, queued]);
  expect(unsignalled.statements).toBe(1);
  expect(work.statements).toBe(1);
  await db.close();
});

test('a cancellation never meets the next statement of the same connection', async () => {
  const db = await database.open({ poolSize: 1 });
  let [ended, cut] = [0, 0];
  for (let i = 0; i < 200 || (Math.min(ended, cut) < 10 && i < 2_000); i++) {
    const victim = request();
    const bystander = request();
    const answer = failure(within(victim.work, () => db.pool.query('/* victim */ SELECT pg_sleep(0.003)')));
    const next = within(bystander.work, () => db.pool.query('/* bystander */ SELECT pg_sleep(0.01)'));
    // About when the statement ends: the cancellation is on its way while the connection is wanted by the next.
    await sleep(1 + (i % 5));
    victim.controller.abort('CLIENT_GONE');
    if (await answer) cut++;
    else ended++;
    await next;
  }
  // Both ways of the race were met.
  expect(ended).toBeGreaterThanOrEqual(10);
  expect(cut).toBeGreaterThanOrEqual(10);
  await db.close();
});

test("look-ups that Prisma sends together survive the end of another one's request", async () => {
  const db = await database.open();
  const unlock = await lockRuns();
  const gone = request();
  const stays = request();
  const id = '00000000-0000-7000-8000-000000000000';
  const look = async () => await db.prisma.run.findUnique({ where: { id } });
  const first = failure(within(gone.work, look));
  const second = within(stays.work, look);
  await until(async () => (await waiting()) > 0);
  gone.controller.abort('CLIENT_GONE');
  expect(stopReason(await first)).toBe('CLIENT_GONE');
  await until(async () => (await waiting()) > 0);
  await unlock();
  expect(await second).toBeNull();
  await db.close();
});
