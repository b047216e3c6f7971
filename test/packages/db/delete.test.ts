import {
  changeSweep,
  claimRuns,
  createSweep,
  type Db,
  deleteRun,
  finishRuns,
  readCurves,
  reportMetrics,
  startPurging,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { describe, expect, test, vi } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const { asOwner } = database;
const dataset = await addDataset(db, owner.teamId);
const worker = await addWorker(db, owner);
const fail = (error: unknown) => {
  throw error;
};

let next = 0;
const sweepOf = (cells: number, reuse?: { seed: number }) =>
  createSweep(
    db,
    newSweep(
      owner,
      Array.from({ length: cells }, () => newRun(dataset.id, { seed: reuse?.seed ?? next++ })),
    ),
  );
async function claim(sweepId: string) {
  return claimRuns(db, {
    ...owner,
    workerId: worker,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: 64,
    leaseSeconds: 60,
    sweepId,
  });
}
/** A run that is done, with so many chunks of ten points of two metrics. */
async function doneRun(chunks: number) {
  const seed = next++;
  const sweep = await createSweep(db, newSweep(owner, [newRun(dataset.id, { seed })]));
  const [claimed] = await claim(sweep.id);
  const { runId, attempt } = claimed!;
  for (let sequence = 1; sequence <= chunks; sequence++) {
    const steps = Array.from({ length: 10 }, (_, i) => sequence * 10 + i);
    const series = ['a', 'b'].map((metric) => ({ metric, steps, values: steps }));
    await reportMetrics(db, owner.teamId, [{ runId, attempt, sequence, series }]);
  }
  const end = { runId, attempt, sequence: chunks, step: 1, samplesSeen: 1, deviceSeconds: 1 };
  await finishRuns(db, owner.teamId, [{ ...end, outcome: 'DONE' }]);
  return { runId, seed, sweepId: sweep.id, key: `${sweep.key}/1` };
}
const left = async (table: string, runId: string): Promise<number> =>
  (await asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE run_id = $1`, [runId]))[0]!.n;
const waiting = async (): Promise<number> =>
  (await asOwner<{ n: number }>('SELECT count(*)::int AS n FROM deleted_run'))[0]!.n;
/** As if a day had gone by. */
const nextDay = () => asOwner(`UPDATE deleted_run SET deleted_at = deleted_at - interval '1 day'`);
async function purge(with_: Db): Promise<void> {
  await nextDay();
  const purger = startPurging(with_, fail);
  await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 20_000 });
  await purger.stop();
}

describe('a deleted run', () => {
  test('is gone at once with its summaries, and a day later with its points', async () => {
    const [kept, gone] = [await doneRun(3), await doneRun(3)];
    let looked = false;
    const unheard = db.onQuery((name) => {
      looked ||= name === 'purge next';
    });
    expect(await deleteRun(db, owner.teamId, gone.key)).toMatchObject({
      kind: 'deleted',
      points: 60,
      cells: 1,
    });
    for (const table of ['run_metric', 'attempt', 'rung', 'cell'])
      expect(await left(table, gone.runId), table).toBe(0);
    expect(await asOwner('SELECT FROM run WHERE id = $1', [gone.runId])).toEqual([]);
    const purger = startPurging(db, fail);
    await vi.waitFor(async () => expect(looked).toBe(true));
    await purger.stop();
    expect(await left('chunk', gone.runId)).toBe(6);
    await purge(db);
    expect(await left('chunk', gone.runId)).toBe(0);
    expect(await left('chunk', kept.runId)).toBe(6);
    expect((await readCurves(db, [kept.runId], ['a']))[0]!.steps.length).toBe(30);
    unheard();
    expect(await asOwner('SELECT FROM deletion')).toEqual([]);
    expect(await deleteRun(db, owner.teamId, 'nothing-1/1')).toEqual({ kind: 'unknown' });
  });

  test('leaves its cells an empty run of the same key, which a retry trains anew', async () => {
    const gone = await doneRun(1);
    const other = await sweepOf(1, gone);
    await deleteRun(db, owner.teamId, gone.key);
    const cells = await asOwner<{ id: string; key: string; status: string; attempt: number }>(
      `SELECT DISTINCT r.id, r.key, r.status::text, r.attempt FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = ANY ($1)`,
      [[gone.sweepId, other.id]],
    );
    expect(cells).toEqual([{ id: expect.any(String), key: gone.key, status: 'CANCELLED', attempt: 0 }]);
    expect(cells[0]!.id).not.toBe(gone.runId);
    expect(await changeSweep(db, gone.sweepId, 'retry')).toBe(1);
    const [again] = await claim(gone.sweepId);
    expect(again).toMatchObject({ runId: cells[0]!.id, attempt: 1, startStep: 0 });
  });

  test('answers nothing any more: the same grid trains its configuration again', async () => {
    const gone = await doneRun(1);
    await deleteRun(db, owner.teamId, gone.key);
    expect(await sweepOf(1, gone)).toMatchObject({ created: 1, reused: 0 });
  });

  test('is refused while it is being trained, and one of another team is not found', async () => {
    const sweep = await sweepOf(1);
    await claim(sweep.id);
    expect(await deleteRun(db, owner.teamId, `${sweep.key}/1`)).toEqual({ kind: 'running' });
    const done = await doneRun(1);
    expect(await deleteRun(db, crypto.randomUUID(), done.key)).toEqual({ kind: 'unknown' });
  });

  test('is deleted once, however many ask at the same moment', async () => {
    const gone = await doneRun(1);
    const kinds = (await Promise.all([1, 2, 3, 4].map(() => deleteRun(db, owner.teamId, gone.key)))).map(
      ({ kind }) => kind,
    );
    // Whoever comes later finds the empty run that stands in its cell, and replaces it in turn.
    expect(kinds).toEqual(['deleted', 'deleted', 'deleted', 'deleted']);
    expect(await asOwner('SELECT FROM cell WHERE sweep_id = $1', [gone.sweepId])).toHaveLength(1);
    expect(await asOwner('SELECT FROM run WHERE key = $1', [gone.key])).toHaveLength(1);
  });
});

describe('removing the points of deleted runs', () => {
  test('goes on after a restart where another process ended, in transactions of few chunks each, one process at a time', async () => {
    await purge(db);
    const gone = await doneRun(2);
    // 4,000 chunks more, in a hundredth of the time that reporting them takes.
    await asOwner(
      `INSERT INTO chunk (team_id, run_id, metric_id, attempt, sequence, first_step, last_step, steps, epochs, samples_seen, wall_times, "values")
       SELECT c.team_id, run_id, metric_id, attempt, sequence * 2000 + i, first_step, last_step, steps, epochs, samples_seen, wall_times, "values"
       FROM chunk c, generate_series(1, 1000) i WHERE run_id = $1`,
      [gone.runId],
    );
    await deleteRun(db, owner.teamId, gone.key);
    await nextDay();
    const first = await database.open();
    const second = await database.open();
    const removed: number[] = [];
    for (const one of [first, second])
      one.onQuery((name) => {
        if (name === 'purge chunks') removed.push(0);
      });
    const half = startPurging(first, fail);
    await vi.waitFor(async () => expect(await left('chunk', gone.runId)).toBeLessThan(4004));
    await half.stop();
    const rest = await left('chunk', gone.runId);
    expect(rest).toBeGreaterThan(0);
    expect((4004 - rest) % 500).toBe(0);
    const both = [startPurging(first, fail), startPurging(second, fail)];
    await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 20_000 });
    for (const purger of both) await purger.stop();
    expect(await left('chunk', gone.runId)).toBe(0);
    // Nine batches, and one that finds nothing: more would mean that two had worked on the same chunks.
    expect(removed.length).toBe(10);
  });

  test('takes large chunks one by one', async () => {
    const gone = await doneRun(1);
    const count = 200_000;
    await asOwner(
      `INSERT INTO chunk (team_id, run_id, metric_id, attempt, sequence, first_step, last_step, steps, epochs, samples_seen, wall_times, "values")
       SELECT $1, $2, (SELECT min(metric_id) FROM chunk WHERE run_id = $2), 1, 100 + n, 1, $3, array_agg(i), '{}', '{}', '{}', array_agg(random())
       FROM generate_series(1, 3) n, generate_series(1, $3::int8) i GROUP BY n`,
      [owner.teamId, gone.runId, count],
    );
    await deleteRun(db, owner.teamId, gone.key);
    const [own, batches] = [await database.open(), [] as string[]];
    own.onQuery((name) => batches.push(name));
    await purge(own);
    expect(batches.filter((name) => name === 'purge chunks').length).toBeGreaterThanOrEqual(4);
    expect(await left('chunk', gone.runId)).toBe(0);
  });

  test('forgets uploads that nobody has gone on with for 30 days, and no other', async () => {
    await asOwner(
      `INSERT INTO upload (team_id, id, records, updated_at) VALUES ($1, 'old', 1, now() - interval '31 days'), ($1, 'new', 1, now() - interval '29 days')`,
      [owner.teamId],
    );
    const purger = startPurging(db, fail);
    await vi.waitFor(async () => expect(await asOwner('SELECT id FROM upload')).toEqual([{ id: 'new' }]));
    await purger.stop();
  });
});
