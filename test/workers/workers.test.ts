import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@smallbatch/client';
import { createSweep, type Db, type NewRun } from '@smallbatch/db';
import {
  Checkpoints,
  chooseSplit,
  nameOf,
  openTensorflow,
  runWorkers,
  splitsOf,
  storeDataset,
} from '@smallbatch/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { newRun, newSweep } from '../packages/db/new-run.ts';

// Real processes of what was built: an API with a lease of 2 seconds, and workers.
const root = join(import.meta.dirname, '../..');
const LEASE = 2;
const started: ChildProcess[] = [];
let database: Awaited<ReturnType<typeof testDatabase>>;
let owner: { db: Db; teamId: string; memberId: string };
let home: string;
let port = 0;
let datasetId: string;

async function startApi(at = 0): Promise<ChildProcess> {
  const api = fork(join(root, 'apps/api/dist/main.js'), {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      PORT: String(at),
      SMALLBATCH_LEASE_SECONDS: String(LEASE),
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  started.push(api);
  const [{ listening }] = (await once(api, 'message')) as [{ listening: string }];
  port = Number(new URL(listening).port);
  return api;
}

interface Event {
  kind: string;
  reason?: string;
  key?: string;
}
interface Worker {
  child: ChildProcess;
  events: Event[];
  ended: Promise<unknown>;
}
function startWorker(
  sweep: string,
  given: { checkpointSeconds?: number; untilEmpty?: boolean } = {},
): Worker {
  const child = fork(join(root, 'packages/trainer/dist/worker-process.js'), { serialization: 'advanced' });
  started.push(child);
  const events: Event[] = [];
  child.on('message', (event: Event) => events.push(event));
  child.send({ url: `http://127.0.0.1:${port}`, home, sweep, untilEmpty: true, ...given });
  return { child, events, ended: once(child, 'exit') };
}

beforeAll(async () => {
  database = await testDatabase();
  owner = await database.openOwned();
  home = await mkdtemp(join(tmpdir(), 'smallbatch-workers-'));
  const shape = { classes: 3, channels: 3, height: 8, width: 8, trainCount: 48, testCount: 12 };
  const images = new Uint8Array(60 * 192).map((_, i) => (i * 37) % 251);
  const labels = new Uint8Array(60).map((_, i) => i % 3);
  const { hash } = await storeDataset(home, { name: 'tiny', description: 'tiny', shape, images, labels });
  const { id } = await owner.db.prisma.dataset.create({
    data: { id: crypto.randomUUID(), teamId: owner.teamId, name: 'tiny', hash, ...shape },
  });
  datasetId = id;
  await startApi();
});
afterAll(async () => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

/** A run's id as the API gives it. */
const globalId = (id: string): string => Buffer.from(`Run:${id}`).toString('base64');

let next = 0;
const sweepOf = (count: number, epochs: number, given: Partial<NewRun> = {}) => {
  const steps = epochs * 24;
  const cells = Array.from({ length: count }, (_, seed) =>
    newRun(datasetId, {
      seed,
      width: 1,
      batchSize: 2,
      budgetValue: epochs,
      plannedSteps: steps,
      bundleKey: `tiny ${next}`,
      baseLearningRate: 2 ** -(8 + (next % 30)),
      ...given,
    }),
  );
  next++;
  return createSweep(owner.db, newSweep(owner, cells));
};
const until = async (what: () => Promise<boolean>, seconds = 60): Promise<void> => {
  const end = Date.now() + seconds * 1000;
  while (!(await what())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const runsOf = (sweepId: string) =>
  database.asOwner<{ id: string; status: string; attempt: number }>(
    'SELECT id, status, attempt FROM run WHERE sweep_id = $1 ORDER BY queue_rank',
    [sweepId],
  );
/** Each run is DONE, with each epoch's point of each metric once. */
async function expectComplete(sweepId: string, count: number, epochs: number): Promise<void> {
  const runs = await runsOf(sweepId);
  expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'DONE'));
  const points = await database.asOwner<{ n: number; d: number; runs: number }>(
    `SELECT count(*)::int AS n, count(DISTINCT (c.run_id, u.step))::int AS d, count(DISTINCT c.run_id)::int AS runs
     FROM run r JOIN chunk c ON c.run_id = r.id JOIN metric m ON m.id = c.metric_id, unnest(c.steps) AS u (step)
     WHERE r.sweep_id = $1 AND m.name = 'test_accuracy'`,
    [sweepId],
  );
  expect(points[0]).toEqual({ n: count * epochs, d: count * epochs, runs: count });
  const summaries = await database.asOwner<{ n: number }>(
    `SELECT sum(s.count)::int AS n FROM run r JOIN run_metric s ON s.run_id = r.id JOIN metric m ON m.id = s.metric_id WHERE r.sweep_id = $1 AND m.name = 'test_accuracy'`,
    [sweepId],
  );
  expect(summaries[0]!.n).toBe(count * epochs);
}

test('8 workers on 500 tiny runs: every run is done once, and every point is there once', async () => {
  const sweep = await sweepOf(500, 1);
  const workers = Array.from({ length: 8 }, () => startWorker(sweep.key));
  await Promise.all(workers.map(({ ended }) => ended));
  await expectComplete(sweep.id, 500, 1);
  expect((await runsOf(sweep.id)).filter(({ attempt }) => attempt !== 1)).toEqual([]);
});

test('a worker that is killed in the middle of a run loses it to another, which begins anew', async () => {
  // Long beside the time until its first points arrive.
  const sweep = await sweepOf(1, 400);
  const victim = startWorker(sweep.key);
  await until(
    async () =>
      (
        await database.asOwner('SELECT FROM chunk c JOIN run r ON r.id = c.run_id WHERE r.sweep_id = $1', [
          sweep.id,
        ])
      ).length > 0,
  );
  victim.child.kill('SIGKILL');
  await victim.ended;
  expect((await runsOf(sweep.id))[0]).toMatchObject({ status: 'RUNNING', attempt: 1 });
  const heir = startWorker(sweep.key);
  await heir.ended;
  await expectComplete(sweep.id, 1, 400);
  expect((await runsOf(sweep.id))[0]!.attempt).toBe(2);
  const ends = await database.asOwner('SELECT "end" FROM attempt WHERE run_id = $1 ORDER BY number', [
    (await runsOf(sweep.id))[0]!.id,
  ]);
  expect(ends).toEqual([{ end: 'LOST' }, { end: 'DONE' }]);
});

test('a worker that slept past its lease is refused, and says aloud what it discards', async () => {
  const sweep = await sweepOf(1, 60);
  const sleeper = startWorker(sweep.key);
  await until(
    async () =>
      (
        await database.asOwner('SELECT FROM chunk c JOIN run r ON r.id = c.run_id WHERE r.sweep_id = $1', [
          sweep.id,
        ])
      ).length > 0,
  );
  sleeper.child.kill('SIGSTOP');
  const heir = startWorker(sweep.key);
  await until(async () => (await runsOf(sweep.id))[0]!.attempt === 2);
  sleeper.child.kill('SIGCONT');
  await Promise.all([heir.ended, sleeper.ended]);
  await expectComplete(sweep.id, 1, 60);
  expect(sleeper.events.filter(({ kind }) => kind === 'discarded').length).toBeGreaterThan(0);
  expect(heir.events.filter(({ kind }) => kind === 'discarded')).toEqual([]);
});

test('an API that is killed and comes back is delivered everything that was trained meanwhile', async () => {
  const sweep = await sweepOf(6, 20);
  const [api] = started;
  const workers = [startWorker(sweep.key), startWorker(sweep.key)];
  await until(
    async () =>
      (
        await database.asOwner('SELECT FROM chunk c JOIN run r ON r.id = c.run_id WHERE r.sweep_id = $1', [
          sweep.id,
        ])
      ).length > 0,
  );
  api!.kill('SIGKILL');
  await once(api!, 'exit');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await startApi(port);
  await Promise.all(workers.map(({ ended }) => ended));
  await expectComplete(sweep.id, 6, 20);
});

/** Values of every deterministic metric of the runs of a sweep, by seed, step by step. */
async function valuesOf(sweepId: string): Promise<string> {
  const rows = await database.asOwner(
    `SELECT r.seed, m.name, u.step, u.value FROM run r JOIN chunk c ON c.run_id = r.id JOIN metric m ON m.id = c.metric_id,
       unnest(c.steps, c."values") AS u (step, value)
     WHERE r.sweep_id = $1 AND m.name <> 'samples_per_second' ORDER BY 1, 2, 3`,
    [sweepId],
  );
  return JSON.stringify(rows);
}

test('a killed run goes on from its checkpoint with another worker, also when the newest is torn, and its metrics are those of an undisturbed run', async () => {
  const given = { batchNorm: true, momentum: 0.9, width: 2 };
  const epochs = 200;
  const undisturbed = await sweepOf(3, epochs, given);
  await startWorker(undisturbed.key).ended;
  await expectComplete(undisturbed.id, 3, epochs);
  next--;

  await database.asOwner("UPDATE run SET status = 'CANCELLED', ended_at = now() WHERE sweep_id = $1", [
    undisturbed.id,
  ]);
  const disturbed = await sweepOf(3, epochs, given);
  const runs = await runsOf(disturbed.id);
  const checkpoints = new Checkpoints(home);
  const stepsOf = async (): Promise<number[]> => (await checkpoints.list()).get(globalId(runs[0]!.id)) ?? [];
  const victim = startWorker(disturbed.key, { checkpointSeconds: 0.2 });
  await until(async () => (await stepsOf()).length > 1);
  victim.child.kill('SIGKILL');
  await victim.ended;
  const [newest = 0, before = 0] = await stepsOf();
  expect(newest).toBeGreaterThan(before);
  await truncate(
    join(home, 'checkpoints', `${encodeURIComponent(globalId(runs[0]!.id))}.${newest}.checkpoint`),
    99,
  );

  const heir = startWorker(disturbed.key, { checkpointSeconds: 0.2 });
  await heir.ended;
  await expectComplete(disturbed.id, 3, epochs);
  expect(await valuesOf(disturbed.id)).toBe(await valuesOf(undisturbed.id));
  expect(heir.events.filter(({ kind }) => kind === 'resumed').length).toBe(3);
  expect(heir.events.filter(({ kind }) => kind === 'released').map(({ key }) => key)).toHaveLength(1);
  const starts = await database.asOwner<{ start: number }>(
    'SELECT max(start_step)::int AS start FROM attempt WHERE run_id = ANY ($1) GROUP BY run_id',
    [runs.map(({ id }) => id)],
  );
  for (const { start } of starts) expect(start).toBeGreaterThan(0);
  expect(await stepsOf()).toEqual([]);
});

test('a worker that is told to stop leaves a checkpoint, and the next one loses not a step', async () => {
  const sweep = await sweepOf(2, 400, { width: 2 });
  const first = startWorker(sweep.key, { checkpointSeconds: 1000 });
  await until(async () => first.events.some(({ kind }) => kind === 'claimed'));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  first.child.kill('SIGTERM');
  await first.ended;
  const runs = await runsOf(sweep.id);
  expect(runs.map(({ status }) => status)).toEqual(['WAITING', 'WAITING']);
  const second = startWorker(sweep.key);
  await second.ended;
  await expectComplete(sweep.id, 2, 400);
  const attempts = await database.asOwner<{ number: number; start: number; end: string }>(
    'SELECT number, start_step::int AS start, "end" FROM attempt WHERE run_id = $1 ORDER BY number',
    [runs[0]!.id],
  );
  expect(attempts.map(({ end }) => end)).toEqual(['RELEASED', 'DONE']);
  expect(attempts[1]!.start).toBeGreaterThan(0);
});

const tensorflow = await openTensorflow({ device: 'cpu' }).then(
  () => undefined,
  (error: Error) => error.message,
);
test('a worker whose tensor ids run out is started anew at once, and its runs go on where they were', async (context) => {
  context.skip(tensorflow !== undefined, tensorflow);
  const sweep = await sweepOf(2, 4, { width: 2 });
  const events: string[] = [];
  await runWorkers({
    url: `http://127.0.0.1:${port}`,
    home,
    sweep: sweep.key,
    untilEmpty: true,
    engine: 'tensorflow',
    device: 'cpu',
    idLimit: 20_000,
    processes: 1,
    signal: AbortSignal.timeout(120_000),
    onEvent: ({ kind }) => events.push(kind),
  });
  await expectComplete(sweep.id, 2, 4);
  expect(events).toContain('exhausted');
  const [row] = await database.asOwner<{ ends: string }>(
    `SELECT string_agg(a."end"::text, ' ' ORDER BY number) AS ends FROM attempt a JOIN run r ON r.id = a.run_id
     WHERE r.sweep_id = $1 GROUP BY r.id LIMIT 1`,
    [sweep.id],
  );
  expect(row!.ends).toMatch(/^(RELEASED )+DONE$/);
  expect(events.filter((kind) => kind === 'resumed').length).toBeGreaterThan(0);
});

test('a run that needs more memory or another data set than any worker has waits, and says for what', async () => {
  const large = await sweepOf(1, 1, { memoryBytes: 2 ** 50 });
  const worker = startWorker(large.key, { untilEmpty: false });
  await until(async () => worker.events.some(({ kind }) => kind === 'idle'));
  const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `{ run(key: "${large.key}/1") { status waitsFor } }` }),
  });
  const { data } = (await answer.json()) as { data: { run: { status: string; waitsFor: string } } };
  expect(data.run.status).toBe('WAITING');
  expect(data.run.waitsFor).toMatch(
    /^a step needs 1048576.0 GiB of memory, and the workers that are up have [\d.]+ GiB at most$/,
  );
  await database.asOwner("UPDATE run SET status = 'CANCELLED', ended_at = now() WHERE sweep_id = $1", [
    large.id,
  ]);
  worker.child.kill('SIGTERM');
  await worker.ended;
});

test('a worker that has other bytes under the name of a data set leaves its runs to others, and says both hashes', async () => {
  const shape = { classes: 3, channels: 3, height: 8, width: 8, trainCount: 48, testCount: 12 };
  const hash = 'ab'.repeat(32);
  const { id } = await owner.db.prisma.dataset.create({
    data: { id: crypto.randomUUID(), teamId: owner.teamId, name: 'twins', hash, ...shape },
  });
  const images = new Uint8Array(60 * 192).fill(7);
  const labels = new Uint8Array(60).map((_, i) => i % 3);
  const mine = await storeDataset(home, { name: 'twins', description: 'other bytes', shape, images, labels });
  const sweep = await sweepOf(1, 1, { datasetId: id });
  const worker = startWorker(sweep.key, { untilEmpty: false });
  await until(async () => worker.events.some(({ kind }) => kind === 'idle'));
  const said = worker.events.find(({ kind }) => kind === 'idle') as unknown as { message: string };
  expect(said.message).toContain(
    `twins with hash abababababab…, where this machine has other bytes under that name, ${mine.hash.slice(0, 12)}…`,
  );
  expect((await runsOf(sweep.id)).map(({ status }) => status)).toEqual(['WAITING']);
  await database.asOwner("UPDATE run SET status = 'CANCELLED', ended_at = now() WHERE sweep_id = $1", [
    sweep.id,
  ]);
  worker.child.kill('SIGTERM');
  await worker.ended;
});

test('how the cores are split is measured for the long work that waits, once, and remembered with it; short work is not measured', async () => {
  const client = createClient({ url: `http://127.0.0.1:${port}` });
  const short = await sweepOf(1, 1);
  const long = await sweepOf(1, 40_000_000, { width: 2 });
  const measured: { width: number; rates: object }[] = [];
  const choose = (sweep: string) =>
    chooseSplit({
      engine: 'onnx',
      device: 'cpu',
      client,
      home,
      gpus: [],
      signal: new AbortController().signal,
      sweep,
      onMeasured: ({ width }, rates) => measured.push({ width, rates }),
    });
  const [usual, ...others] = splitsOf({ engine: 'onnx', device: 'cpu' }, availableParallelism(), 1);
  expect(await choose(short.key)).toEqual(usual);
  expect(measured).toEqual([]);
  const split = await choose(long.key);
  if (others.length > 0) {
    const names = [usual!, ...others].map(nameOf);
    expect(measured.map(({ width, rates }) => [width, Object.keys(rates)])).toEqual([[2, names]]);
    expect(Object.values(measured[0]!.rates).every((rate) => rate > 0)).toBe(true);
  }
  expect(await choose(long.key)).toEqual(split);
  expect(measured.length).toBe(others.length > 0 ? 1 : 0);
  client.close();
  await database.asOwner("UPDATE run SET status = 'CANCELLED', ended_at = now() WHERE sweep_id IN ($1, $2)", [
    short.id,
    long.id,
  ]);
});
