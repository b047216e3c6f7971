import { createSweep } from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
beforeAll(async () => {
  own = await testApi();
  const dataset = await addDataset(own.db, own.teamId);
  const owner = { teamId: own.teamId, memberId: own.memberId };
  const runs = Array.from({ length: 12 }, (_, i) =>
    newRun(dataset.id, {
      seed: i,
      batchSize: 2 ** (i % 4),
      hyper: i % 3 ? { depth: i % 3 === 1 ? i : `${i}` } : {},
    }),
  );
  await createSweep(own.db, newSweep(owner, runs, { name: 'Große Netze' }));
  await createSweep(own.db, newSweep(owner, runs.slice(0, 4), { name: 'again' }));
  await own.asOwner(
    `INSERT INTO metric (team_id, name, goal) VALUES ($1, 'test_accuracy', 'MAXIMISE'), ($1, 'norm', 'NONE')`,
    [own.teamId],
  );
  // Accuracy of the first eight: 0, 0.1, 0.2, NaN, Infinity, 0.5, 0.6, 0.7; the others have none.
  await own.asOwner(
    `INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, max, sum, tail, median_last_5)
     SELECT r.id, m.id, r.team_id, 1, 0, v, 1, v, v, v, ARRAY[v], v
     FROM run r JOIN metric m ON true, LATERAL (SELECT CASE r.seed WHEN 3 THEN 'NaN' WHEN 4 THEN 'Infinity' ELSE r.seed / 10.0 END::float8 AS v) AS x
     WHERE r.seed < 8`,
  );
});

const LIST = `query ($where: RunFilter, $orderBy: [RunOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  runs(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    nodes { seed } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
const seeds = async (variables: object): Promise<number[]> => {
  const { data, errors } = await own.ask(LIST, variables);
  expect(errors).toEqual([]);
  return data.runs.nodes.map(({ seed }: { seed: number }) => seed);
};
const refusal = async (variables: object, query = LIST) => {
  const { errors, data } = await own.ask(query, variables);
  expect(data).toBeNull();
  return `${errors[0]!.extensions.code}: ${errors[0]!.message}`;
};
const where = async (filter: object): Promise<number[]> =>
  seeds({ where: filter, orderBy: [{ field: 'SEED' }], first: 100 });

describe('a filter of runs', () => {
  test('can say that a run has no such metric, or that its value is not there', async () => {
    const value = (is: object) => ({ metrics: [{ name: 'test_accuracy', value: 'LAST', is }] });
    expect(await where(value({ isNull: true }))).toEqual([3, 8, 9, 10, 11]);
    expect(await where(value({ isNull: false }))).toEqual([0, 1, 2, 4, 5, 6, 7]);
    expect(await where(value({ gte: 0.5 }))).toEqual([4, 5, 6, 7]);
    expect(await where({ not: value({ gte: 0.5 }) })).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
    expect(
      await where({ metrics: [{ name: 'nobody logs this', value: 'MEAN', is: { isNull: true } }] }),
    ).toHaveLength(12);
  });

  test('keeps the types of free parameters', async () => {
    expect(await where({ params: [{ name: 'depth', eq: 4 }] })).toEqual([4]);
    expect(await where({ params: [{ name: 'depth', eq: '4' }] })).toEqual([]);
    expect(await where({ params: [{ name: 'depth', eq: '5' }] })).toEqual([5]);
    expect(await where({ params: [{ name: 'depth', gt: 0 }] })).toEqual([1, 4, 7, 10]);
    expect(await where({ params: [{ name: 'depth', isNull: true }] })).toEqual([0, 3, 6, 9]);
  });

  test('searches the texts that people see, whatever the case, and takes % and _ as they are', async () => {
    expect(await where({ search: 'GROSSE' })).toEqual([]);
    expect(await where({ search: 'netze GROßE' })).toHaveLength(12);
    expect(await where({ search: '/12' })).toEqual([11]);
    expect(await where({ search: 'n_tze' })).toEqual([]);
    expect(await where({ search: '%' })).toEqual([]);
    // Of the sweep that created it, not of every sweep that took it.
    expect(await where({ search: 'again' })).toEqual([]);
    expect(await where({ sweep: { startsWith: 'again' } })).toEqual([0, 1, 2, 3]);
  });

  test('by the whole of a schedule or a budget', async () => {
    expect(
      await where({
        schedule: { eq: { kind: 'constant' } },
        budget: { unit: ['EPOCHS'], value: { gte: 1 } },
      }),
    ).toHaveLength(12);
    expect(await where({ schedule: { eq: { kind: 'step' } } })).toEqual([]);
    expect(await where({ batchSchedule: { isNull: false } })).toEqual([]);
  });

  test.each([
    [
      'a null where a value is expected',
      { bnBatch: { eq: null } },
      'bnBatch.eq is null; leave it out, or say isNull: true',
    ],
    [
      'a null deep inside',
      { or: [{ not: { metrics: [{ name: 'a', value: 'LAST', is: { gt: null } }] } }] },
      'metrics "a".gt is null',
    ],
    ['a list over the limit', { seed: { in: Array.from({ length: 1001 }, (_, i) => i) } }, 'too long a list'],
    [
      'a parameter that is a list',
      { params: [{ name: 'depth', eq: [1] }] },
      'params "depth" is [1]; a number, a text, true or false',
    ],
    ['half of a character', { key: { eq: '\ud800' } }, 'half of a surrogate pair'],
    ['a NUL in the name of a field of JSON', { schedule: { eq: { 'a\0': 1 } } }, 'NUL'],
    ['a long search', { search: 'x'.repeat(201) }, 'a search of 201 characters; at most 200'],
    ['many words', { search: 'a b c d e f g h i j k' }, 'a search of 11 words; at most 10'],
  ])('with %s is refused in words', async (_name, filter, message) => {
    const said = await refusal({ where: filter });
    // Texts and lists are measured before anything else, whatever they are for.
    expect(said).toMatch(/^(BAD_INPUT: invalid (filter: |text at )|QUERY_TOO_COMPLEX: )/);
    expect(said).toContain(message);
  });

  test('of the best value of a metric without a goal is refused, and so is an order by it', async () => {
    const said = 'BAD_INPUT: invalid value BEST: metric "norm" has no goal; set it with setMetricGoal';
    expect(
      await refusal({ where: { not: { metrics: [{ name: 'norm', value: 'BEST', is: { gt: 0 } }] } } }),
    ).toContain(said);
    expect(await refusal({ orderBy: [{ metric: { name: 'norm', value: 'BEST' } }] })).toContain(said);
    expect(await where({ metrics: [{ name: 'test_accuracy', value: 'BEST', is: { gt: 0.6 } }] })).toEqual([
      4, 7,
    ]);
  });

  test('of what a run has cost as if a metric had it is refused, and asked of the run itself answered', async () => {
    const said = 'BAD_INPUT: invalid value GPU_SECONDS of a metric: take LAST';
    const metric = { name: 'test_accuracy', value: 'GPU_SECONDS' };
    expect(await refusal({ where: { metrics: [{ ...metric, is: { gt: 0 } }] } })).toContain(said);
    expect(await refusal({ orderBy: [{ metric }] })).toContain(said);
    expect(
      await where({ deviceSeconds: { lte: 0 }, step: { lt: 1 }, samplesSeen: { in: [0] } }),
    ).toHaveLength(12);
  });

  test('with a number that is not finite, as only a literal can say, is refused', async () => {
    for (const literal of ['baseLearningRate: { gt: 1e999 }', 'params: [{ name: "a", eq: 1e999 }]'])
      expect(await refusal({}, `{ runs(where: { ${literal} }) { nodes { key } } }`)).toContain(
        'Infinity; a finite number',
      );
  });
});

describe('an order of runs', () => {
  test('by the value of a metric has NaN and absent values last, both ways', async () => {
    const metric = { name: 'test_accuracy', value: 'MEDIAN_LAST_5' };
    const up = await seeds({ orderBy: [{ metric }, { field: 'SEED' }], first: 100 });
    expect(up).toEqual([0, 1, 2, 5, 6, 7, 4, 3, 8, 9, 10, 11]);
    const down = await seeds({ orderBy: [{ metric, direction: 'DESC' }, { field: 'SEED' }], first: 100 });
    expect(down).toEqual([4, 7, 6, 5, 2, 1, 0, 3, 8, 9, 10, 11]);
  });

  test('by a free parameter has numbers, then texts, then what has none', async () => {
    const order = [{ param: 'depth' }, { field: 'SEED' }];
    expect(await seeds({ orderBy: order, first: 100 })).toEqual([1, 4, 7, 10, 11, 2, 5, 8, 0, 3, 6, 9]);
  });

  test('is walked by cursors forwards and backwards', async () => {
    const orderBy = [
      { metric: { name: 'test_accuracy', value: 'LAST' }, direction: 'DESC' },
      { field: 'BATCH_SIZE' },
    ];
    const all = await seeds({ orderBy, first: 100 });
    const first = (await own.ask(LIST, { orderBy, first: 9 })).data.runs;
    expect(await seeds({ orderBy, first: 9, after: first.pageInfo.endCursor })).toEqual(all.slice(9));
    const last = (await own.ask(LIST, { orderBy, last: 4 })).data.runs;
    expect(last.nodes.map(({ seed }: { seed: number }) => seed)).toEqual(all.slice(-4));
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(await seeds({ orderBy, last: 100, before: last.pageInfo.startCursor })).toEqual(all.slice(0, -4));
  });

  test('of nothing, or of two things at once, is refused', async () => {
    const ask = (...orderBy: object[]) => refusal({ orderBy });
    expect(await ask({})).toBe(
      'BAD_INPUT: invalid orderBy: none; give exactly one of field, metric and param',
    );
    expect(await ask({ direction: 'DESC', param: null })).toContain('invalid orderBy: none');
    expect(await ask({ field: 'SEED', param: 'x' })).toContain(
      'invalid orderBy: field and param; give exactly one',
    );
    expect(await ask(...Array.from({ length: 6 }, () => ({ field: 'SEED' })))).toContain(
      '6 entries; at most 5',
    );
  });

  test('refuses a cursor of another order, and one that was changed', async () => {
    const orderBy = [{ field: 'SEED' }];
    const cursor: string = (await own.ask(LIST, { orderBy, first: 2 })).data.runs.pageInfo.endCursor;
    const say = 'BAD_CURSOR: invalid cursor "';
    for (const other of [
      undefined,
      [{ field: 'SEED', direction: 'DESC' }],
      [{ field: 'WIDTH' }],
      [{ param: 'SEED' }],
      [{ field: 'SEED' }, { field: 'WIDTH' }],
    ]) {
      const said = await refusal({ orderBy: other, first: 2, after: cursor });
      expect(said).toContain(say);
      expect(said).toContain('it is of another order');
    }
    const [mark, , id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    for (const changed of [
      [mark, 'x', id],
      [mark, null, id],
      [mark, '99999999999999999999', id],
      [mark, id],
      [mark, "'", "'"],
    ]) {
      const forged = Buffer.from(JSON.stringify(changed)).toString('base64url');
      expect(await refusal({ orderBy, after: forged })).toContain(say);
    }
  });
});

describe('the statements of a list', () => {
  const count = async (query: string, variables: object = {}) => {
    own.statements();
    const { errors } = await own.ask(query, variables);
    expect(errors).toEqual([]);
    const names = own.statements().map((text) => /^\/\* (.+?) \*\//.exec(text)?.[1] ?? text.slice(0, 30));
    return { names, length: names.length };
  };

  test('count runs only when asked to', async () => {
    const without = await count('{ runs(first: 5) { nodes { key } } sweeps { nodes { key } } }');
    expect(without.names.filter((name) => /count/i.test(name))).toEqual([]);
    const asked = await count(
      '{ runs(first: 5) { totalCount nodes { key } } sweeps { totalCount nodes { key } } }',
    );
    expect(asked.names.filter((name) => /count/i.test(name)).sort()).toEqual(['countRuns', 'countSweeps']);
    expect(asked.length).toBe(without.length + 2);
  });

  test('are as many for many runs and sweeps as for one', async () => {
    const query = (first: number) =>
      `{ sweeps(first: 2) { nodes { key runs(first: ${first}, where: { search: "netze" }, orderBy: [{ metric: { name: "test_accuracy", value: BEST } }])
        { totalCount nodes { key tags note sweeps { key name counts { total } } metrics { name } } } } } }`;
    const one = await count(query(1));
    const many = await count(query(12));
    expect([...many.names].sort()).toEqual([...one.names].sort());
    expect(many.names.filter((name) => name === 'countRuns of sweeps')).toHaveLength(1);
    expect(many.length).toBeLessThanOrEqual(10);
    const { data } = await own.ask(query(12));
    const lists = data.sweeps.nodes.map(({ runs }: never) => (runs as { totalCount: number }).totalCount);
    expect(lists).toEqual([4, 12]);
    expect(data.sweeps.nodes[0].runs.nodes[0].sweeps.map(({ name }: { name: string }) => name)).toEqual([
      'Große Netze',
      'again',
    ]);
  });
});
