import { changeSweep, claimRuns, createSweep } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
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
beforeEach(async () => {
  for (const table of ['cell', 'attempt', 'run_metric', 'run', 'sweep', 'worker'])
    await own.asOwner(`DELETE FROM ${table}`);
});

let seed = 0;
const sweepOf = (cells: number, given: object = {}) =>
  createSweep(
    own.db,
    newSweep(
      owner,
      Array.from({ length: cells }, () => newRun(dataset.id, { seed: seed++, ...given })),
    ),
  );
const claim = (workerId: string, max: number) =>
  claimRuns(own.db, {
    ...owner,
    workerId,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max,
    leaseSeconds: 60,
  });
const notices = async (): Promise<Answer[]> => {
  const { data, errors } = await own.ask(
    '{ notices { kind message since runs worker { name } sweep { key } } }',
  );
  expect(errors).toEqual([]);
  return data.notices;
};
const old = (interval: string) =>
  own.asOwner('UPDATE sweep SET created_at = now() - $1::interval', [interval]);
const unseen = (name: string, interval: string) =>
  own.asOwner(`UPDATE worker SET last_seen_at = now() - $2::interval WHERE name = $1`, [name, interval]);
const up = (name: string, datasets: string[], memory = 1e9) =>
  own.asOwner(`UPDATE worker SET datasets = $2, memory_bytes = $3 WHERE name = $1`, [name, datasets, memory]);

describe('notices', () => {
  test('are none where all goes well', async () => {
    await sweepOf(2);
    const worker = await addWorker(own.db, owner);
    await claim(worker, 1);
    expect(await notices()).toEqual([]);
  });

  test('tell of a lost worker for a day, with the runs that it has, unless it was started again or said goodbye', async () => {
    await sweepOf(3);
    await claim(await addWorker(own.db, owner, 'lost'), 2);
    for (const name of ['stopped', 'again', 'here', 'long ago']) await addWorker(own.db, owner, name);
    for (const name of ['lost', 'stopped', 'again']) await unseen(name, '5 minutes');
    await own.asOwner(`UPDATE worker SET stopped_at = now() WHERE name = 'stopped'`);
    await unseen('long ago', '25 hours');
    await addWorker(own.db, owner, 'again');
    expect(await notices()).toEqual([
      {
        kind: 'WORKER_LOST',
        message: expect.stringMatching(/^worker "lost" was not heard of since .*; 2 runs of its own wait/),
        since: expect.any(String),
        runs: 2,
        worker: { name: 'lost' },
        sweep: null,
      },
    ]);
    const [one] = await notices();
    expect(Date.now() - Date.parse(one.since)).toBeGreaterThan(299_000);
  });

  test.each([
    ['no worker is up', async () => {}, 'no worker is up'],
    [
      'those that are up lack its data set',
      async () => {
        await addWorker(own.db, owner, 'w');
        await up('w', []);
      },
      'has data set "shapes"',
    ],
    [
      'those that are up lack memory',
      async () => {
        await addWorker(own.db, owner, 'w');
        await up('w', [dataset.hash], 10);
      },
      'of memory',
    ],
  ])('tell of a stuck sweep where %s', async (_where, prepare, says) => {
    const { key } = await sweepOf(3, { memoryBytes: 1000 });
    await prepare();
    expect(await notices()).toEqual([]);
    await old('6 minutes');
    expect(await notices()).toMatchObject([
      {
        kind: 'SWEEP_STUCK',
        runs: 3,
        sweep: { key },
        worker: null,
        message: expect.stringMatching(new RegExp(`sweep "${key}": 3 runs wait.*${says}`)),
      },
    ]);
  });

  test('do not call a sweep stuck that is paused, that somebody trains or could, or of which something just ended', async () => {
    const [paused, trained, ended] = [await sweepOf(1), await sweepOf(2), await sweepOf(2)];
    await changeSweep(own.db, paused.id, 'pause');
    await record(own, `${trained.key}/1`, { status: 'RUNNING' });
    await record(own, `${ended.key}/1`, { value: 1 });
    await old('1 hour');
    expect(await notices()).toEqual([]);
    await own.asOwner(`UPDATE run SET ended_at = now() - interval '10 minutes' WHERE ended_at IS NOT NULL`);
    expect(await notices()).toMatchObject([{ kind: 'SWEEP_STUCK', sweep: { key: ended.key }, runs: 1 }]);
    await addWorker(own.db, owner, 'w');
    await up('w', [dataset.hash]);
    expect(await notices()).toEqual([]);
  });

  test('tell of runs that failed in the last hour, by sweep, with the last reason', async () => {
    const { key } = await sweepOf(4);
    await addWorker(own.db, owner, 'w');
    for (const i of [1, 2, 3]) await record(own, `${key}/${i}`, { status: 'FAILED' });
    await own.asOwner(
      `UPDATE run SET reason = 'first', ended_at = now() - interval '50 minutes' WHERE key = $1`,
      [`${key}/1`],
    );
    await own.asOwner(`UPDATE run SET reason = 'CUDA out of memory' WHERE key = $1`, [`${key}/2`]);
    await own.asOwner(`UPDATE run SET ended_at = now() - interval '61 minutes' WHERE key = $1`, [`${key}/3`]);
    const [notice, ...others] = await notices();
    expect(others).toEqual([]);
    expect(notice).toMatchObject({
      kind: 'RUNS_FAILING',
      runs: 2,
      sweep: { key },
      message: expect.stringContaining('2 runs failed in the last hour, the last as: CUDA out of memory'),
    });
    expect(Date.now() - Date.parse(notice.since)).toBeGreaterThan(2_900_000);
  });

  test('take as many statements however many there are', async () => {
    const count = async () => {
      own.statements();
      const found = await notices();
      return [found.length, own.statements().length] as const;
    };
    const fill = async (n: number) => {
      for (let i = 0; i < n; i++) {
        const { key } = await sweepOf(2, { trainerVersion: '0.0.1' });
        await record(own, `${key}/1`, { status: 'FAILED' });
        await addWorker(own.db, owner, `w${seed++}`);
      }
      await own.asOwner(`UPDATE worker SET last_seen_at = now() - interval '2 minutes'`);
      await own.asOwner(`UPDATE run SET ended_at = now() - interval '6 minutes' WHERE ended_at IS NOT NULL`);
      await old('1 hour');
    };
    await fill(1);
    const one = await count();
    await fill(8);
    const many = await count();
    expect([one[0], many[0]]).toEqual([3, 27]);
    expect(many[1]).toBe(one[1]);
  });
});

describe('members', () => {
  test('have what they ran lately, however many they are, in one statement for all of them', async () => {
    const [other] = await own.asOwner<{ id: string }>(
      `WITH a AS (INSERT INTO account (id, name) VALUES (gen_random_uuid(), 'Grace') RETURNING id)
       INSERT INTO member (id, team_id, account_id, key, role) SELECT gen_random_uuid(), $1, id, 'grace', 'MEMBER' FROM a RETURNING id`,
      [own.teamId],
    );
    const { key } = await sweepOf(5);
    await record(own, `${key}/1`, { status: 'RUNNING' });
    await own.asOwner(`UPDATE run SET created_at = now() - interval '31 days' WHERE key = $1`, [`${key}/2`]);
    await own.asOwner(`UPDATE run SET created_at = now() - interval '8 days' WHERE key = $1`, [`${key}/3`]);
    own.statements();
    const { data } = await own.ask(
      '{ members { key lastRunAt recentRuns runningRuns week: recentRuns(days: 7) } }',
    );
    const sent = own.statements().filter((text) => text.includes('/* memberActivity */'));
    // One for each number of days.
    expect(sent).toHaveLength(2);
    const [mine, grace] = data.members;
    expect(mine).toMatchObject({ recentRuns: 4, week: 3, runningRuns: 1 });
    expect(Date.now() - Date.parse(mine.lastRunAt)).toBeLessThan(60_000);
    expect(grace).toEqual({ key: 'grace', lastRunAt: null, recentRuns: 0, week: 0, runningRuns: 0 });
    await own.asOwner(`UPDATE run SET member_id = $1 WHERE key = $2`, [other!.id, `${key}/3`]);
    const again = (await own.ask('{ members { recentRuns lastRunAt } }')).data.members[1];
    expect(again).toMatchObject({ recentRuns: 1 });
    expect(Date.now() - Date.parse(again.lastRunAt)).toBeGreaterThan(7 * 86_400_000);
    for (const days of [0, 366]) {
      const { errors } = await own.ask(`{ members { recentRuns(days: ${days}) } }`);
      expect(errors[0]).toMatchObject({ message: expect.stringContaining(`invalid days: ${days}`) });
    }
  });
});
