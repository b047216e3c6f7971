import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiError,
  type Client,
  createClient,
  graphql,
  type RunUpdate,
  type SweepUpdate,
  watchActivity,
  watchRun,
  watchSweep,
} from '@smallbatch/client';
import {
  type Claimed,
  claimRuns,
  createSweep,
  createToken,
  finishRuns,
  reportMetrics,
  uuidv7,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { addDataset, addWorker, newRun, newSweep } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
let owner: { teamId: string; memberId: string };
let dataset: { id: string; hash: string };
let worker: string;
const clients: Client[] = [];
const connect = (token?: string): Client => {
  const client = createClient({ url: own.api.url, webSocket: WebSocket, ...(token ? { token } : {}) });
  clients.push(client);
  return client;
};
beforeAll(async () => {
  own = await testApi({
    socketLimits: { waitingMs: 500, waitingBytes: 2_000_000, subscriptions: 40, farewellMs: 30_000 },
  });
  owner = { teamId: own.teamId, memberId: own.memberId };
  dataset = await addDataset(own.db, own.teamId);
  worker = await addWorker(own.db, owner, 'trainer');
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

let seed = 0;
const create = async (n: number) => {
  const bundleKey = `bundle ${seed}`;
  const cells = Array.from({ length: n }, () => newRun(dataset.id, { bundleKey, seed: seed++ }));
  const sweep = await createSweep(own.db, newSweep(owner, cells));
  own.db.changed(own.teamId, [sweep.id], true);
  return sweep;
};
const claim = (sweepId: string, max = 64, checkpoints: { runId: string; step: number }[] = []) =>
  claimRuns(own.db, {
    ...owner,
    workerId: worker,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max,
    leaseSeconds: 60,
    sweepId,
    checkpoints,
  });
const finish = (run: Claimed, sequence: number, outcome: 'DONE' | 'RELEASED' | 'FAILED' = 'DONE') =>
  finishRuns(own.db, own.teamId, [
    { ...run, sequence, outcome, step: 9, samplesSeen: 18, deviceSeconds: 1, reason: null },
  ]);
const report = (run: Claimed, sequence: number, steps: number[], metric = 'test_accuracy') =>
  reportMetrics(own.db, own.teamId, [
    { ...run, sequence, series: [{ metric, steps, values: steps.map((step) => step / 100) }] },
  ]);
/** The next message that fits; those before it are looked at too. */
async function until<T>(messages: AsyncIterator<T>, fits: (message: T) => boolean): Promise<T> {
  for (;;) {
    const { value, done } = await messages.next();
    if (done) throw new Error('the subscription ended');
    if (fits(value)) return value;
  }
}
/** Notices of what was done are sent after up to 100 ms, and heard by all. */
const settled = () => sleep(600);
const failure = async (messages: AsyncIterator<unknown>): Promise<ApiError> => {
  const error = await messages.next().then(
    () => new Error('a message came'),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error;
};
const merge = (cells: Map<number, string>, { changed, reset }: SweepUpdate) => {
  if (reset) cells.clear();
  changed.positions.forEach((position, i) => {
    cells.set(
      position,
      `${changed.runs[i]} ${changed.statuses[i]} ${changed.attempts[i]} ${changed.workers[i]}`,
    );
  });
  return cells;
};

describe('a watched sweep', () => {
  test('begins with all its cells, and then has those that changed', async () => {
    const sweep = await create(3);
    await settled();
    const messages = watchSweep(connect(), { key: sweep.key });
    const { value: first } = (await messages.next()) as { value: SweepUpdate };
    expect(first).toMatchObject({ reset: true, sweep: { counts: { waiting: 3 } } });
    expect(first.changed).toEqual({
      positions: [1, 2, 3],
      runs: [1, 2, 3].map((position) => `${sweep.key}/${position}`),
      statuses: ['WAITING', 'WAITING', 'WAITING'],
      diverged: [false, false, false],
      attempts: [0, 0, 0],
      workers: [null, null, null],
    });
    const [run] = await claim(sweep.id, 1);
    const second = await until(messages, ({ changed }) => changed.positions.length > 0);
    expect(second).toMatchObject({
      reset: false,
      sweep: { status: 'RUNNING', counts: { waiting: 2, running: 1 } },
      changed: { positions: [1], statuses: ['RUNNING'], attempts: [1], workers: ['trainer'] },
    });
    await finishRuns(own.db, own.teamId, [
      { ...run!, sequence: 0, outcome: 'DONE', divergedStep: 3, step: 3, samplesSeen: 6, deviceSeconds: 1 },
    ]);
    const third = await until(messages, ({ changed }) => changed.positions.length > 0);
    expect(third.changed).toMatchObject({ positions: [1], statuses: ['DONE'], diverged: [true] });
    await messages.return!();
  });

  test('goes on from a cursor with what changed since, and with nothing else', async () => {
    const sweep = await create(4);
    const cells = new Map<number, string>();
    const before = watchSweep(connect(), { key: sweep.key });
    const first = (await before.next()).value as SweepUpdate;
    merge(cells, first);
    await before.return!();
    const [run] = await claim(sweep.id, 1);
    await finish(run!, 0);
    await claim(sweep.id, 1);
    const after = watchSweep(connect(), { key: sweep.key, after: first.cursor });
    const second = (await after.next()).value as SweepUpdate;
    expect(second).toMatchObject({ reset: false, changed: { positions: [1, 2] } });
    merge(cells, second);
    expect([...cells.values()]).toEqual([
      `${sweep.key}/1 DONE 1 trainer`,
      `${sweep.key}/2 RUNNING 1 trainer`,
      `${sweep.key}/3 WAITING 0 null`,
      `${sweep.key}/4 WAITING 0 null`,
    ]);
    await after.return!();
  });

  test('whose cells nobody asks for reads none of them', async () => {
    const sweep = await create(2);
    const Small = graphql(`
      subscription Small($key: String!) { sweepProgress(key: $key) { sweep { counts { running } } } }
    `);
    await settled();
    own.statements();
    const messages = connect().subscribe(Small, { key: sweep.key });
    await messages.next();
    expect(own.statements().filter((sql) => /allCells|cellsSince/.test(sql))).toEqual([]);
    await claim(sweep.id, 1);
    await until(messages, ({ sweepProgress }) => sweepProgress.sweep.counts.running === 1);
    await messages.return!();
  });
});

describe('a watched run', () => {
  test('has its points once, late ones too, begins anew where they were superseded, and ends', async () => {
    const sweep = await create(1);
    const [run] = await claim(sweep.id);
    await report(run!, 1, [1, 2]);
    const messages = watchRun(connect(), { key: `${sweep.key}/1` });
    const seen: [boolean, number[][]][] = [];
    const points = async () => {
      const message = await until(messages, ({ curves }) => curves.length > 0);
      seen.push([message.reset, message.curves.map(({ steps }) => steps)]);
      return message;
    };
    await points();
    await report(run!, 2, [5]);
    const second = await points();
    await report(run!, 3, [3, 4]);
    await points();
    await finish(run!, 3, 'RELEASED');
    const [again] = await claim(sweep.id, 1, [{ runId: run!.runId, step: 4 }]);
    const { curves, attempt } = await points();
    expect(attempt).toBe(2);
    expect(curves[0]).toMatchObject({ count: 4, values: [0.01, 0.02, 0.03, 0.04] });
    await report(again!, 1, [5]);
    await points();
    expect(seen).toEqual([
      [true, [[1, 2]]],
      [false, [[5]]],
      [false, [[3, 4]]],
      [true, [[1, 2, 3, 4]]],
      [false, [[5]]],
    ]);
    await finish(again!, 1);
    const last = await until(messages, ({ run: { status } }) => status === 'DONE');
    expect(last.curves).toEqual([]);
    expect((await messages.next()).done).toBe(true);
    // A cursor from before the second attempt is told that what it has is superseded.
    const late = watchRun(connect(), { key: `${sweep.key}/1`, after: second.cursor });
    expect((await late.next()).value).toMatchObject({
      reset: true,
      curves: [{ steps: [1, 2, 3, 4, 5] }],
      run: { status: 'DONE' },
    });
    expect((await late.next()).done).toBe(true);
  });

  test('has only the named metrics, and its summaries are those of now in every message', async () => {
    const sweep = await create(1);
    const [run] = await claim(sweep.id);
    const Summaries = graphql(`
      subscription Summaries($key: String!) {
        runMetrics(key: $key, names: ["test_loss"]) { run { metrics { name last } } curves { metric steps } }
      }
    `);
    const messages = connect().subscribe(Summaries, { key: `${sweep.key}/1` });
    await messages.next();
    for (let step = 1; step <= 3; step++) {
      await report(run!, 2 * step - 1, [step]);
      await report(run!, 2 * step, [step], 'test_loss');
      const { runMetrics } = await until(messages, ({ runMetrics: { curves } }) => curves.length > 0);
      expect(runMetrics.curves).toEqual([{ metric: 'test_loss', steps: [step] }]);
      expect(runMetrics.run.metrics).toContainEqual({ name: 'test_loss', last: step / 100 });
    }
    await messages.return!();
  });
});

describe('watched activity', () => {
  test('goes on from a list without a gap, in batches, and by kind', async () => {
    const list = await own.ask(
      '{ activity(first: 2) { nodes { kind sweep } edges { cursor } pageInfo { hasNextPage endCursor } watchFrom } }',
    );
    expect(list.errors).toEqual([]);
    const { nodes, pageInfo, watchFrom } = list.data.activity;
    expect(nodes.length).toBe(2);
    const sweep = await create(3);
    const messages = watchActivity(connect(), { after: watchFrom });
    const first = (await messages.next()).value;
    expect(first.events).toMatchObject([{ kind: 'SWEEP_CREATED', sweep: sweep.key, cells: 3, run: null }]);
    const started = watchActivity(connect(), { kinds: ['RUN_STARTED'], after: watchFrom });
    const runs = await claim(sweep.id);
    const wanted = runs.map((_, i) => ({
      kind: 'RUN_STARTED',
      run: `${sweep.key}/${i + 1}`,
      worker: 'trainer',
      attempt: 1,
    }));
    expect((await messages.next()).value.events).toMatchObject(wanted);
    expect((await started.next()).value.events).toMatchObject(wanted);
    await Promise.all([messages.return!(), started.return!()]);
    const older = await own.ask(
      'query ($after: String) { activity(first: 3, after: $after) { nodes { kind } } }',
      {
        after: pageInfo.endCursor,
      },
    );
    expect(older.errors).toEqual([]);
    const newest = await own.ask('{ activity(first: 4) { nodes { kind } } }');
    expect(newest.data.activity.nodes.map(({ kind }: { kind: string }) => kind)).toEqual([
      'RUN_STARTED',
      'RUN_STARTED',
      'RUN_STARTED',
      'SWEEP_CREATED',
    ]);
  });

  test('without a cursor begins now, with a message that says where', async () => {
    const messages = watchActivity(connect());
    const first = (await messages.next()).value;
    expect(first.events).toEqual([]);
    const sweep = await create(1);
    expect((await messages.next()).value.events).toMatchObject([{ kind: 'SWEEP_CREATED', sweep: sweep.key }]);
    await messages.return!();
  });

  test('of a long absence comes in parts of 500, each once', async () => {
    const start = (await watchActivity(connect()).next()).value;
    await own.asOwner(
      `INSERT INTO event (team_id, kind, detail) SELECT $1, 'DATASET_ADDED', jsonb_build_object('dataset', n::text) FROM generate_series(1, 1203) n`,
      [own.teamId],
    );
    const messages = watchActivity(connect(), { after: start.cursor });
    const parts: (string | null)[][] = [];
    while (parts.flat().length < 1203)
      parts.push(
        (await messages.next()).value.events.map(({ dataset: name }: { dataset: string | null }) => name),
      );
    expect(parts.map(({ length }) => length)).toEqual([500, 500, 203]);
    expect(parts.flat()).toEqual(Array.from({ length: 1203 }, (_, i) => String(i + 1)));
    await messages.return!();
    // In the middle of it, too, a cursor goes on.
    const again = watchActivity(connect(), { after: start.cursor });
    const { cursor } = (await again.next()).value;
    await again.return!();
    const rest = watchActivity(connect(), { after: cursor });
    expect((await rest.next()).value.events[0].dataset).toBe('501');
    await rest.return!();
  });
});

describe('what cannot be watched is told', () => {
  test('an unknown key, and one of another team', async () => {
    const teamId = uuidv7();
    const memberId = uuidv7();
    await own.asOwner(`INSERT INTO team (id, key, name) VALUES ($1, 'others', 'Others')`, [teamId]);
    await own.asOwner(
      `INSERT INTO member (id, team_id, account_id, key, role) SELECT $1, $2, id, 'other', 'OWNER' FROM account LIMIT 1`,
      [memberId, teamId],
    );
    const { secret } = await createToken(own.db, { teamId, memberId, name: 't', scopes: ['READ'] });
    const sweep = await create(1);
    for (const [client, key] of [
      [connect(secret), sweep.key],
      [connect(), 'nothing'],
      [connect(), ''],
    ] as const) {
      const ofSweep = await failure(watchSweep(client, { key }));
      expect(ofSweep).toMatchObject({ code: 'NOT_FOUND' });
      expect(ofSweep.message).toContain(`unknown sweep "${key}"`);
      expect(await failure(watchRun(client, { key: `${key}/1` }))).toMatchObject({ code: 'NOT_FOUND' });
    }
    // Its activity has nothing of ours.
    const messages = watchActivity(connect(secret));
    await messages.next();
    await create(1);
    const mine = await createSweep(
      own.db,
      newSweep({ teamId, memberId }, [
        newRun((await addDataset(own.db, teamId, 'theirs')).id, { seed: seed++ }),
      ]),
    );
    own.db.changed(teamId, [], true);
    const { events } = (await messages.next()).value;
    expect(events.filter(({ kind }: { kind: string }) => kind === 'SWEEP_CREATED')).toMatchObject([
      { sweep: mine.key },
    ]);
    await messages.return!();
  });

  test('a cursor that is none, of something else, of another database, or too old', async () => {
    const [a, b] = [await create(1), await create(1)];
    const client = connect();
    const [one] = await Promise.all(
      [a].map(async ({ key }) => (await watchSweep(client, { key }).next()).value as SweepUpdate),
    );
    const ofRun = (await watchRun(client, { key: `${a.key}/1` }).next()).value as RunUpdate;
    const edited = (at: number, seen?: string) => {
      const [kind, of, , snapshot, midway] = JSON.parse(
        Buffer.from(one!.cursor, 'base64url').toString(),
      ) as unknown[];
      return Buffer.from(JSON.stringify([kind, of, at, seen ?? snapshot, midway])).toString('base64url');
    };
    const expectBad = async (messages: AsyncIterator<unknown>, code: string, said: string) => {
      const error = await failure(messages);
      expect(error.code).toBe(code);
      expect(error.message).toContain(said);
    };
    await expectBad(
      watchSweep(client, { key: a.key, after: 'nonsense' }),
      'BAD_CURSOR',
      'invalid cursor "nonsense"',
    );
    await expectBad(watchSweep(client, { key: b.key, after: one!.cursor }), 'BAD_CURSOR', 'invalid cursor');
    await expectBad(watchSweep(client, { key: a.key, after: ofRun.cursor }), 'BAD_CURSOR', 'invalid cursor');
    await expectBad(
      watchRun(client, { key: `${b.key}/1`, after: ofRun.cursor }),
      'BAD_CURSOR',
      'invalid cursor',
    );
    for (const forged of ['1:1:1', '5:3:', '1:9:7,5', '1:9:1,1', "1:9:'", '0:1:', '1:2'])
      await expectBad(
        watchSweep(client, { key: a.key, after: edited(Date.now(), forged) }),
        'BAD_CURSOR',
        'invalid cursor',
      );
    await expectBad(
      watchSweep(client, { key: a.key, after: edited(Date.now(), '9000000000:9000000000:') }),
      'BAD_CURSOR',
      'made by another database',
    );
    await expectBad(
      watchSweep(client, { key: a.key, after: edited(Date.now() - 30 * 86_400_000) }),
      'CURSOR_EXPIRED',
      'events are kept for 30 days',
    );
  });
});

describe('a subscription', () => {
  test('speaks at most five times a second, and its last word is the last state', async () => {
    const sweep = await create(1);
    const [run] = await claim(sweep.id);
    const messages = watchRun(connect(), { key: `${sweep.key}/1` });
    const start = performance.now();
    let said = 0;
    const steps: number[] = [];
    const listening = (async () => {
      for await (const { curves } of messages) {
        said++;
        steps.push(...curves.flatMap((curve) => curve.steps));
      }
    })();
    for (let n = 1; n <= 60; n++) {
      await report(run!, n, [n]);
      await sleep(20);
    }
    await finish(run!, 60);
    await listening;
    const seconds = (performance.now() - start) / 1000;
    expect(steps).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(said).toBeLessThanOrEqual(1 + Math.ceil(seconds * 5));
  });

  test('that asks what others ask costs them nothing: 30 alike are read and answered once', async () => {
    const sweep = await create(1);
    const [run] = await claim(sweep.id);
    const client = connect();
    const all = Array.from({ length: 30 }, () => watchRun(client, { key: `${sweep.key}/1` }));
    await Promise.all(all.map((messages) => messages.next()));
    await settled();
    await settled();
    own.statements();
    await report(run!, 1, [1]);
    const got = await Promise.all(all.map((messages) => until(messages, ({ curves }) => curves.length > 0)));
    expect(got.every(({ curves }) => curves[0]!.steps[0] === 1)).toBe(true);
    const taken = own.statements().filter((sql) => /pointsSince|"run"/.test(sql));
    // One reading of the points, one of the run.
    expect(taken.length, taken.join('\n')).toBe(2);
    await Promise.all(all.map((messages) => messages.return!()));
  });

  test('to one run is not woken by another', async () => {
    const sweep = await create(2);
    const other = await create(1);
    const [first, second] = await claim(sweep.id);
    const client = connect();
    const messages = [watchRun(client, { key: `${sweep.key}/1` }), watchSweep(client, { key: other.key })];
    await Promise.all(messages.map((one) => one.next()));
    await settled();
    own.statements();
    for (let n = 1; n <= 5; n++) {
      await report(second!, n, [n]);
      await sleep(150);
    }
    // Five reports wake nobody; the look that every few seconds makes good for a lost notice may fall between.
    expect(own.statements().filter((sql) => /pointsSince|cellsSince/.test(sql)).length).toBeLessThanOrEqual(
      1,
    );
    await report(first!, 1, [1]);
    await until(messages[0] as AsyncIterator<RunUpdate>, ({ curves }) => curves.length > 0);
    await Promise.all(messages.map((one) => one.return!()));
  });

  test('that ends leaves nothing behind, also when nothing ever happens', async () => {
    const sweep = await create(1);
    await settled();
    expect(own.api.watchers()).toBe(0);
    const client = connect();
    const all = [
      watchSweep(client, { key: sweep.key }),
      watchRun(client, { key: `${sweep.key}/1` }),
      watchActivity(client),
    ];
    await Promise.all(all.map((messages) => messages.next()));
    expect(own.api.watchers()).toBe(3);
    await all[0]!.return!();
    client.close();
    for (let tries = 0; own.api.watchers() > 0 && tries < 100; tries++) await sleep(20);
    expect(own.api.watchers()).toBe(0);
  });

  test('has what was written while nobody could be told: without a notice, and while the listening was lost', async () => {
    const sweep = await create(1);
    const [run] = await claim(sweep.id);
    const client = connect();
    const messages = watchRun(client, { key: `${sweep.key}/1` });
    await messages.next();
    const seen = watchActivity(client);
    await seen.next();
    await settled();
    // As by a process that was killed before it could tell.
    await own.asOwner(`INSERT INTO metric (team_id, name) VALUES ($1, 'silent') ON CONFLICT DO NOTHING`, [
      own.teamId,
    ]);
    await own.asOwner(
      `WITH r AS (UPDATE run SET sequence = 1, step = 7 WHERE id = $1 RETURNING id, team_id), m AS (SELECT id FROM metric WHERE name = 'silent'),
       c AS (INSERT INTO chunk SELECT r.id, m.id, 1, 1, r.team_id, 7, 7, '{7}', '{}', '{}', '{0}', '{0.5}' FROM r, m)
       INSERT INTO run_metric SELECT r.id, m.id, r.team_id, 1, 0, 0.5, 7, 0.5, 7, 0.5, 7, 0.5, '{0.5}', 0.5 FROM r, m`,
      [run!.runId],
    );
    await own.asOwner(`INSERT INTO event (team_id, kind) VALUES ($1, 'DATASET_ADDED')`, [own.teamId]);
    const late = await until(messages, ({ curves }) => curves.length > 0);
    expect(late.curves).toMatchObject([{ metric: 'silent', steps: [7] }]);
    expect((await seen.next()).value.events).toMatchObject([{ kind: 'DATASET_ADDED' }]);
    await own.asOwner(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    await report(run!, 2, [8]);
    expect(await until(messages, ({ curves }) => curves.length > 0)).toMatchObject({
      curves: [{ steps: [8] }],
    });
    await Promise.all([messages.return!(), seen.return!()]);
  });
});

test('1,000 runs that change at once are told of in a few notices', async () => {
  const sweep = await create(1000);
  await settled();
  const heard: string[] = [];
  const unlisten = await own.db.listen('smallbatch', (payload) => heard.push(payload));
  const start = performance.now();
  const runs: Claimed[] = [];
  while (runs.length < 1000) runs.push(...(await claim(sweep.id)));
  for (const run of runs) own.db.changed(own.teamId, [run.runId], false);
  await settled();
  const windows = Math.ceil((performance.now() - start) / 100);
  expect(heard.length).toBeGreaterThan(0);
  // At most five a window, and far from one a run and change.
  expect(heard.length).toBeLessThanOrEqual(Math.min(5 * windows, 200));
  for (const payload of heard) expect(payload.length).toBeLessThan(8000);
  await unlisten();
});
