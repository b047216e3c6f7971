import {
  changeSweep,
  claimRuns,
  createOwnRun,
  createSweep,
  finishRuns,
  heartbeat,
  reportMetrics,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const dataset = await addDataset(db, owner.teamId);
const worker = await addWorker(db, owner);

let next = 0;
const cellsOf = (n: number) => {
  const bundleKey = `bundle ${next++}`;
  return Array.from({ length: n }, (_, seed) => newRun(dataset.id, { bundleKey, seed }));
};
const create = (cells: ReturnType<typeof cellsOf>, given: Parameters<typeof newSweep>[2] = {}) =>
  createSweep(db, newSweep(owner, cells, given));
const claim = (sweepId: string, { max = 64, workerId = worker, leaseSeconds = 60 } = {}) =>
  claimRuns(db, {
    ...owner,
    workerId,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max,
    leaseSeconds,
    sweepId,
  });
const finish = (runId: string, attempt: number, outcome: 'DONE' | 'FAILED' | 'RELEASED') =>
  finishRuns(db, owner.teamId, [
    { runId, attempt, sequence: 0, outcome, step: 1, samplesSeen: 2, deviceSeconds: 0.5 },
  ]);
const beat = (runId: string, attempt: number, leaseSeconds = 60) =>
  heartbeat(db, {
    ...owner,
    workerId: worker,
    samplesPerSecond: 1,
    stopping: false,
    leaseSeconds,
    runs: [{ runId, attempt, step: 1, samplesSeen: 2 }],
  }).then((commands) => commands?.[0]?.command);
const runsOf = async (sweepId: string) =>
  (
    await db.pool.query(
      `SELECT run.id, run.status::text, run.held, run.attempt, run.duplicate, run.reason FROM cell JOIN run ON run.id = cell.run_id
       WHERE cell.sweep_id = $1 ORDER BY position`,
      [sweepId],
    )
  ).rows;

describe('two sweeps that share runs', () => {
  test('both have them while they wait, run and are done', async () => {
    const cells = cellsOf(3);
    const first = await create(cells);
    const second = await create(cells);
    const third = await create([...cells, ...cellsOf(1)]);
    expect([first, second, third].map(({ created, reused }) => [created, reused])).toEqual([
      [3, 0],
      [0, 3],
      [1, 3],
    ]);
    expect((await runsOf(second.id)).map(({ id }) => id)).toEqual(
      (await runsOf(first.id)).map(({ id }) => id),
    );
  });

  test('wait only while both are paused, and a new sweep wakes what it takes', async () => {
    const cells = cellsOf(2);
    const first = await create(cells);
    const second = await create(cells);
    expect(await changeSweep(db, first.id, 'pause')).toBe(0);
    expect((await runsOf(first.id)).map(({ held }) => held)).toEqual([false, false]);
    expect(await changeSweep(db, second.id, 'pause')).toBe(2);
    expect(await claim(first.id)).toEqual([]);
    await create(cells);
    expect((await runsOf(first.id)).map(({ held }) => held)).toEqual([false, false]);
    expect((await claim(first.id)).length).toBe(2);
  });

  test('end only when both are cancelled: one cancelled, one paused means paused', async () => {
    const cells = cellsOf(2);
    const first = await create(cells);
    const second = await create(cells);
    const [running] = await claim(first.id, { max: 1 });
    await changeSweep(db, second.id, 'pause');
    expect(await changeSweep(db, first.id, 'cancel')).toBe(0);
    expect((await runsOf(first.id)).map(({ status, held }) => [status, held])).toEqual([
      ['RUNNING', false],
      ['WAITING', true],
    ]);
    expect(await beat(running!.runId, 1)).toBe('PAUSE');
    await changeSweep(db, second.id, 'resume');
    expect(await beat(running!.runId, 1)).toBe('CONTINUE');
    expect(await changeSweep(db, second.id, 'cancel')).toBe(2);
    expect(await beat(running!.runId, 1)).toBe('STOP');
    expect((await runsOf(second.id)).map(({ status }) => status)).toEqual(['CANCELLED', 'CANCELLED']);
    const { rows } = await db.pool.query('SELECT "end"::text FROM attempt WHERE run_id = $1', [
      running!.runId,
    ]);
    expect(rows).toEqual([{ end: 'CANCELLED' }]);
  });

  test('never lose a run between a cancel and a creation that meet', async () => {
    for (let round = 0; round < 10; round++) {
      const cells = cellsOf(50);
      const first = await create(cells);
      const [second] = await Promise.all([create(cells), changeSweep(db, first.id, 'cancel')]);
      const statuses = new Set((await runsOf(second.id)).map(({ status }) => status));
      expect([...statuses]).toEqual(['WAITING']);
    }
  });
});

describe('a retry', () => {
  test('takes a run that answers by now, and never for one that is trained again on purpose', async () => {
    const cells = cellsOf(1);
    const first = await create(cells);
    const [failed] = await claim(first.id);
    await finish(failed!.runId, 1, 'FAILED');
    const second = await create(cells);
    expect(second.created).toBe(1);
    const again = await create(cells, { reuse: false });
    expect((await runsOf(again.id)).map(({ duplicate }) => duplicate)).toEqual([true]);
    const [twice] = await claim(again.id);
    await finish(twice!.runId, 1, 'FAILED');

    expect(await changeSweep(db, first.id, 'retry')).toBe(1);
    expect((await runsOf(first.id))[0]!.id).toBe((await runsOf(second.id))[0]!.id);
    expect(await changeSweep(db, again.id, 'retry')).toBe(1);
    expect((await runsOf(again.id))[0]).toMatchObject({
      id: twice!.runId,
      status: 'WAITING',
      duplicate: true,
    });
  });

  test('of a paused sweep lets all of it go on', async () => {
    const sweep = await create(cellsOf(3));
    const [failed] = await claim(sweep.id, { max: 1 });
    await finish(failed!.runId, 1, 'FAILED');
    await changeSweep(db, sweep.id, 'pause');
    expect(await changeSweep(db, sweep.id, 'retry')).toBe(1);
    expect((await runsOf(sweep.id)).map(({ status, held }) => [status, held])).toEqual(
      Array(3).fill(['WAITING', false]),
    );
  });
});

describe('a lost worker', () => {
  test('has its whole bundle taken over at once', async () => {
    const sweep = await create(cellsOf(6));
    const lost = await claim(sweep.id, { max: 4, leaseSeconds: 0 });
    const taken = await claim(sweep.id, { max: 4 });
    expect(taken.map(({ runId }) => runId).sort()).toEqual(lost.map(({ runId }) => runId).sort());
    expect(taken.map(({ attempt, slot }) => [attempt, slot])).toEqual([0, 1, 2, 3].map((slot) => [2, slot]));
    expect((await claim(sweep.id)).length).toBe(2);
  });

  test('keeps its runs by a late heartbeat as long as nobody has taken them', async () => {
    const sweep = await create(cellsOf(1));
    const [run] = await claim(sweep.id, { leaseSeconds: 0 });
    expect(await beat(run!.runId, 1)).toBe('CONTINUE');
    expect(await claim(sweep.id)).toEqual([]);
    expect(await beat(run!.runId, 1, 0)).toBe('CONTINUE');
    expect((await claim(sweep.id))[0]?.attempt).toBe(2);
    expect(await beat(run!.runId, 1)).toBe('LOST');
  });

  test('of a paused sweep is not replaced before the sweep goes on', async () => {
    const sweep = await create(cellsOf(1));
    await claim(sweep.id, { leaseSeconds: 0 });
    await changeSweep(db, sweep.id, 'pause');
    expect(await claim(sweep.id)).toEqual([]);
    await changeSweep(db, sweep.id, 'resume');
    expect((await claim(sweep.id))[0]?.attempt).toBe(2);
  });
});

describe('a claim', () => {
  test('of 16 workers at once on 500 runs gives each run once', async () => {
    const sweep = await create(cellsOf(500));
    const workers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => addWorker(db, owner, `claimer ${i}`)),
    );
    const got: string[] = [];
    await Promise.all(
      workers.map(async (workerId) => {
        for (;;) {
          const claims = await claim(sweep.id, { max: 5, workerId });
          if (claims.length === 0) return;
          got.push(...claims.map(({ runId }) => runId));
        }
      }),
    );
    expect(got.length).toBe(500);
    expect(new Set(got).size).toBe(500);
  });

  test('gives nothing of another data set, another trainer version, or another team', async () => {
    const sweep = await create(cellsOf(1));
    const order = {
      ...owner,
      workerId: worker,
      datasets: [dataset.hash],
      trainerVersion: TRAINER_VERSION,
      max: 4,
      leaseSeconds: 60,
      sweepId: sweep.id,
    };
    expect(await claimRuns(db, { ...order, datasets: ['0'.repeat(64)] })).toEqual([]);
    expect(await claimRuns(db, { ...order, trainerVersion: '99.0.0' })).toEqual([]);
    expect(await claimRuns(db, { ...order, teamId: '01a20a59-f7f7-7000-803c-497a0ce948ea' })).toEqual([]);
    expect((await claimRuns(db, order)).length).toBe(1);
  });

  test('limits a bundle by runs and by samples of a step', async () => {
    const sweep = await create(cellsOf(9).map((run) => ({ ...run, batchSize: 8 })));
    const order = {
      ...owner,
      workerId: worker,
      datasets: [dataset.hash],
      trainerVersion: TRAINER_VERSION,
      max: 4,
      leaseSeconds: 60,
      sweepId: sweep.id,
    };
    expect((await claimRuns(db, order)).length).toBe(4);
    expect((await claimRuns(db, { ...order, maxSamples: 16 })).length).toBe(2);
    expect((await claimRuns(db, { ...order, maxSamples: 1 })).length).toBe(1);
  });
});

describe('a released run', () => {
  test('waits for the next worker, costs no attempt of its three, and releasing it again changes nothing', async () => {
    const sweep = await create(cellsOf(1));
    for (const attempt of [1, 2, 3, 4]) {
      const [run] = await claim(sweep.id);
      expect(run?.attempt).toBe(attempt);
      expect(await finish(run!.runId, attempt, 'RELEASED')).toEqual([{ kind: 'accepted', duplicate: false }]);
      expect(await finish(run!.runId, attempt, 'RELEASED')).toEqual([{ kind: 'accepted', duplicate: true }]);
    }
    expect((await runsOf(sweep.id))[0]).toMatchObject({ status: 'WAITING', held: false });
  });

  test('of a paused sweep waits for the sweep', async () => {
    const sweep = await create(cellsOf(1));
    const [run] = await claim(sweep.id);
    await changeSweep(db, sweep.id, 'pause');
    await finish(run!.runId, 1, 'RELEASED');
    expect((await runsOf(sweep.id))[0]).toMatchObject({ status: 'WAITING', held: true });
    await changeSweep(db, sweep.id, 'resume');
    expect((await claim(sweep.id))[0]?.attempt).toBe(2);
  });
});

describe("a run of somebody's own script", () => {
  const own = (seed: number, given: Partial<Parameters<typeof createOwnRun>[1]> = {}) =>
    createOwnRun(db, {
      ...owner,
      name: 'My Script',
      workerId: worker,
      engine: 'own',
      run: newRun(dataset.id, { model: 'own', bundleKey: '', seed }),
      info: { host: 'here' },
      idempotencyKey: null,
      duplicate: false,
      leaseSeconds: 60,
      ...given,
    });
  const state = async (id: string) =>
    (await db.pool.query('SELECT key, status::text, attempt, held, reason FROM run WHERE id = $1', [id]))
      .rows[0];

  test('is with its maker at once, and no worker ever gets it', async () => {
    const made = await own(1, { leaseSeconds: 0 });
    if ('answered' in made) throw new Error('answered');
    expect(await state(made.id)).toMatchObject({
      key: expect.stringMatching(/^my-script-\d+$/),
      status: 'RUNNING',
      attempt: 1,
    });
    const any = {
      ...owner,
      workerId: worker,
      datasets: [dataset.hash],
      trainerVersion: TRAINER_VERSION,
      max: 64,
      leaseSeconds: 60,
    };
    for (let i = 0; i < 20; i++) {
      const claims = await claimRuns(db, any);
      expect(claims.map(({ runId }) => runId)).not.toContain(made.id);
      if (claims.length === 0) break;
    }
    expect(await finish(made.id, 1, 'DONE')).toEqual([{ kind: 'accepted', duplicate: false }]);
  });

  test('is made once for one idempotency key, however often and at once it is sent', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => own(2, { idempotencyKey: 'key 2' })));
    expect(new Set(made.map((one) => ('id' in one ? one.id : undefined))).size).toBe(1);
    expect(made.filter((one) => 'created' in one && one.created).length).toBe(1);
  });

  test('is refused while another answers its configuration, and takes the place of one whose script was lost', async () => {
    const made = await own(3);
    if ('answered' in made) throw new Error('answered');
    expect(await own(3)).toEqual({ answered: made.id });
    expect(await own(3, { duplicate: true })).toMatchObject({ created: true });
    await db.pool.query('UPDATE run SET lease_expires_at = now() WHERE id = $1', [made.id]);
    expect(await own(3)).toMatchObject({ created: true });
    expect(await state(made.id)).toMatchObject({ status: 'FAILED', reason: 'its script was lost' });
  });

  test('that its script gives up is cancelled rather than left for workers', async () => {
    const made = await own(4);
    if ('answered' in made) throw new Error('answered');
    expect(await finish(made.id, 1, 'RELEASED')).toEqual([{ kind: 'accepted', duplicate: false }]);
    expect(await finish(made.id, 1, 'RELEASED')).toEqual([{ kind: 'accepted', duplicate: true }]);
    expect(await state(made.id)).toMatchObject({ status: 'CANCELLED' });
  });
});

describe('the number of statements', () => {
  test('of a report and of a claim does not depend on how many runs and metrics are in it', async () => {
    const count = async (work: () => Promise<unknown>) => {
      const names: string[] = [];
      const stop = db.onQuery((name) => names.push(name));
      await work();
      stop();
      return names.filter((name) => name !== 'notify');
    };
    const small = await create(cellsOf(1));
    const large = await create(cellsOf(40));
    const claims: Awaited<ReturnType<typeof claim>>[] = [];
    const claimed = [
      await count(async () => claims.push(await claim(small.id))),
      await count(async () => claims.push(await claim(large.id))),
    ];
    expect(claimed[1]).toEqual(claimed[0]);
    expect(claimed[0]!.length).toBeLessThanOrEqual(4);
    const reports = (bundle: (typeof claims)[number], metrics: number) =>
      bundle.map(({ runId, attempt }) => ({
        runId,
        attempt,
        sequence: 1,
        series: Array.from({ length: metrics }, (_, i) => ({
          metric: `metric ${i}`,
          steps: [1, 2],
          values: [0.5, 0.25],
        })),
      }));
    const warm = await create(cellsOf(1));
    await reportMetrics(db, owner.teamId, reports(await claim(warm.id), 12));
    const sent = [
      await count(() => reportMetrics(db, owner.teamId, reports(claims[0]!, 1))),
      await count(() => reportMetrics(db, owner.teamId, reports(claims[1]!, 12))),
    ];
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[0]!.length).toBeLessThanOrEqual(6);
  });
});
