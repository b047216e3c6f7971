import {
  changeSweep,
  claimRuns,
  createSweep,
  finishRuns,
  heartbeat,
  type Report,
  reportMetrics,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const { asOwner } = database;
let dataset: { id: string; hash: string };
let worker: string;
beforeAll(async () => {
  dataset = await addDataset(db, owner.teamId);
  worker = await addWorker(db, owner);
});

let next = 0;
/** A sweep of n runs that share a step and are this test's alone. */
const sweepOf = async (n: number, given: Parameters<typeof newRun>[1] = {}) => {
  const bundleKey = `bundle ${next++}`;
  const cells = Array.from({ length: n }, (_, seed) => newRun(dataset.id, { bundleKey, seed, ...given }));
  const sweep = await createSweep(db, newSweep(owner, cells));
  return { ...sweep, cells };
};
const claim = (sweepId: string, max = 64, workerId = worker, leaseSeconds = 60) =>
  claimRuns(db, {
    teamId: owner.teamId,
    workerId,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max,
    leaseSeconds,
    sweepId,
  });
const report = (
  runId: string,
  attempt: number,
  sequence: number,
  steps: number[],
  values: number[],
): Report => ({
  runId,
  attempt,
  sequence,
  series: [{ metric: 'test_accuracy', steps, values }],
});
const send = (one: Report) => reportMetrics(db, owner.teamId, [one]);
const finish = (
  runId: string,
  attempt: number,
  outcome: 'DONE' | 'FAILED' | 'RELEASED' = 'DONE',
  sequence = 0,
) =>
  finishRuns(db, owner.teamId, [
    { runId, attempt, sequence, outcome, step: 10, samplesSeen: 20, deviceSeconds: 1 },
  ]);
const runRow = async (id: string) => (await asOwner('SELECT * FROM run WHERE id = $1', [id]))[0]!;
const summary = async (id: string) =>
  (await db.pool.query('SELECT * FROM run_metric WHERE run_id = $1', [id])).rows[0];

describe('a sweep', () => {
  test('that is created twice takes the runs of the first, and concurrent creations train nothing twice', async () => {
    const cells = Array.from({ length: 40 }, (_, seed) => newRun(dataset.id, { bundleKey: 'twice', seed }));
    const made = await Promise.all(Array.from({ length: 4 }, () => createSweep(db, newSweep(owner, cells))));
    expect(made.reduce((sum, { created }) => sum + created, 0)).toBe(40);
    expect(made.map(({ created, reused }) => created + reused)).toEqual([40, 40, 40, 40]);
    const again = await createSweep(db, newSweep(owner, cells, { reuse: false }));
    expect(again.created).toBe(40);
    const marked = await asOwner('SELECT count(*)::int AS n FROM run WHERE sweep_id = $1 AND duplicate', [
      again.id,
    ]);
    expect(marked[0]!.n).toBe(40);
  });

  test('when cancelled spares the runs that another sweep wants, and another claim never gets a cancelled one', async () => {
    const first = await sweepOf(4);
    const second = await createSweep(db, newSweep(owner, first.cells.slice(0, 2)));
    expect(second.reused).toBe(2);
    expect(await changeSweep(db, first.id, 'cancel')).toBe(2);
    const statuses = await asOwner('SELECT status FROM run WHERE sweep_id = $1 ORDER BY queue_rank', [
      first.id,
    ]);
    expect(statuses.map(({ status }) => status)).toEqual(['WAITING', 'WAITING', 'CANCELLED', 'CANCELLED']);
    expect((await claim(second.id)).length).toBe(2);
    expect(await changeSweep(db, first.id, 'retry')).toBe(2);
    expect((await claim(first.id)).length).toBe(2);
  });

  test('when paused is not claimed, tells its worker so, and goes on when resumed', async () => {
    const sweep = await sweepOf(3);
    const [one] = await claim(sweep.id, 1);
    expect(await changeSweep(db, sweep.id, 'pause')).toBe(2);
    expect(await claim(sweep.id)).toEqual([]);
    const beat = () =>
      heartbeat(db, {
        teamId: owner.teamId,
        workerId: worker,
        samplesPerSecond: 1,
        stopping: false,
        leaseSeconds: 60,
        runs: [{ runId: one!.runId, attempt: 1, step: 5, samplesSeen: 10 }],
      });
    expect((await beat())?.[0]?.command).toBe('PAUSE');
    await changeSweep(db, sweep.id, 'resume');
    expect((await beat())?.[0]?.command).toBe('CONTINUE');
    expect((await claim(sweep.id)).length).toBe(2);
  });

  test('of 100,000 cells is written down in one statement for every 5,000', async () => {
    const cells = Array.from({ length: 100_000 }, (_, seed) =>
      newRun(dataset.id, { bundleKey: 'large', seed }),
    );
    const start = performance.now();
    const sweep = await createSweep(db, newSweep(owner, cells));
    console.log(`100,000 cells written in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    expect(sweep.created).toBe(100_000);
    await changeSweep(db, sweep.id, 'cancel');
  });
});

describe('a claim', () => {
  test('gives each run to one worker, however many ask at once', async () => {
    const sweep = await sweepOf(200);
    const workers = await Promise.all(Array.from({ length: 8 }, (_, i) => addWorker(db, owner, `w${i}`)));
    const got: string[] = [];
    await Promise.all(
      workers.map(async (workerId) => {
        for (;;) {
          const claims = await claim(sweep.id, 3, workerId);
          if (claims.length === 0) return;
          got.push(...claims.map(({ runId }) => runId));
        }
      }),
    );
    expect(got.length).toBe(200);
    expect(new Set(got).size).toBe(200);
  });

  test('bundles only runs that can train side by side, in the order of the queue', async () => {
    const cells = [0, 1, 2, 3, 4, 5].map((seed) =>
      newRun(dataset.id, { bundleKey: seed % 2 ? 'odd side' : 'even side', seed }),
    );
    const sweep = await createSweep(db, newSweep(owner, cells));
    const first = await claim(sweep.id, 2);
    const keys = await asOwner('SELECT bundle_key, seed::int FROM run WHERE id = ANY ($1) ORDER BY seed', [
      first.map(({ runId }) => runId),
    ]);
    expect(keys).toEqual([
      { bundle_key: 'even side', seed: 0 },
      { bundle_key: 'even side', seed: 2 },
    ]);
  });

  test('takes over a run whose lease has expired; the worker before it is refused from then on, not earlier', async () => {
    const sweep = await sweepOf(1);
    const [lost] = await claim(sweep.id, 1, worker, 0);
    const { runId } = lost!;
    expect((await send(report(runId, 1, 1, [1, 2], [0.1, 0.2])))[0]).toEqual({
      kind: 'accepted',
      duplicate: false,
    });
    const [taken] = await claim(sweep.id, 1);
    expect(taken).toMatchObject({ runId, attempt: 2 });
    expect(await summary(runId)).toBeUndefined();
    expect((await send(report(runId, 1, 2, [3], [0.3])))[0]).toEqual({ kind: 'lost', currentAttempt: 2 });
    expect((await finish(runId, 1))[0]).toEqual({ kind: 'lost', currentAttempt: 2 });
    expect((await send(report(runId, 2, 1, [1], [0.5])))[0]).toEqual({ kind: 'accepted', duplicate: false });
    expect((await finish(runId, 2, 'DONE', 1))[0]?.kind).toBe('accepted');
    const attempts = await asOwner('SELECT number, "end" FROM attempt WHERE run_id = $1 ORDER BY number', [
      runId,
    ]);
    expect(attempts).toEqual([
      { number: 1, end: 'LOST' },
      { number: 2, end: 'DONE' },
    ]);
  });

  test('lets a run fail, with the reason, when its third lease is lost', async () => {
    const sweep = await sweepOf(1);
    for (const attempt of [1, 2, 3]) expect((await claim(sweep.id, 1, worker, 0))[0]?.attempt).toBe(attempt);
    expect(await claim(sweep.id)).toEqual([]);
    const run = (await asOwner('SELECT status, reason FROM run WHERE sweep_id = $1', [sweep.id]))[0];
    expect(run).toEqual({ status: 'FAILED', reason: 'its worker was lost 3 times' });
    expect(await changeSweep(db, sweep.id, 'retry')).toBe(1);
    expect((await claim(sweep.id))[0]?.attempt).toBe(4);
  });
});

describe('a batch of points', () => {
  test('that is sent 50 times at once is written once', async () => {
    const sweep = await sweepOf(1);
    const { runId } = (await claim(sweep.id))[0]!;
    const results = await Promise.all(
      Array.from({ length: 50 }, () => send(report(runId, 1, 1, [1, 2, 3], [0.1, 0.2, 0.3]))),
    );
    expect(results.filter(([one]) => one?.kind === 'accepted' && !one.duplicate).length).toBe(1);
    expect(results.every(([one]) => one?.kind === 'accepted')).toBe(true);
    expect(await summary(runId)).toMatchObject({ count: 3, max: 0.3, min: 0.1 });
    const chunks = await asOwner('SELECT count(*)::int AS n FROM chunk WHERE run_id = $1', [runId]);
    expect(chunks[0]!.n).toBe(1);
    expect((await send(report(runId, 1, 3, [4], [0.4])))[0]).toEqual({ kind: 'gap', expected: 2 });
    expect((await finish(runId, 1, 'DONE', 2))[0]).toEqual({ kind: 'gap', expected: 2 });
  });

  test('keeps NaN and infinities as they are and out of minimum, maximum, sum and median', async () => {
    const sweep = await sweepOf(1);
    const { runId } = (await claim(sweep.id))[0]!;
    await send(report(runId, 1, 1, [1, 2, 3], [0.5, Number.NaN, Number.POSITIVE_INFINITY]));
    await send(report(runId, 1, 2, [4, 5], [Number.NEGATIVE_INFINITY, 0.25]));
    expect(await summary(runId)).toMatchObject({
      count: 5,
      non_finite_count: 3,
      min: 0.25,
      min_step: 5,
      max: 0.5,
      max_step: 1,
      sum: 0.75,
      last: 0.25,
    });
    expect((await summary(runId))!.median_last_5).toBeNaN();
    await send(report(runId, 1, 3, [6, 7, 8, 9], [1, 2, 3, 4]));
    expect(await summary(runId)).toMatchObject({ median_last_5: 2, last: 4 });
  });

  test('is refused once the run has ended, and ending it again changes nothing', async () => {
    const sweep = await sweepOf(1);
    const { runId } = (await claim(sweep.id))[0]!;
    expect((await finish(runId, 1))[0]).toEqual({ kind: 'accepted', duplicate: false });
    const ended = await runRow(runId);
    expect((await finish(runId, 1))[0]).toEqual({ kind: 'accepted', duplicate: true });
    expect((await finish(runId, 1, 'FAILED'))[0]?.kind).toBe('lost');
    expect((await send(report(runId, 1, 1, [1], [1])))[0]?.kind).toBe('lost');
    expect(await runRow(runId)).toEqual(ended);
    expect(await claim(sweep.id)).toEqual([]);
  });
});

describe('the application', () => {
  test('is a role that may neither change nor drop a table, nor read the ledger of migrations', async () => {
    await expect(db.pool.query('DROP TABLE chunk')).rejects.toThrow('must be owner');
    await expect(db.pool.query('ALTER TABLE run ADD COLUMN x int')).rejects.toThrow('must be owner');
    await expect(db.pool.query('SELECT * FROM _prisma_migrations')).rejects.toThrow('permission denied');
    const { rows } = await db.pool.query('SELECT current_user AS name');
    expect(rows[0].name).toBe('smallbatch_app');
  });

  test('reads and writes times as UTC whatever the zone of the server', async () => {
    const name = (await asOwner('SELECT current_database() AS name'))[0]!.name;
    await asOwner(`ALTER DATABASE ${name} SET TimeZone = 'Asia/Tokyo'`);
    const at = new Date('2026-03-01T12:34:56.789Z');
    const id = await addWorker(db, owner, 'zone');
    await db.prisma.worker.update({ where: { id }, data: { startedAt: at } });
    const [row] = await asOwner(
      `SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') AS text FROM worker WHERE id = $1`,
      [id],
    );
    expect(row!.text).toBe('2026-03-01T12:34:56.789');
    expect((await db.prisma.worker.findUniqueOrThrow({ where: { id } })).startedAt).toEqual(at);
  });
});
