import {
  acting,
  changeSweep,
  claimRuns,
  createSweep,
  type Db,
  deleteRun,
  deleteRuns,
  finishRuns,
  type NewRun,
  reportMetrics,
  restoreRuns,
  startPurging,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { describe, expect, test, vi } from 'vitest';
import { stream } from '../../apps/api/results.ts';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';
import { randomWorld } from './random-runs.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const { asOwner } = database;
const dataset = await addDataset(db, owner.teamId);
const worker = await addWorker(db, owner);

/** Every row of every table that knows of runs, as text. A setting is what its runs say: its number and hash tell it. */
const TABLES = {
  run: 't',
  run_metric: 't',
  attempt: 't',
  rung: 't',
  cell: 't',
  chunk: 't',
  setting: 't.id || t.hash',
} as const;
async function everything(): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {};
  for (const [table, row] of Object.entries(TABLES))
    dump[table] = (
      await asOwner<{ row: string }>(`SELECT (${row})::text AS row FROM ${table} t ORDER BY 1`)
    ).map((one) => one.row);
  return dump;
}
const deletionOf = async (id: string | undefined): Promise<string> =>
  (await asOwner<{ key: string }>('SELECT key FROM deletion WHERE id = $1', [id]))[0]!.key;
const back = async (teamId: string, deletionId: string | undefined) =>
  restoreRuns(
    acting(db, { memberId: owner.memberId, doing: 'restore' }),
    teamId,
    await deletionOf(deletionId),
  );

let next = 0;
const sweepOf = (cells: NewRun[]) => createSweep(db, newSweep(owner, cells));
async function train(sweepId: string) {
  const claims = await claimRuns(db, {
    ...owner,
    workerId: worker,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: 64,
    leaseSeconds: 60,
    sweepId,
  });
  for (const { runId, attempt } of claims) {
    const series = ['a', 'b'].map((metric) => ({
      metric,
      steps: [1, 2, 3],
      values: [-0, Number.NaN, 0.1 + attempt],
    }));
    await reportMetrics(db, owner.teamId, [{ runId, attempt, sequence: 1, series }]);
    const end = { runId, attempt, sequence: 1, step: 3, samplesSeen: 6, deviceSeconds: 0.1 };
    await finishRuns(db, owner.teamId, [{ ...end, outcome: 'DONE' }]);
  }
}
async function doneRun(given: Partial<NewRun> = {}) {
  const run = newRun(dataset.id, { seed: next++, ...given });
  const sweep = await sweepOf([run]);
  await train(sweep.id);
  return { run, sweep, key: `${sweep.key}/1` };
}
const remove = async (key: string) => {
  const deleted = await deleteRun(db, owner.teamId, key);
  if (deleted.kind !== 'deleted') throw new Error(deleted.kind);
  return deleted.deletionId;
};

describe('runs that are restored', () => {
  test('leave every row of every table as it was, −0, NaN and infinities too, of whatever runs in whatever order', async () => {
    const random = stream(11);
    const world = await randomWorld(db, random, 'random');
    await world.add(150);
    const trained = await doneRun();
    await db.pool.query(
      `UPDATE run SET tags = '{a,"b c"}', note = E'a\\n"note"', info = '{"x": 1e-300}', locked = false`,
    );
    await db.pool.query(`UPDATE run_metric SET last = '-0' WHERE min IS NOT NULL AND last = 0`);
    await db.pool.query(
      `INSERT INTO rung (sweep_id, epoch, run_id, team_id, value, goes_on)
       SELECT sweep_id, 1.5, run_id, team_id, 'Infinity', true FROM cell WHERE position % 3 = 1 ON CONFLICT DO NOTHING`,
    );
    await db.pool.query('UPDATE sweep SET locked = false');
    const before = await everything();
    expect(before.rung!.length).toBeGreaterThan(10);
    for (let times = 0; times < 5; times++) {
      const deletions: { teamId: string; id: string | undefined }[] = [];
      let gone = 0;
      for (let i = 0; i < 4; i++) {
        const keys = world.runs.filter(() => random() < 0.4).map(({ key }) => key);
        const deleted = await deleteRuns(db, world.teamId, { where: { key: { in: keys } } });
        if (deleted.kind !== 'deleted') throw new Error(deleted.kind);
        gone += deleted.runs;
        deletions.push({ teamId: world.teamId, id: deleted.deletionId });
      }
      deletions.push({ teamId: owner.teamId, id: await remove(trained.key) });
      expect(gone).toBeGreaterThan(100);
      const between = await everything();
      expect(between.run_metric!.length).toBeLessThan(before.run_metric!.length);
      // What was deleted last comes back first, else the empty run of a later deletion would stand in its place.
      for (const { teamId, id } of deletions.reverse())
        expect(await back(teamId, id)).toMatchObject({ kind: 'restored', notRestored: [] });
      const after = await everything();
      for (const table of Object.keys(TABLES)) expect(after[table], table).toEqual(before[table]);
    }
    expect(await asOwner('SELECT FROM deletion')).toEqual([]);
    expect(await asOwner('SELECT FROM deleted_run')).toEqual([]);
  });

  test('take their places back also from an empty run that waits, and in a sweep that took that one meanwhile', async () => {
    const { run, sweep, key } = await doneRun();
    const id = await remove(key);
    await changeSweep(db, sweep.id, 'retry');
    const other = await sweepOf([run]);
    expect(other).toMatchObject({ created: 0, reused: 1 });
    expect(await back(owner.teamId, id)).toEqual({ kind: 'restored', runs: 1, notRestored: [], others: 0 });
    const cells = await asOwner<{ key: string; status: string }>(
      'SELECT r.key, r.status::text FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = ANY ($1)',
      [[sweep.id, other.id]],
    );
    expect(cells).toEqual([
      { key, status: 'DONE' },
      { key, status: 'DONE' },
    ]);
  });

  test('wait for their sweep where it was paused meanwhile', async () => {
    const sweep = await sweepOf([newRun(dataset.id, { seed: next++ })]);
    const id = await remove(`${sweep.key}/1`);
    await changeSweep(db, sweep.id, 'pause');
    await back(owner.teamId, id);
    expect(await asOwner('SELECT status::text, held FROM run WHERE key = $1', [`${sweep.key}/1`])).toEqual([
      { status: 'WAITING', held: true },
    ]);
  });

  test('are not those whose empty run was trained, or whose configuration another run answers: until that one goes', async () => {
    const [first, second, third] = [await doneRun(), await doneRun(), await doneRun()];
    const deleted = await deleteRuns(db, owner.teamId, {
      where: { key: { in: [first.key, second.key, third.key] } },
    });
    if (deleted.kind !== 'deleted') throw new Error(deleted.kind);
    await changeSweep(db, first.sweep.id, 'retry');
    await train(first.sweep.id);
    const again = await sweepOf([second.run]);
    const notRestored = [
      { key: first.key, why: 'RETRAINED' },
      { key: second.key, why: 'ANSWERED' },
    ];
    expect(await back(owner.teamId, deleted.deletionId)).toEqual({
      kind: 'restored',
      runs: 1,
      notRestored,
      others: 0,
    });
    expect(await back(owner.teamId, deleted.deletionId)).toEqual({
      kind: 'restored',
      runs: 0,
      notRestored,
      others: 0,
    });
    await remove(first.key);
    await remove(`${again.key}/1`);
    const key = await deletionOf(deleted.deletionId);
    expect(await back(owner.teamId, deleted.deletionId)).toEqual({
      kind: 'restored',
      runs: 2,
      notRestored: [],
      others: 0,
    });
    expect(await restoreRuns(db, owner.teamId, key)).toEqual({ kind: 'unknown' });
  });

  test('are of the same team, and within a day; then all that they left is removed', async () => {
    const { key } = await doneRun();
    const [run] = await asOwner<{ id: string }>('SELECT id FROM run WHERE key = $1', [key]);
    const id = await remove(key);
    expect(await restoreRuns(db, crypto.randomUUID(), await deletionOf(id))).toEqual({ kind: 'unknown' });
    const set = (interval: string) =>
      asOwner(`UPDATE deleted_run SET deleted_at = now() - interval '${interval}' WHERE run_id = $1`, [
        run!.id,
      ]);
    const chunks = async () => (await asOwner('SELECT FROM chunk WHERE run_id = $1', [run!.id])).length;
    await set('23 hours 59 minutes');
    await purgeOnce(db);
    expect(await chunks()).toBe(2);
    await set('24 hours 1 second');
    expect(await back(owner.teamId, id)).toEqual({ kind: 'unknown' });
    await purgeOnce(db);
    expect(await chunks()).toBe(0);
    expect(await asOwner('SELECT FROM deletion WHERE id = $1', [id])).toEqual([]);
  });

  test('come back whole, or are purged whole, when both begin at the same moment', async () => {
    for (let i = 0; i < 5; i++) {
      const { key } = await doneRun();
      const [run] = await asOwner<{ id: string }>('SELECT id FROM run WHERE key = $1', [key]);
      const id = await remove(key);
      await asOwner(
        `UPDATE deleted_run SET deleted_at = now() - interval '24 hours' + interval '30 milliseconds' WHERE run_id = $1`,
        [run!.id],
      );
      const [, restored] = await Promise.all([purgeOnce(db, 100), back(owner.teamId, id)]);
      const chunks = (await asOwner('SELECT FROM chunk WHERE run_id = $1', [run!.id])).length;
      if (restored.kind === 'restored') expect(chunks).toBe(2);
      else await purgeOnce(db);
    }
  });
});

/** Lets a purger look until it finds nothing more, and a little longer. */
async function purgeOnce(with_: Db, ms = 0): Promise<void> {
  let looks = 0;
  const unheard = with_.onQuery((name) => {
    if (name === 'purge next') looks++;
  });
  const purger = startPurging(with_, (error) => {
    throw error;
  });
  await vi.waitFor(async () => {
    const before = looks;
    await new Promise((resolve) => setTimeout(resolve, 100 + ms));
    expect([looks > 0, looks]).toEqual([true, before]);
  });
  await purger.stop();
  unheard();
}
