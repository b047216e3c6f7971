import { changeSweep, createSweep, createToken } from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { ownRuns } from './own-runs.ts';
import { record } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
let owner: { teamId: string; memberId: string };
let dataset: { id: string };
beforeAll(async () => {
  own = await testApi();
  owner = { teamId: own.teamId, memberId: own.memberId };
  dataset = await addDataset(own.db, own.teamId, 'other');
});

let seed = 0;
/** A sweep of so many cells of their own. */
const sweepOf = async (cells: number) => {
  const runs = Array.from({ length: cells }, () =>
    newRun(dataset.id, { seed: seed++, batchSize: 2 ** (seed % 3) }),
  );
  const sweep = await createSweep(own.db, newSweep(owner, runs));
  return { ...sweep, runs, keys: runs.map((_, i) => `${sweep.key}/${i + 1}`) };
};

const ALL = `__typename ... on NotFound { message } ... on InvalidInput { message } ... on OtherCount { message expected matched }`;
const MUTATIONS = {
  deleteRuns: `... on RunsDeleted { matched runs points cells locked running deletion { key runs restorable member { key } deletedAt purgedAfter } }`,
  lockRuns: `... on RunsLocked { matched changed }`,
  retryRuns: `... on RunsRetried { matched runs taken }`,
  tagRuns: `... on RunsTagged { matched changed }`,
};
type Name = keyof typeof MUTATIONS;
const MORE: Partial<Record<Name, string>> = { lockRuns: ', locked: true', tagRuns: ', add: ["x"]' };
const change = async (name: Name, variables: object, more = MORE[name] ?? ''): Promise<Answer> => {
  const { data, errors } = await own.ask(
    `mutation ($keys: [String!], $where: RunFilter, $expect: Int) { ${name}(keys: $keys, where: $where, expect: $expect${more}) { ${ALL} ${MUTATIONS[name]} } }`,
    variables,
  );
  expect(errors).toEqual([]);
  return data[name];
};
const restore = async (deletion: string): Promise<Answer> =>
  (
    await own.ask(
      `mutation ($d: String!) { restoreRuns(deletion: $d) { __typename ... on RunsRestored { runs notRestored { key why } } ... on NotFound { message } } }`,
      { d: deletion },
    )
  ).data.restoreRuns;
const statuses = async (keys: readonly string[]): Promise<string[]> => {
  const { data } = await own.ask(
    'query ($k: [String!]) { runs(where: { key: { in: $k } }, first: 100) { nodes { key status } } }',
    { k: keys },
  );
  const found = new Map(data.runs.nodes.map(({ key, status }: Answer) => [key, status]));
  return keys.map((key) => found.get(key) as string);
};

describe.each(Object.keys(MUTATIONS) as Name[])('%s', (name) => {
  test('is meant for runs that are there, said in one way, and as many as the person was shown', async () => {
    const { key, keys } = await sweepOf(3);
    const where = { sweep: { eq: key } };
    expect(await change(name, { where, expect: 2 })).toEqual({
      __typename: 'OtherCount',
      expected: 2,
      matched: 3,
      message: expect.stringMatching(/3 runs.*2 were expected/),
    });
    expect(await change(name, { keys: [keys[0], 'nothing/1'] })).toMatchObject({
      __typename: 'NotFound',
      message: 'unknown run "nothing/1"; nothing was changed',
    });
    expect(await change(name, { keys: [keys[0], '\u{1F4A5}'] })).toMatchObject({ __typename: 'NotFound' });
    const many = Array.from({ length: 10_001 }, (_, i) => `k${i}`);
    expect((await change(name, { keys: many })).message).toContain('invalid keys: 10001');
    const field = `mutation ($keys: [String!]) { ${name}(keys: $keys WHERE ${MORE[name] ?? ''}) { __typename } }`;
    for (const [text, variables] of [
      [field.replace('WHERE', ', where: {}'), { keys }],
      [field.replace('keys: $keys WHERE', 'where: null').replace('($keys: [String!])', ''), {}],
    ] as const) {
      const { errors } = await own.ask(text, variables);
      expect(errors[0]).toMatchObject({
        message: expect.stringContaining(`invalid ${name}`),
        extensions: { code: 'BAD_INPUT' },
      });
    }
    // Nothing of all this has changed anything.
    expect(
      await own.asOwner(
        `SELECT FROM run WHERE key = ANY ($1) AND status = 'WAITING' AND NOT locked AND tags = '{}'`,
        [keys],
      ),
    ).toHaveLength(3);
    expect(await change(name, { keys: [...keys, keys[0]], expect: 3 })).toMatchObject({ matched: 3 });
  });

  test('needs the right to write', async () => {
    const { secret } = await createToken(own.db, { ...owner, name: 'r', scopes: ['READ'] });
    const { errors } = await own.ask(
      `mutation { ${name}(where: {}${MORE[name] ?? ''}) { __typename } }`,
      {},
      { authorization: `Bearer ${secret}` },
    );
    expect(errors[0]!.extensions.code).toBe('FORBIDDEN');
  });
});

describe('deleteRuns', () => {
  test('deletes what matches but what is locked or trained, and says how much of each', async () => {
    const [sweep, locked] = [await sweepOf(6), await sweepOf(1)];
    await record(own, sweep.keys[1]!, { value: 0.5 });
    await record(own, sweep.keys[2]!, { status: 'RUNNING' });
    await change('lockRuns', { keys: [sweep.keys[3]] });
    // A cell of a locked sweep is answered by a run that another sweep made.
    const taken = await createSweep(own.db, newSweep(owner, [sweep.runs[4]!]));
    const lock = (key: string, is: boolean) =>
      own.ask(
        `mutation { lockSweep(key: "${key}", locked: ${is}) { ... on SweepLocked { sweep { key locked } } ... on NotFound { message } } }`,
      );
    expect((await lock(taken.key, true)).data.lockSweep).toEqual({ sweep: { key: taken.key, locked: true } });
    expect((await lock('nothing', true)).data.lockSweep.message).toContain('unknown sweep');
    await lock(locked.key, true);
    const { data } = await own.ask(
      'query ($k: [String!]) { runs(where: { key: { in: $k }, locked: { eq: true } }, orderBy: [{ field: KEY }]) { nodes { key locked lockedBySweeps } } }',
      { k: [...sweep.keys, ...locked.keys] },
    );
    expect(data.runs.nodes).toEqual([
      { key: sweep.keys[3], locked: true, lockedBySweeps: [] },
      { key: sweep.keys[4], locked: true, lockedBySweeps: [taken.key] },
      { key: locked.keys[0], locked: true, lockedBySweeps: [locked.key] },
    ]);
    for (const [key, says] of [
      [sweep.keys[3], 'is locked: unlock it first (lockRuns'],
      [sweep.keys[4], `locked sweep "${taken.key}": unlock it first (lockSweep`],
    ]) {
      const answer = await own.ask(
        'mutation ($k: String!) { deleteRun(key: $k) { __typename ... on RunIsLocked { message } } }',
        { k: key },
      );
      expect(answer.data.deleteRun).toMatchObject({
        __typename: 'RunIsLocked',
        message: expect.stringContaining(says!),
      });
    }
    const deleted = await change('deleteRuns', { keys: [...sweep.keys, ...locked.keys], expect: 7 });
    expect(deleted).toMatchObject({
      __typename: 'RunsDeleted',
      matched: 7,
      runs: 3,
      cells: 3,
      points: 1,
      locked: 3,
      running: 1,
    });
    const { deletion } = deleted;
    expect(deletion).toMatchObject({ runs: 3, restorable: 3, member: { key: expect.any(String) } });
    expect(Date.parse(deletion.purgedAfter) - Date.parse(deletion.deletedAt)).toBe(86_400_000);
    expect(await statuses(sweep.keys)).toEqual([
      'CANCELLED',
      'CANCELLED',
      'RUNNING',
      'WAITING',
      'WAITING',
      'CANCELLED',
    ]);
    const listed = async () => (await own.ask('{ deletions { key restorable } }')).data.deletions;
    expect(await listed()).toContainEqual({ key: deletion.key, restorable: 3 });
    // What is spared altogether makes no deletion.
    expect(await change('deleteRuns', { keys: locked.keys })).toMatchObject({
      runs: 0,
      locked: 1,
      deletion: null,
    });
    await lock(locked.key, false);
    expect(await change('deleteRuns', { keys: locked.keys })).toMatchObject({ runs: 1, locked: 0 });
    expect(await restore(deletion.key)).toEqual({ __typename: 'RunsRestored', runs: 3, notRestored: [] });
    expect(await statuses(sweep.keys)).toEqual([
      'WAITING',
      'DONE',
      'RUNNING',
      'WAITING',
      'WAITING',
      'WAITING',
    ]);
    expect((await listed()).map(({ key }: Answer) => key)).not.toContain(deletion.key);
    expect(await restore(deletion.key)).toMatchObject({
      __typename: 'NotFound',
      message: expect.stringContaining(deletion.key),
    });
  });

  test('and restoreRuns leave every answer as it was, and tell what they did', async () => {
    const sweep = await sweepOf(12);
    for (const [i, key] of sweep.keys.entries())
      await record(
        own,
        key,
        i === 5 ? { diverged: true } : i === 6 ? { status: 'FAILED' } : { value: i / 12 },
      );
    await own.ask('mutation ($k: [String!]) { tagRuns(keys: $k, add: ["kept"]) { __typename } }', {
      k: sweep.keys.slice(0, 3),
    });
    const where = `{ sweep: { eq: "${sweep.key}" } }`;
    const questions = async () => {
      const { data, errors } = await own.ask(
        `{ aggregate(where: ${where}, by: [BATCH_SIZE]) { runs groups { batchSize n mean sd diverged failed unfinished duplicates runKeys { keys } } }
           pivot(where: ${where}, rows: [BATCH_SIZE], columns: [SEED]) { rows { batchSize cells { state group { n mean } } } }
           coverage(where: ${where}, by: [BATCH_SIZE]) { total done failed missing diverged }
           runs(where: { sweep: { eq: "${sweep.key}" }, tags: { has: "kept" } }, orderBy: [{ field: KEY }]) { totalCount nodes { key tags metrics { name last } } }
           sweep(key: "${sweep.key}") { status counts { total done failed diverged cancelled } deviceSeconds } }`,
      );
      expect(errors).toEqual([]);
      return data;
    };
    const before = await questions();
    const deleted = await change('deleteRuns', { where: { sweep: { eq: sweep.key } } });
    expect(deleted.runs).toBe(12);
    const between = await questions();
    expect(between.aggregate.groups.every(({ n }: Answer) => n === 0)).toBe(true);
    expect(between.sweep.counts).toMatchObject({ total: 12, cancelled: 12 });
    await restore(deleted.deletion.key);
    expect(await questions()).toEqual(before);
    const { data } = await own.ask(
      '{ activity(kinds: [RUNS_DELETED, RUNS_RESTORED], first: 2) { nodes { kind runs deletion member } } }',
    );
    expect(data.activity.nodes).toEqual([
      { kind: 'RUNS_RESTORED', runs: 12, deletion: deleted.deletion.key, member: expect.any(String) },
      { kind: 'RUNS_DELETED', runs: 12, deletion: deleted.deletion.key, member: expect.any(String) },
    ]);
  });
});

describe('retryRuns', () => {
  test('puts failed and cancelled runs back, holds those of paused sweeps, and goes on with cancelled ones', async () => {
    const [open, paused, cancelled] = [await sweepOf(3), await sweepOf(1), await sweepOf(2)];
    await record(own, open.keys[0]!, { status: 'FAILED' });
    await record(own, open.keys[1]!, { value: 1 });
    await record(own, paused.keys[0]!, { status: 'FAILED' });
    await changeSweep(own.db, paused.id, 'pause');
    await changeSweep(own.db, cancelled.id, 'cancel');
    const keys = [...open.keys, ...paused.keys, cancelled.keys[0]!];
    expect(await change('retryRuns', { keys })).toEqual({
      __typename: 'RunsRetried',
      matched: 5,
      runs: 3,
      taken: 0,
    });
    expect(await statuses(keys)).toEqual(['WAITING', 'DONE', 'WAITING', 'WAITING', 'WAITING']);
    const held = await own.asOwner<{ key: string }>('SELECT key FROM run WHERE held AND key = ANY ($1)', [
      keys,
    ]);
    expect(held).toEqual([{ key: paused.keys[0] }]);
    const { data } = await own.ask(
      `{ sweep(key: "${cancelled.key}") { status counts { waiting cancelled } } }`,
    );
    expect(data.sweep).toEqual({ status: 'RUNNING', counts: { waiting: 1, cancelled: 1 } });
  });

  test('trains one of several that failed at the same configuration, and leaves runs of own scripts', async () => {
    const sweep = await sweepOf(1);
    await record(own, sweep.keys[0]!, { status: 'FAILED' });
    const twin = await createSweep(own.db, newSweep(owner, sweep.runs));
    expect(twin.created).toBe(1);
    await record(own, `${twin.key}/1`, { status: 'FAILED' });
    const runs = await ownRuns(own);
    const mine = await runs.run();
    await runs.finish(mine.id, 0, { outcome: 'FAILED', reason: 'out of memory' });
    const keys = [sweep.keys[0], `${twin.key}/1`, mine.key];
    expect(await change('retryRuns', { keys })).toMatchObject({ matched: 3, runs: 1, taken: 1 });
    const cells = await own.asOwner<{ key: string; status: string; held: boolean }>(
      'SELECT DISTINCT r.key, r.status::text, r.held FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = ANY ($1)',
      [[sweep.id, twin.id]],
    );
    expect(cells).toEqual([{ key: sweep.keys[0], status: 'WAITING', held: false }]);
    expect(await statuses([mine.key])).toEqual(['FAILED']);
  });
});
