import { changeSweep, createSweep, createToken } from '@smallbatch/db';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { record } from './results.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
let sweep: { id: string; key: string };
const key = (position: number): string => `${sweep.key}/${position}`;
beforeAll(async () => {
  own = await testApi();
  const dataset = await addDataset(own.db, own.teamId);
  const owner = { teamId: own.teamId, memberId: own.memberId };
  sweep = await createSweep(
    own.db,
    newSweep(
      owner,
      Array.from({ length: 120 }, (_, seed) => newRun(dataset.id, { seed, batchNorm: seed % 2 === 0 })),
      { name: 'tagged' },
    ),
  );
});
beforeEach(async () => {
  await own.asOwner(`UPDATE run SET tags = '{}', note = NULL, info = '{}'`);
  await own.asOwner(`UPDATE sweep SET tags = '{}', note = NULL`);
});

const TAG = `mutation ($keys: [String!], $where: RunFilter, $add: [String!], $remove: [String!]) {
  tagRuns(keys: $keys, where: $where, add: $add, remove: $remove) {
    __typename ... on RunsTagged { matched changed } ... on TooManyTags { message keys } ... on NotFound { message }
    ... on InvalidInput { message problems { path value message allowed } } } }`;
const tag = async (variables: object) => {
  const { data, errors } = await own.ask(TAG, variables);
  expect(errors).toEqual([]);
  return data.tagRuns;
};
const tagsOf = async (position: number): Promise<string[]> =>
  (await own.ask('query ($key: String!) { run(key: $key) { tags } }', { key: key(position) })).data.run.tags;
const tagged = async (tags: object): Promise<number> =>
  (await own.ask('query ($tags: TagFilter) { runs(where: { tags: $tags }) { totalCount } }', { tags })).data
    .runs.totalCount;

describe('tags of runs', () => {
  test('are put on and taken off by keys, each once and in the order of their letters', async () => {
    expect(await tag({ keys: [key(1), key(2)], add: ['figure 3', 'baseline', 'baseline', 'É'] })).toEqual({
      __typename: 'RunsTagged',
      matched: 2,
      changed: 2,
    });
    expect(await tagsOf(1)).toEqual(['baseline', 'figure 3', 'É']);
    expect(await tag({ keys: [key(1)], add: ['baseline'], remove: ['not there'] })).toMatchObject({
      matched: 1,
      changed: 0,
    });
    expect(await tag({ keys: [key(1)], add: ['a'], remove: ['baseline'] })).toMatchObject({ changed: 1 });
    expect(await tagsOf(1)).toEqual(['a', 'figure 3', 'É']);
    expect(await tagsOf(2)).toEqual(['baseline', 'figure 3', 'É']);
  });

  test('are put on all runs that match a filter, of whatever number, and found by', async () => {
    own.statements();
    expect(await tag({ where: { batchNorm: { eq: true } }, add: ['bn'] })).toMatchObject({
      matched: 60,
      changed: 60,
    });
    expect(own.statements().filter((text) => text.includes('tag run'))).toHaveLength(1);
    expect(await tag({ where: {}, add: ['all', '%'] })).toMatchObject({ matched: 120, changed: 120 });
    expect(await tag({ where: { tags: { has: 'bn' } }, remove: ['all'] })).toMatchObject({
      matched: 60,
      changed: 60,
    });
    expect(await tagged({ has: 'bn' })).toBe(60);
    expect(await tagged({ hasAny: ['all', 'bn'] })).toBe(120);
    expect(await tagged({ hasNone: ['all'] })).toBe(60);
    expect(await tagged({ has: 'b' })).toBe(0);
    expect(await tagged({ isEmpty: true })).toBe(0);
    const search = await own.ask('{ runs(where: { search: "BN %" }) { totalCount } }');
    expect(search.data.runs.totalCount).toBe(60);
  });

  test('of two who tag at once are all there', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `tag ${String(i).padStart(2, '0')}`);
    const backwards = Array.from({ length: 30 }, (_, i) => key(30 - i));
    const answers = await Promise.all(
      names.map((name, i) =>
        i % 2 ? tag({ keys: backwards, add: [name] }) : tag({ where: { seed: { lt: 30 } }, add: [name] }),
      ),
    );
    expect(answers.map(({ changed }) => changed)).toEqual(names.map(() => 30));
    for (const position of [1, 17, 30]) expect(await tagsOf(position)).toEqual(names);
  });

  test('are at most fifty a run: one more on one of many changes none', async () => {
    await own.asOwner(
      `UPDATE run SET tags = ARRAY(SELECT 't' || i FROM generate_series(1, 49) i) WHERE key = $1`,
      [key(7)],
    );
    expect(await tag({ where: {}, add: ['one'] })).toMatchObject({ changed: 120 });
    const refused = await tag({ where: {}, add: ['two', 'three'] });
    expect(refused.__typename).toBe('TooManyTags');
    expect(refused.keys).toEqual([key(7)]);
    expect(refused.message).toContain('would have more than 50 tags; nothing was changed');
    expect(await tagged({ has: 'two' })).toBe(0);
    // What is taken off in the same breath makes room.
    expect(await tag({ keys: [key(7)], add: ['two'], remove: ['one'] })).toMatchObject({ changed: 1 });
  });

  test.each([
    ['', 'invalid tag'],
    ['x'.repeat(101), 'invalid tag'],
    [' x', 'invalid tag'],
    ['a\nb', 'invalid tag'],
    ['\u007f', 'invalid tag'],
  ])('are refused where they are no tag: %j', async (one, message) => {
    const answer = await tag({ keys: [key(1)], add: ['good', one] });
    expect(answer.__typename).toBe('InvalidInput');
    expect(answer.problems).toHaveLength(1);
    expect(answer.problems[0]).toMatchObject({ path: ['add', '1'], message });
    expect(await tagsOf(1)).toEqual([]);
  });

  test('are taken at the length that is allowed', async () => {
    expect(await tag({ keys: [key(1)], add: ['😀'.repeat(100)] })).toMatchObject({ changed: 1 });
  });

  test('that are both to add and to remove, or none at all, are refused', async () => {
    expect(await tag({ keys: [key(1)], add: ['a'], remove: ['a'] })).toMatchObject({
      __typename: 'InvalidInput',
    });
    expect((await tag({ keys: [key(1)] })).message).toContain('missing tags');
    expect(
      (await tag({ keys: [key(1)], add: Array.from({ length: 101 }, (_, i) => `${i}`) })).message,
    ).toContain('101 tags');
  });

  test('need runs that are there, said in one way', async () => {
    const answer = await tag({ keys: [key(1), 'nothing/1', ''], add: ['a'] });
    expect(answer).toMatchObject({ __typename: 'NotFound' });
    expect((await tag({ keys: [key(1), 'nothing/1'], add: ['a'] })).message).toBe(
      'unknown run "nothing/1"; nothing was changed',
    );
    expect(await tagsOf(1)).toEqual([]);
    for (const which of [{}, { keys: [key(1)], where: {} }]) {
      const { errors } = await own.ask(TAG, { ...which, add: ['a'] });
      expect(errors[0]!.extensions.code).toBe('BAD_INPUT');
      expect(errors[0]!.message).toContain('give one of them');
    }
    const many = Array.from({ length: 10_001 }, (_, i) => `k${i}`);
    expect((await tag({ keys: many, add: ['a'] })).message).toContain('invalid keys: 10001');
  });

  test('are put on at most 10,000 runs at once', async () => {
    const columns = await own.asOwner<{ list: string }>(
      `SELECT string_agg(quote_ident(column_name), ', ') AS list FROM information_schema.columns
       WHERE table_name = 'run' AND table_schema = 'public' AND column_name NOT IN ('id', 'key', 'configuration_hash', 'model', 'sweep_id')`,
    );
    const { list } = columns[0]!;
    await own.asOwner(
      `INSERT INTO run (id, key, configuration_hash, model, ${list}) SELECT gen_random_uuid(), 'many/' || i, 'many' || i, 'many', ${list} FROM run, generate_series(1, 10001) i WHERE key = $1`,
      [key(120)],
    );
    try {
      const refused = await tag({ where: { model: { eq: 'many' } }, add: ['a'] });
      expect(refused.message).toContain('more than 10000 runs match');
      expect(await tagged({ has: 'a' })).toBe(0);
      const most = { model: { eq: 'many' }, not: { key: { eq: 'many/1' } } };
      expect(await tag({ where: most, add: ['a'] })).toMatchObject({ matched: 10_000, changed: 10_000 });
    } finally {
      await own.asOwner(`DELETE FROM run WHERE model = 'many'`);
    }
  });

  test('of another team are out of reach', async () => {
    await own.asOwner(
      `INSERT INTO team (id, key, name) VALUES ('00000000-0000-4000-8000-000000000001', 'other', 'Other') ON CONFLICT DO NOTHING`,
    );
    await own.asOwner(`UPDATE run SET team_id = '00000000-0000-4000-8000-000000000001' WHERE key = $1`, [
      key(9),
    ]);
    try {
      expect(await tag({ where: {}, add: ['mine'] })).toMatchObject({ matched: 119 });
      expect((await tag({ keys: [key(9)], add: ['mine'] })).__typename).toBe('NotFound');
      const { data } = await own.ask(
        `mutation ($key: String!) { noteRun(key: $key, note: "x") { __typename } setRunInfo(key: $key, info: { a: 1 }) { __typename } }`,
        { key: key(9) },
      );
      expect([data.noteRun.__typename, data.setRunInfo.__typename]).toEqual(['NotFound', 'NotFound']);
    } finally {
      await own.asOwner(`UPDATE run SET team_id = $2 WHERE key = $1`, [key(9), own.teamId]);
    }
  });

  test('may be changed only by who may write', async () => {
    const identity = { teamId: own.teamId, memberId: own.memberId };
    for (const [scope, allowed] of [
      ['READ', false],
      ['WORK', false],
      ['WRITE', true],
    ] as const) {
      const { secret } = await createToken(own.db, { ...identity, name: scope, scopes: [scope] });
      const { errors } = await own.ask(
        TAG,
        { keys: [key(1)], add: ['a'] },
        { authorization: `Bearer ${secret}` },
      );
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(allowed ? [] : ['FORBIDDEN']);
    }
  });
});

describe("a run of one's own script", () => {
  const CREATE = `mutation ($input: CreateRunInput!) { createRun(input: $input) {
    __typename ... on CreateRunSuccess { claim { run { key tags note } } } ... on InvalidInput { problems { path message } } } }`;
  const create = async (more: object) => {
    const input = {
      name: 'mine',
      dataset: 'shapes',
      axes: { model: 'resnet8', batchSize: 4, baseLearningRate: 0.01, epochs: 1 },
      idempotencyKey: 'once',
      ...more,
    };
    const { data, errors } = await own.ask(CREATE, { input });
    expect(errors).toEqual([]);
    return data.createRun;
  };
  test('is made with its tags and its note, once, however often it is sent', async () => {
    const described = { tags: ['notebook', 'a'], note: 'first try' };
    const made = await create(described);
    expect(made.claim.run).toMatchObject({ tags: ['a', 'notebook'], note: 'first try' });
    const { key: mine } = made.claim.run;
    await own.ask('mutation ($key: String!) { noteRun(key: $key, note: "second thought") { __typename } }', {
      key: mine,
    });
    expect((await create(described)).claim.run).toEqual({
      key: mine,
      tags: ['a', 'notebook'],
      note: 'second thought',
    });
  });
  test('is not made when its tags or its note cannot be', async () => {
    const answer = await create({ tags: ['good', ' '], note: 'x'.repeat(10_001), idempotencyKey: 'never' });
    expect(answer.problems.map(({ path }: { path: string[] }) => path)).toEqual([
      ['input', 'tags', '1'],
      ['input', 'note'],
    ]);
    const many = await create({
      tags: Array.from({ length: 51 }, (_, i) => `${i}`),
      idempotencyKey: 'never',
    });
    expect(many.problems[0]).toMatchObject({ path: ['input', 'tags'], message: 'invalid tags: 51' });
  });
});

describe('a note', () => {
  const NOTE = `mutation ($key: String!, $note: String) { noteRun(key: $key, note: $note) {
    __typename ... on RunDescribed { run { key note } } ... on InvalidInput { message } ... on NotFound { message } } }`;
  test('of a run is written in place of the one before, and taken away', async () => {
    const note = 'η̃ too large\nfrom epoch 30 on; see "figure 3"';
    const write = async (text: string | null, of = key(3)) =>
      (await own.ask(NOTE, { key: of, note: text })).data.noteRun;
    expect(await write(note)).toMatchObject({ run: { key: key(3), note } });
    expect(await write('x'.repeat(10_000))).toMatchObject({ __typename: 'RunDescribed' });
    expect((await write('x'.repeat(10_001))).message).toContain('too long');
    const found = await own.ask('{ runs(where: { note: { startsWith: "xxx" } }) { nodes { key } } }');
    expect(found.data.runs.nodes).toEqual([{ key: key(3) }]);
    for (const none of [' \n', null]) expect(await write(none)).toMatchObject({ run: { note: null } });
    expect(await write('x', 'nothing/1')).toMatchObject({
      message: 'unknown run "nothing/1"; nothing was changed',
    });
  });
});

describe('free parameters beside the configuration', () => {
  const SET = `mutation ($key: String!, $info: JSON!) { setRunInfo(key: $key, info: $info) {
    __typename ... on RunDescribed { run { info hyper } } ... on InvalidInput { message problems { path } } ... on NotFound { message } } }`;
  const set = async (info: unknown, of = key(4)) => {
    const { data, errors } = await own.ask(SET, { key: of, info });
    expect(errors).toEqual([]);
    return data.setRunInfo;
  };
  test('are merged with those that are there, and null takes one away', async () => {
    expect(await set({ gpu: 'H100', hours: 1.5, ok: true })).toMatchObject({
      run: { info: { gpu: 'H100', hours: 1.5, ok: true } },
    });
    expect(await set({ hours: 2, ok: null, 'not there': null })).toMatchObject({
      run: { info: { gpu: 'H100', hours: 2 } },
    });
    const found = await own.ask('{ runs(where: { params: [{ name: "hours", gte: 2 }] }) { nodes { key } } }');
    expect(found.data.runs.nodes).toEqual([{ key: key(4) }]);
  });
  test('sent at once by several are all there', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, i) => set({ [`p${i}`]: i })));
    expect(Object.keys((await set({})).run.info)).toHaveLength(10);
  });
  test.each([
    ['a list', [1]],
    ['a text', 'x'],
    ['an object inside', { a: { b: 1 } }],
    ['a list inside', { a: [1] }],
    ['a nameless one', { '': 1 }],
    ['a NUL', { a: '\0' }],
    ['half of a character', { '\ud800': 1 }],
    ['a long text', { a: 'x'.repeat(10_001) }],
    ['more than a hundred', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`p${i}`, i]))],
  ])('are refused with %s', async (_name, info) => {
    expect(await set(info)).toMatchObject({ __typename: 'InvalidInput' });
    expect((await set({})).run.info).toEqual({});
  });
  test('are at most a thousand a run', async () => {
    const part = (from: number) =>
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${from + i}`, i]));
    for (let from = 0; from < 1000; from += 100)
      expect((await set(part(from))).__typename).toBe('RunDescribed');
    expect((await set({ more: 1 })).message).toContain('would have 1001 parameters');
    expect(await set({ more: 1, p0: null })).toMatchObject({ __typename: 'RunDescribed' });
  });
});

describe('sweeps', () => {
  const DESCRIBE = `mutation ($key: String!, $add: [String!], $remove: [String!], $note: String) {
    tagSweep(key: $key, add: $add, remove: $remove) { __typename ... on SweepDescribed { sweep { tags } } ... on NotFound { message } ... on TooManyTags { keys } }
    noteSweep(key: $key, note: $note) { __typename ... on SweepDescribed { sweep { note tags } } ... on NotFound { message } } }`;
  test('have tags and a note too', async () => {
    const { data } = await own.ask(DESCRIBE, { key: sweep.key, add: ['paper', 'a'], note: 'for the talk' });
    expect(data).toEqual({
      tagSweep: { __typename: 'SweepDescribed', sweep: { tags: ['a', 'paper'] } },
      noteSweep: { __typename: 'SweepDescribed', sweep: { note: 'for the talk', tags: ['a', 'paper'] } },
    });
    const none = await own.ask(DESCRIBE, { key: 'none-1', add: ['a'] });
    expect(none.data.tagSweep.message).toBe('unknown sweep "none-1"');
    expect(none.data.noteSweep.message).toBe('unknown sweep "none-1"');
    await own.asOwner(`UPDATE sweep SET tags = ARRAY(SELECT 't' || i FROM generate_series(1, 50) i)`);
    expect((await own.ask(DESCRIBE, { key: sweep.key, add: ['one more'] })).data.tagSweep).toEqual({
      __typename: 'TooManyTags',
      keys: [sweep.key],
    });
  });

  test('are found by status as each tells it, by name, member, tags, words and time', async () => {
    const dataset = await own.db.prisma.dataset.findFirstOrThrow();
    const owner = { teamId: own.teamId, memberId: own.memberId };
    const make = async (name: string, seeds: number[], more = {}) => {
      const runs = seeds.map((seed) => newRun(dataset.id, { seed, width: 32, batchNorm: true }));
      return createSweep(own.db, newSweep(owner, runs, { name, ...more }));
    };
    const done = await make('Done 100%', [1, 2]);
    for (const position of [1, 2]) await record(own, `${done.key}/${position}`, { value: 0.5 });
    const half = await make('half', [3, 4]);
    await record(own, `${half.key}/1`, { status: 'FAILED' });
    const running = await make('running', [5]);
    await record(own, `${running.key}/1`, { status: 'RUNNING' });
    // Of runs that others made: nothing of its own has begun.
    await make('reuses', [4, 5]);
    await make('reuses waiting ones', [4]);
    const paused = await make('paused', [6]);
    await changeSweep(own.db, paused.id, 'pause');
    const cancelled = await make('cancelled', [7]);
    await changeSweep(own.db, cancelled.id, 'cancel');
    await own.asOwner(
      `UPDATE sweep SET created_at = '2020-01-01T00:00:00.000500Z', tags = '{old,é}' WHERE id = $1`,
      [done.id],
    );

    const ask = async (where: object): Promise<{ name: string; status: string }[]> => {
      const { data, errors } = await own.ask(
        'query ($where: SweepFilter) { sweeps(where: $where, first: 100) { totalCount nodes { name status } } }',
        { where },
      );
      expect(errors).toEqual([]);
      expect(data.sweeps.totalCount).toBe(data.sweeps.nodes.length);
      return data.sweeps.nodes;
    };
    const all = await ask({});
    expect(new Set(all.map(({ status }) => status)).size).toBe(5);
    for (const status of ['WAITING', 'RUNNING', 'PAUSED', 'DONE', 'CANCELLED']) {
      const expected = all.filter((one) => one.status === status);
      expect(await ask({ status: [status] })).toEqual(expected);
      expect(await ask({ status: [status, 'DONE'] })).toEqual(
        all.filter((one) => one.status === status || one.status === 'DONE'),
      );
    }
    const member = await own.db.prisma.member.findFirstOrThrow();
    const names = async (where: object) => (await ask(where)).map(({ name }) => name);
    expect(await names({ status: [] })).toEqual([]);
    expect(await names({ name: { contains: '%' } })).toEqual(['Done 100%']);
    expect(await names({ name: { startsWith: 'reuses' } })).toEqual(['reuses waiting ones', 'reuses']);
    expect(await names({ search: 'REUSES ones' })).toEqual(['reuses waiting ones']);
    expect(await names({ search: 'É' })).toEqual(['Done 100%']);
    expect(await names({ tags: { has: 'old' }, status: ['DONE'] })).toEqual(['Done 100%']);
    expect(await names({ tags: { has: 'old' }, status: ['PAUSED'] })).toEqual([]);
    expect(await names({ createdAt: { lte: '2020-01-01T00:00:00.000Z' } })).toEqual(['Done 100%']);
    expect(await names({ createdAt: { gt: '2020-01-01T00:00:00.000Z' } })).toHaveLength(all.length - 1);
    expect(await names({ member: { eq: 'nobody' } })).toEqual([]);
    expect(await names({ member: { eq: member.key }, key: { eq: half.key } })).toEqual(['half']);
    const refused = await own.ask('{ sweeps(where: { name: { eq: null } }) { nodes { key } } }');
    expect(refused.errors[0]!.message).toContain('name.eq is null');

    const page = async (args: string) =>
      (
        await own.ask(
          `{ sweeps(${args}) { nodes { name } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`,
        )
      ).data.sweeps;
    const first = await page('first: 3');
    const rest = await page(`first: 100, after: "${first.pageInfo.endCursor}"`);
    expect([...first.nodes, ...rest.nodes].map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    const last = await page(`last: 2`);
    const before = await page(`last: 100, before: "${last.pageInfo.startCursor}"`);
    expect([...before.nodes, ...last.nodes].map(({ name }) => name)).toEqual(all.map(({ name }) => name));
  });
});
