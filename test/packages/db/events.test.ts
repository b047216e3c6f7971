import {
  acting,
  addDataset,
  adoptEvents,
  cellsSince,
  changeSweep,
  claimRuns,
  createOwnRun,
  createSweep,
  type EventRow,
  eventPage,
  eventsSince,
  finishRuns,
  heartbeat,
  type Midway,
  marksOf,
  purgeEvents,
  reportMetrics,
  type Snapshot,
  snapshotNow,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { stream } from '../../apps/api/results.ts';
import { testDatabase } from '../../database.ts';
import { addDataset as addShapes, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const dataset = await addShapes(db, owner.teamId);
const worker = await addWorker(db, owner, 'first');

let next = 0;
const cellsOf = (n: number) => {
  const bundleKey = `bundle ${next++}`;
  return Array.from({ length: n }, (_, seed) => newRun(dataset.id, { bundleKey, seed }));
};
const create = (n: number, given = {}) => createSweep(db, newSweep(owner, cellsOf(n), given));
const claim = (sweepId: string, { workerId = worker, leaseSeconds = 60, max = 64 } = {}) =>
  claimRuns(db, {
    ...owner,
    workerId,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max,
    leaseSeconds,
    sweepId,
  });
const finish = (runId: string, attempt: number, outcome: 'DONE' | 'FAILED' | 'RELEASED' | 'PRUNED') =>
  finishRuns(db, owner.teamId, [
    { runId, attempt, sequence: 0, outcome, step: 1, samplesSeen: 2, deviceSeconds: 0.5, reason: null },
  ]);

/** A reader that goes on from where it was, in pages of `most`. */
function reader(seen: Snapshot, most = 500) {
  let midway: Midway | null = null;
  return async (): Promise<EventRow[]> => {
    const all: EventRow[] = [];
    for (;;) {
      const { events, snapshot, more, known } = await eventsSince(db, {
        ...owner,
        kinds: null,
        seen,
        midway,
        most,
      });
      expect(known).toBe(true);
      all.push(...events);
      const wasMidway: boolean = midway !== null;
      const end = events.at(-1);
      midway = more ? { upTo: snapshot, xid: end!.xid, id: end!.id } : null;
      if (more) continue;
      seen = snapshot;
      if (!wasMidway) return all;
    }
  };
}
const kinds = (events: readonly EventRow[]): string[] => events.map(({ kind }) => kind);

describe('the log of events', () => {
  test('tells every turn of a run once, and no report or heartbeat', async () => {
    const read = reader(await snapshotNow(db));
    const sweep = await create(2);
    const [first, second] = await claim(sweep.id);
    const series = [{ metric: 'test_accuracy', steps: [1], values: [0.5] }];
    await reportMetrics(db, owner.teamId, [{ ...first!, sequence: 1, series }]);
    const runs = [{ ...first!, step: 3, samplesSeen: 6 }];
    await heartbeat(db, {
      ...owner,
      workerId: worker,
      samplesPerSecond: 1,
      stopping: false,
      leaseSeconds: 60,
      runs,
    });
    await finish(first!.runId, 1, 'DONE');
    await finish(second!.runId, 1, 'RELEASED');
    const [again] = await claim(sweep.id);
    await finish(again!.runId, 2, 'FAILED');
    const events = await read();
    expect(
      events.map(({ kind, run, attempt }: EventRow & { attempt?: number }) => [kind, run, attempt]),
    ).toEqual([
      ['SWEEP_CREATED', null, undefined],
      ['RUN_STARTED', `${sweep.key}/1`, undefined],
      ['RUN_STARTED', `${sweep.key}/2`, undefined],
      ['RUN_DONE', `${sweep.key}/1`, undefined],
      ['RUN_RELEASED', `${sweep.key}/2`, undefined],
      ['RUN_STARTED', `${sweep.key}/2`, undefined],
      ['RUN_FAILED', `${sweep.key}/2`, undefined],
    ]);
    expect(events.map(({ detail }) => detail)).toEqual([
      { cells: 2 },
      ...[1, 1, 1, 1, 2, 2].map((attempt) => ({ attempt })),
    ]);
    for (const { sweep: key, worker: name, member, kind } of events) {
      expect(key).toBe(sweep.key);
      expect(member).not.toBeNull();
      expect(name).toBe(kind === 'SWEEP_CREATED' ? null : 'first');
    }
    expect(await read()).toEqual([]);
  });

  test('says who pauses, resumes, cancels and retries a sweep, and what its cells take', async () => {
    const sweep = await create(2);
    const read = reader(await snapshotNow(db));
    const { key: me } = await db.prisma.member.findUniqueOrThrow({ where: { id: owner.memberId } });
    for (const doing of ['pause', 'resume', 'resume', 'retry'] as const)
      await changeSweep(acting(db, { ...owner, doing }), sweep.id, doing);
    const told = await read();
    // The second resume changed nothing.
    expect(kinds(told)).toEqual(['SWEEP_PAUSED', 'SWEEP_RESUMED', 'SWEEP_RETRIED']);
    expect(told.map(({ member }) => member)).toEqual([me, me, me]);
    // Without anybody saying so, nobody is said.
    await changeSweep(db, sweep.id, 'pause');
    expect((await read()).map(({ member }) => member)).toEqual([null]);
    await changeSweep(acting(db, { ...owner, doing: 'cancel' }), sweep.id, 'cancel');
    expect(kinds(await read())).toEqual(['SWEEP_CANCELLED', 'RUN_CANCELLED', 'RUN_CANCELLED']);
    await changeSweep(acting(db, { ...owner, doing: 'retry' }), sweep.id, 'retry');
    expect(kinds(await read())).toEqual(['SWEEP_RETRIED', 'RUN_RETRIED', 'RUN_RETRIED']);

    // A cell whose run failed takes the run that was made for the same configuration since.
    const cells = cellsOf(1);
    const old = await createSweep(db, newSweep(owner, cells));
    const [mine] = await claim(old.id);
    await finish(mine!.runId, 1, 'FAILED');
    const fresh = await createSweep(db, newSweep(owner, cells));
    const before = await snapshotNow(db);
    await read();
    await changeSweep(acting(db, { ...owner, doing: 'retry' }), old.id, 'retry');
    const taken = await read();
    expect(kinds(taken)).toEqual(['SWEEP_RETRIED', 'CELL_TAKEN']);
    expect(taken[1]).toMatchObject({ run: `${fresh.key}/1`, sweep: old.key, detail: { position: 1 } });
    const { cells: changed } = await cellsSince(db, { ...owner, sweepId: old.id, seen: before });
    expect(changed).toMatchObject({ positions: [1], runs: [`${fresh.key}/1`], statuses: ['WAITING'] });
  });

  test('tells a lost worker once, however many runs it had, and of runs that are taken over', async () => {
    const sweep = await create(3);
    const gone = await addWorker(db, owner, 'gone');
    await claim(sweep.id, { workerId: gone, leaseSeconds: 0 });
    const read = reader(await snapshotNow(db));
    await claim(sweep.id, { max: 2 });
    await claim(sweep.id, { max: 2 });
    expect(kinds(await read()).sort()).toEqual([
      'RUN_TAKEN_OVER',
      'RUN_TAKEN_OVER',
      'RUN_TAKEN_OVER',
      'WORKER_LOST',
    ]);
  });

  test('tells of workers, data sets and own runs, and of a failure to its third lease', async () => {
    const read = reader(await snapshotNow(db));
    const other = await addWorker(db, owner, 'other');
    const beat = { ...owner, workerId: other, samplesPerSecond: 0, leaseSeconds: 60, runs: [] };
    await heartbeat(db, { ...beat, stopping: false });
    await heartbeat(db, { ...beat, stopping: true });
    await heartbeat(db, { ...beat, stopping: true });
    const shape = { classes: 10, channels: 3, height: 32, width: 32, trainCount: 10, testCount: 10 };
    const given = { ...owner, ...shape, name: 'more', hash: 'a'.repeat(64) };
    expect(await addDataset(db, given)).toBeDefined();
    expect(await addDataset(db, given)).toBeUndefined();
    const own = { ...owner, name: 'mine', workerId: worker, engine: 'own', run: cellsOf(1)[0]!, info: {} };
    await createOwnRun(db, { ...own, idempotencyKey: null, duplicate: false, leaseSeconds: 60 });
    const events = await read();
    expect(kinds(events)).toEqual(['WORKER_STARTED', 'WORKER_STOPPED', 'DATASET_ADDED', 'RUN_CREATED']);
    expect(events[2]).toMatchObject({ detail: { dataset: 'more' } });
    expect(events[2]!.member).not.toBeNull();
    const sweep = await create(1);
    await read();
    for (let i = 0; i < 4; i++) await claim(sweep.id, { leaseSeconds: 0 });
    const told = await read();
    expect(kinds(told).filter((kind) => kind.startsWith('RUN'))).toEqual([
      'RUN_STARTED',
      'RUN_TAKEN_OVER',
      'RUN_TAKEN_OVER',
      'RUN_FAILED',
    ]);
    expect(told.find(({ kind }) => kind === 'RUN_FAILED')!.detail.reason).toBe('its worker was lost 3 times');
  });

  test('has nothing of what was rolled back, and cannot be changed by the application', async () => {
    const sweep = await create(1);
    const read = reader(await snapshotNow(db));
    const client = await db.pool.connect();
    await client.query('BEGIN');
    await client.query(`UPDATE run SET status = 'CANCELLED', ended_at = now() WHERE sweep_id = $1`, [
      sweep.id,
    ]);
    await client.query('ROLLBACK');
    client.release();
    expect(await read()).toEqual([]);
    await expect(db.pool.query(`UPDATE event SET kind = 'RUN_DONE'`)).rejects.toThrow('permission denied');
  });
});

const insert = `INSERT INTO event (team_id, kind, detail) VALUES ($1, 'WORKER_STARTED', jsonb_build_object('n', $2::int))`;
const numbers = (events: readonly EventRow[]) => events.map(({ detail }) => detail.n);

describe('a reader of events', () => {
  test('has an older transaction that commits after a newer one was delivered, once, and waits for neither', async () => {
    const read = reader(await snapshotNow(db));
    const [older, newer] = [new pg.Client(database.url), new pg.Client(database.url)];
    await Promise.all([older.connect(), newer.connect()]);
    await older.query('BEGIN');
    await older.query(insert, [owner.teamId, 1]);
    await newer.query(insert, [owner.teamId, 2]);
    expect(numbers(await read())).toEqual([2]);
    await older.query(insert, [owner.teamId, 3]);
    expect(numbers(await read())).toEqual([]);
    await older.query('COMMIT');
    expect(numbers(await read())).toEqual([1, 3]);
    expect(numbers(await read())).toEqual([]);
    await Promise.all([older.end(), newer.end()]);
  });

  test.each([1, 2, 3])(
    'has every event of transactions in any order exactly once, page by page (seed %i)',
    async (seed) => {
      const random = stream(seed);
      const open: (pg.Client | undefined)[] = Array.from({ length: 6 });
      const clients = await Promise.all(
        open.map(async () => {
          const client = new pg.Client(database.url);
          await client.connect();
          return client;
        }),
      );
      const read = reader(await snapshotNow(db), 3);
      const written: number[] = [];
      const read_: unknown[] = [];
      let pending: number[][] = clients.map(() => []);
      for (let n = 0; n < 300; n++) {
        const who = Math.floor(random() * clients.length);
        const client = clients[who]!;
        if (!open[who]) {
          await client.query('BEGIN');
          open[who] = client;
        }
        const turn = random();
        if (turn < 0.6) {
          await client.query(insert, [owner.teamId, n]);
          pending[who]!.push(n);
        } else {
          const committed = turn < 0.9;
          await client.query(committed ? 'COMMIT' : 'ROLLBACK');
          if (committed) written.push(...pending[who]!);
          pending[who] = [];
          open[who] = undefined;
        }
        if (n % 7 === 0) read_.push(...numbers(await read()));
      }
      for (const [who, client] of clients.entries()) {
        if (open[who]) await client.query('COMMIT');
        written.push(...pending[who]!);
      }
      pending = [];
      read_.push(...numbers(await read()));
      await Promise.all(clients.map((client) => client.end()));
      expect(written.length).toBeGreaterThan(100);
      expect(new Set(read_).size).toBe(read_.length);
      expect([...read_].sort((a, b) => Number(a) - Number(b))).toEqual(written.sort((a, b) => a - b));
    },
  );

  test('has nothing of another team', async () => {
    const read = reader(await snapshotNow(db));
    await database.asOwner(insert, ['00000000-0000-4000-8000-000000000000', 1]);
    expect(await read()).toEqual([]);
  });

  test('with a snapshot of a server that is further on is told so', async () => {
    const { known } = await eventsSince(db, {
      ...owner,
      kinds: null,
      seen: '9000000000:9000000000:',
      midway: null,
      most: 1,
    });
    expect(known).toBe(false);
  });

  test('hears nothing of what a restored dump brought, though its transactions are of another server', async () => {
    const seen = await snapshotNow(db);
    await database.asOwner(
      `INSERT INTO event (team_id, kind, xid) VALUES ($1, 'WORKER_STARTED', '900000000')`,
      [owner.teamId],
    );
    const read = reader(seen);
    expect((await read()).length).toBe(1);
    expect((await read()).length).toBe(1);
    expect(await adoptEvents(db)).toBe(1);
    expect(await read()).toEqual([]);
    expect(await adoptEvents(db)).toBe(0);
  });
});

describe('a list of events', () => {
  test('is walked page by page, newest first and back, without one twice or left out', async () => {
    const all = await database.asOwner<{ id: number }>(
      'SELECT id::int FROM event WHERE team_id = $1 ORDER BY xid DESC, id DESC',
      [owner.teamId],
    );
    const walk = async (backwards: boolean) => {
      const seen: number[] = [];
      let from: [string, string] | null = null;
      for (;;) {
        const { rows }: { rows: EventRow[] } = await eventPage(db, {
          ...owner,
          kinds: null,
          count: 20,
          backwards,
          from,
        });
        const page = rows.slice(0, 20);
        seen.push(...page.map(({ id }) => id));
        if (rows.length <= 20) return seen;
        from = [page.at(-1)!.xid, String(page.at(-1)!.id)];
      }
    };
    const ids = all.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(100);
    expect(await walk(false)).toEqual(ids);
    expect(await walk(true)).toEqual([...ids].reverse());
  });

  test('loses what is older than it is kept, a thousand a statement, and nothing newer', async () => {
    await database.asOwner(
      `INSERT INTO event (team_id, kind, at) SELECT $1, 'WORKER_STARTED', now() FROM generate_series(1, 2500)`,
      [owner.teamId],
    );
    const statements: string[] = [];
    const stop = db.onQuery((name) => statements.push(name));
    const counted = 'SELECT count(*)::int AS n FROM event';
    const [{ n: before }] = (await database.asOwner<{ n: number }>(counted)) as [{ n: number }];
    await database.asOwner(`UPDATE event SET at = now() - interval '31 days'`);
    await database.asOwner(`INSERT INTO event (team_id, kind) VALUES ($1, 'WORKER_STARTED')`, [owner.teamId]);
    expect(await purgeEvents(db)).toBe(before);
    stop();
    expect(statements).toEqual(Array.from({ length: Math.floor(before / 1000) + 1 }, () => 'purgeEvents'));
    expect(await database.asOwner(counted)).toEqual([{ n: 1 }]);
  });

  test('has a mark that changes with the newest', async () => {
    const mark = async () => (await marksOf(db, [owner.teamId], [])).get(owner.teamId);
    const before = await mark();
    expect(await mark()).toBe(before);
    await database.asOwner(insert, [owner.teamId, 1]);
    expect(await mark()).not.toBe(before);
  });
});
