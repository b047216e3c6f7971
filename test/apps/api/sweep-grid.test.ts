import { createClient, type SweepUpdate, watchSweep } from '@smallbatch/client';
import { changeSweep, claimRuns, createSweep, finishRuns } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { addDataset, addWorker, newRun, newSweep } from '../../packages/db/new-run.ts';
import { record } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
let owner: { teamId: string; memberId: string };
let dataset: { id: string; hash: string };
beforeAll(async () => {
  own = await testApi();
  owner = { teamId: own.teamId, memberId: own.memberId };
  dataset = await addDataset(own.db, own.teamId);
});
// No sweep takes the runs of the test before.
beforeEach(() =>
  own.asOwner(
    `UPDATE run SET configuration_hash = id::text; UPDATE cell SET configuration_hash = run_id::text`,
  ),
);

const FILE = {
  name: 'grid',
  dataset: ['shapes'],
  model: 'resnet8',
  axes: { batchSize: [8, 2], batchNorm: [true, false], seed: [0, 1] },
  hyper: { cut: [0.5, 'none'] },
  fixed: { epochs: 2, baseLearningRate: 0.001 },
  order: 'listed',
};
const ask = async (query: string, variables: object = {}): Promise<Answer> => {
  const { data, errors } = await own.ask(query, variables);
  expect(errors).toEqual([]);
  return Object.values(data)[0];
};
const create = async (given: object = {}): Promise<string> => {
  const made = await ask(
    'mutation ($d: JSON!) { createSweep(definition: $d) { ... on CreateSweepSuccess { sweep { key } } ... on InvalidInput { message } } }',
    { d: { ...FILE, ...given } },
  );
  expect(made.message).toBeUndefined();
  return made.sweep.key;
};
const add = (key: string, seeds: unknown[]): Promise<Answer> =>
  ask(
    `mutation ($key: String!, $seeds: [SafeInt!]!) { addSeeds(key: $key, seeds: $seeds) {
      __typename ... on SeedsAdded { created reused existing } ... on SeedsRefused { why message } ... on SweepEnded { message }
      ... on NotFound { message } ... on InvalidInput { message } } }`,
    { key, seeds },
  );
const TABLE = `total positions runs statuses diverged reused columns { axis param values codes }`;
const table = (key: string, part = ''): Promise<Answer> =>
  ask(`query ($key: String!) { sweep(key: $key) { cellTable${part} { ${TABLE} } } }`, { key }).then(
    (sweep) => sweep.cellTable,
  );
const column = (cells: Answer, name: string): unknown[] => {
  const found = cells.columns.find(({ axis, param }: Answer) => (axis ?? param) === name);
  return found.codes.map((code: number) => found.values[code]);
};

describe("a sweep's grid", () => {
  test('has every cell with what tells it apart, as columns, in two statements at most', async () => {
    const key = await create();
    await record(own, `${key}/2`, { diverged: true });
    await record(own, `${key}/3`, { status: 'FAILED' });
    own.statements();
    const cells = await table(key);
    const names = own.statements().map((text) => /\/\* (.*?) \*\//.exec(text)?.[1] ?? 'prisma');
    expect(names).toEqual(['prisma', 'cellTable', 'settings']);
    expect(cells.total).toBe(16);
    expect(cells.positions).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(cells.runs[4]).toBe(`${key}/5`);
    expect(cells.statuses.slice(0, 4)).toEqual(['WAITING', 'DONE', 'FAILED', 'WAITING']);
    expect(cells.diverged.slice(0, 3)).toEqual([false, true, false]);
    expect(cells.reused).toEqual(Array(16).fill(false));
    expect(cells.columns.map(({ axis, param, values }: Answer) => [axis, param, values])).toEqual([
      ['BATCH_SIZE', null, [2, 8]],
      ['BATCH_NORM', null, [false, true]],
      ['SEED', null, [0, 1]],
      [null, 'cut', ['none', 0.5]],
    ]);
    // Cell by cell what the runs say.
    const { nodes } = await ask(
      'query ($w: RunFilter) { runs(where: $w, first: 100) { nodes { key batchSize batchNorm seed hyper } } }',
      {
        w: { sweep: { eq: key } },
      },
    );
    for (const run of nodes) {
      const i = cells.runs.indexOf(run.key);
      expect([
        column(cells, 'BATCH_SIZE')[i],
        column(cells, 'BATCH_NORM')[i],
        column(cells, 'SEED')[i],
        column(cells, 'cut')[i],
      ]).toEqual([run.batchSize, run.batchNorm, run.seed, run.hyper.cut]);
    }
    await table(key);
    expect(own.statements().some((text) => text.includes('/* settings */'))).toBe(false);
  });

  test('comes in parts too, which know what differs in the whole', async () => {
    const key = await create();
    const whole = await table(key);
    const part = await table(key, '(first: 1, skip: 4)');
    expect(part.positions).toEqual([5]);
    expect(part.total).toBe(16);
    expect(part.columns.map(({ axis, param }: Answer) => axis ?? param)).toEqual([
      'BATCH_SIZE',
      'BATCH_NORM',
      'SEED',
      'cut',
    ]);
    expect(part.columns.map(({ values, codes }: Answer) => values[codes[0]])).toEqual(
      whole.columns.map(({ values, codes }: Answer) => values[codes[4]]),
    );
    const { errors } = await own.ask(`{ sweep(key: "${key}") { cellTable(first: 10001) { total } } }`);
    expect(errors[0]!.extensions.code).toBe('PAGE_TOO_LARGE');
  });

  test('of one setting has no column; a reused run is told', async () => {
    const one = { axes: { batchSize: [4] }, hyper: {} };
    const key = await create(one);
    expect((await table(key)).columns).toEqual([]);
    expect((await table(await create(one))).reused).toEqual([true]);
  });

  test('is an answer of a moment for 10,000 cells', async () => {
    const runs = Array.from({ length: 10_000 }, (_, i) =>
      newRun(dataset.id, { batchSize: 1 + (i % 100), seed: Math.floor(i / 100) }),
    );
    const { key } = await createSweep(own.db, newSweep(owner, runs));
    const { data, errors, extensions } = await own.ask(`{ sweep(key: "${key}") { cellTable { ${TABLE} } } }`);
    expect(errors).toEqual([]);
    expect(extensions.cost.cost ?? 0).toBeLessThan(100);
    const cells = data.sweep.cellTable;
    expect(cells.positions).toHaveLength(10_000);
    expect(cells.columns.map(({ axis, values }: Answer) => [axis, values.length])).toEqual([
      ['BATCH_SIZE', 100],
      ['SEED', 100],
    ]);
    expect(JSON.stringify(cells).length).toBeLessThan(1_000_000);
  });

  test('has what it cost, and who trains it now', async () => {
    const [key, idle] = [await create(), await create({ name: 'idle', axes: { batchSize: [16] } })];
    const workers = [await addWorker(own.db, owner, 'one'), await addWorker(own.db, owner, 'two')];
    const sweep = await own.db.prisma.sweep.findFirstOrThrow({ where: { key } });
    for (const workerId of workers)
      await claimRuns(own.db, {
        ...owner,
        workerId,
        datasets: [dataset.hash],
        trainerVersion: TRAINER_VERSION,
        max: 2,
        leaseSeconds: 60,
        sweepId: sweep.id,
      });
    const [claimed] = await own.asOwner<{ id: string }>(`SELECT id FROM run WHERE worker_id = $1 LIMIT 1`, [
      workers[0],
    ]);
    await finishRuns(own.db, own.teamId, [
      {
        runId: claimed!.id,
        attempt: 1,
        sequence: 0,
        step: 1,
        samplesSeen: 1,
        deviceSeconds: 2.5,
        outcome: 'DONE',
      },
    ]);
    own.statements();
    const sweeps = (await own.ask('{ sweeps(first: 2) { nodes { key deviceSeconds workers { name } } } }'))
      .data.sweeps.nodes;
    expect(own.statements().filter((text) => text.includes('workersOfSweeps'))).toHaveLength(1);
    expect(sweeps).toEqual([
      { key: idle, deviceSeconds: 0, workers: [] },
      { key, deviceSeconds: 2.5, workers: [{ name: 'one' }, { name: 'two' }] },
    ]);
    // Whoever takes its runs pays nothing for them.
    const taken = await create();
    expect(
      (await ask('query ($key: String!) { sweep(key: $key) { deviceSeconds } }', { key: taken }))
        .deviceSeconds,
    ).toBe(0);
  });
});

describe('addSeeds', () => {
  const cellsOf = async (key: string) => {
    const cells = await table(key);
    const names = ['BATCH_SIZE', 'BATCH_NORM', 'SEED', 'cut'].map((name) => column(cells, name));
    return cells.positions.map((position: number, i: number) => [
      position,
      ...names.map((values) => values[i]),
    ]);
  };

  test('appends each setting with each new seed, once, and the definition stays', async () => {
    const key = await create();
    const before = await cellsOf(key);
    expect(await add(key, [1, 7, 9, 7])).toEqual({
      __typename: 'SeedsAdded',
      created: 16,
      reused: 0,
      existing: 8,
    });
    const after = await cellsOf(key);
    expect(after.slice(0, 16)).toEqual(before);
    expect(after.slice(16).map(([position]: number[]) => position)).toEqual(
      Array.from({ length: 16 }, (_, i) => 17 + i),
    );
    const settings = new Set(
      before.map(([, size, norm, , cut]: unknown[]) => JSON.stringify([size, norm, cut])),
    );
    expect(
      new Set(
        after
          .slice(16)
          .map(([, size, norm, seed, cut]: unknown[]) => JSON.stringify([[size, norm, cut], seed])),
      ),
    ).toEqual(
      new Set(
        [7, 9].flatMap((seed) =>
          [...settings].map((setting) => JSON.stringify([JSON.parse(setting as string), seed])),
        ),
      ),
    );
    const sweep = await ask(
      'query ($key: String!) { sweep(key: $key) { definition addedSeeds status counts { total waiting } cellTable { total runs } } }',
      { key },
    );
    expect(sweep).toMatchObject({
      definition: { ...FILE },
      addedSeeds: [1, 7, 9],
      counts: { total: 32, waiting: 32 },
      cellTable: { total: 32 },
    });
    expect(sweep.cellTable.runs[16]).toBe(`${key}/17`);
    // What it has already is only counted.
    expect(await add(key, [9])).toEqual({ __typename: 'SeedsAdded', created: 0, reused: 0, existing: 8 });
    // A cell that was added is the run that the same grid with that seed would take.
    const whole = await ask(
      'mutation ($d: JSON!) { createSweep(definition: $d) { ... on CreateSweepSuccess { created reused } } }',
      { d: { ...FILE, axes: { ...FILE.axes, seed: [0, 1, 7, 9] } } },
    );
    expect(whole).toEqual({ created: 0, reused: 32 });
  });

  test('makes a sweep that was done go on, in the queue behind its other runs, and takes runs that are there', async () => {
    const key = await create();
    for (let i = 1; i <= 16; i++) await record(own, `${key}/${i}`, { value: 0.5 });
    const status = async () =>
      (await ask('query ($key: String!) { sweep(key: $key) { status } }', { key })).status;
    expect(await status()).toBe('DONE');
    const other = await create({ axes: { batchSize: [8], batchNorm: [true], seed: [5] } });
    expect(await add(key, [5])).toEqual({ __typename: 'SeedsAdded', created: 6, reused: 2, existing: 0 });
    expect(await status()).toBe('RUNNING');
    const reused = (await table(key)).reused.slice(16);
    expect(reused.filter(Boolean)).toHaveLength(2);
    const ranks = await own.asOwner<{ key: string }>(
      'SELECT key FROM run WHERE key LIKE $1 ORDER BY queue_rank',
      [`${key}/%`],
    );
    expect(ranks.slice(0, 16).map((run) => run.key)).toEqual(
      Array.from({ length: 16 }, (_, i) => `${key}/${i + 1}`),
    );
    // Without reuse the same seed is trained again.
    const alone = await create({ reuse: false });
    expect(await add(alone, [5])).toEqual({ __typename: 'SeedsAdded', created: 8, reused: 0, existing: 0 });
    expect(other).not.toBe(alone);
  });

  test('leaves new runs of a paused sweep waiting for it', async () => {
    const key = await create();
    const { id } = await own.db.prisma.sweep.findFirstOrThrow({ where: { key } });
    await changeSweep(own.db, id, 'pause');
    await add(key, [3]);
    const held = async () => (await own.asOwner('SELECT FROM run WHERE sweep_id = $1 AND held', [id])).length;
    expect(await held()).toBe(24);
    await changeSweep(own.db, id, 'resume');
    expect(await held()).toBe(0);
  });

  test('is told to who watches the sweep: the new cells, and no other', async () => {
    const key = await create();
    const client = createClient({ url: own.api.url, webSocket: WebSocket });
    const messages = watchSweep(client, { key })[Symbol.asyncIterator]();
    const next = async (): Promise<SweepUpdate> => (await messages.next()).value as SweepUpdate;
    expect((await next()).changed.positions).toHaveLength(16);
    await add(key, [4]);
    const { changed, reset } = await next();
    expect(reset).toBe(false);
    expect(changed.positions).toEqual([17, 18, 19, 20, 21, 22, 23, 24]);
    expect(changed.statuses).toEqual(Array(8).fill('WAITING'));
    // Changes of the new runs are heard from now on.
    await own.asOwner(`UPDATE run SET status = 'CANCELLED', ended_at = now() WHERE key = $1`, [`${key}/20`]);
    const [{ id } = { id: '' }] = await own.asOwner<{ id: string }>('SELECT id FROM run WHERE key = $1', [
      `${key}/20`,
    ]);
    own.db.changed(own.teamId, [id], true);
    expect((await next()).changed.positions).toEqual([20]);
    await messages.return?.();
    client.close();
    const { nodes } = await ask(
      '{ activity(kinds: [SEEDS_ADDED], first: 1) { nodes { kind sweep cells } } }',
    );
    expect(nodes).toEqual([{ kind: 'SEEDS_ADDED', sweep: key, cells: 8 }]);
  });

  test('is refused where it makes no sense, with the way out', async () => {
    const halving = await create({
      strategy: 'halving',
      axes: { batchSize: [2, 8] },
      hyper: {},
      metric: undefined,
    });
    expect(await add(halving, [1])).toMatchObject({
      __typename: 'SeedsRefused',
      why: 'STOPS_EARLY',
      message: expect.stringContaining('new sweep'),
    });
    const cancelled = await create({ name: 'gone', axes: { batchSize: [4] } });
    const { id } = await own.db.prisma.sweep.findFirstOrThrow({ where: { key: cancelled } });
    await changeSweep(own.db, id, 'cancel');
    expect(await add(cancelled, [1])).toMatchObject({
      __typename: 'SweepEnded',
      message: expect.stringContaining('retrySweep'),
    });
    const older = await create({ name: 'older', axes: { batchSize: [32] } });
    await own.asOwner(`UPDATE run SET setting_hash = 'older' WHERE key LIKE $1`, [`${older}/%`]);
    expect(await add(older, [1])).toMatchObject({ __typename: 'SeedsRefused', why: 'OTHER_TRAINER' });
    expect(await add('nothing', [1])).toMatchObject({
      __typename: 'NotFound',
      message: 'unknown sweep "nothing"',
    });
    const key = await create({ name: 'whole' });
    expect(await add(key, [])).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringContaining('invalid seeds: 0'),
    });
    expect(await add(key, [-1])).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringContaining('invalid seed: -1'),
    });
    expect(
      (
        await add(
          key,
          Array.from({ length: 1001 }, (_, i) => i),
        )
      ).message,
    ).toContain('invalid seeds: 1001');
    await own.asOwner('UPDATE sweep SET cell_count = 99999 WHERE key = $1', [key]);
    expect((await add(key, [2])).message).toContain('would have 100,007 cells');
    expect(
      await own.asOwner('SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE s.key = $1', [key]),
    ).toHaveLength(16);
  });

  test('knows every axis of a setting', async () => {
    const axes = {
      batchSize: [8],
      bnBatch: [2, 4],
      baseLearningRate: [0.1, 2 ** -12],
      weightDecay: [1e-4, 0.0005],
    };
    const fixed = {
      budget: { goalError: 0.25, epochs: 10 },
      schedule: { kind: 'steps', at: [0.5, 0.75], factor: 0.1 },
      batchSchedule: { at: [0.5], factor: 2 },
      batchNorm: true,
      momentum: 0.9,
      nesterov: true,
      augmentation: true,
      warmUp: true,
      width: 8,
      evaluateEvery: 2,
    };
    const key = await create({ axes, fixed, hyper: { cut_2: [0.1, 1e21, true, 'x'] } });
    expect(await add(key, [3])).toEqual({ __typename: 'SeedsAdded', created: 32, reused: 0, existing: 0 });
    const whole = await ask(
      'mutation ($d: JSON!) { createSweep(definition: $d) { ... on CreateSweepSuccess { created reused } } }',
      { d: { ...FILE, axes: { ...axes, seed: [3] }, fixed, hyper: { cut_2: [0.1, 1e21, true, 'x'] } } },
    );
    expect(whole).toEqual({ created: 0, reused: 32 });
  });

  test('adds to a drawn sweep each setting that was drawn', async () => {
    const key = await create({
      strategy: 'random',
      cells: 5,
      axes: { batchSize: [2, 4, 8, 16], batchNorm: [true, false] },
    });
    const drawn = await table(key);
    expect(await add(key, [100])).toMatchObject({ created: 5, existing: 0 });
    const cells = await table(key);
    expect(column(cells, 'SEED').slice(5)).toEqual(Array(5).fill(100));
    expect(column(cells, 'BATCH_SIZE').slice(5)).toEqual(column(drawn, 'BATCH_SIZE'));
  });
});
