import { get } from 'node:http';
import { guard, RULES, schema } from '@smallbatch/api';
import { createSweep, createToken } from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
let dataset: { id: string; hash: string };
beforeAll(async () => {
  own = await testApi();
  dataset = await addDataset(own.db, own.teamId);
  const owner = { teamId: own.teamId, memberId: own.memberId };
  for (let i = 0; i < 50; i++) {
    const runs = Array.from({ length: 25 }, (_, seed) =>
      newRun(dataset.id, { seed, baseLearningRate: 2 ** -i }),
    );
    await createSweep(own.db, newSweep(owner, runs, { name: `sweep ${i}` }));
  }
});

const firstMessage = async (query: string, variables = {}, headers = {}): Promise<string> =>
  (await own.ask(query, variables, headers)).errors[0]!.message;

describe('a list', () => {
  test('of 50 sweeps with 20 runs each and their summaries takes at most 5 statements', async () => {
    own.statements();
    const query = `{ sweeps(first: 50) { nodes { key runs(first: 20) { nodes { key status metrics { name last medianLast5 } } } } } }`;
    const { data, errors } = await own.ask(query);
    expect(errors).toEqual([]);
    const lists = data.sweeps.nodes.map(({ runs }: { runs: { nodes: unknown[] } }) => runs.nodes.length);
    expect(lists).toEqual(Array.from({ length: 50 }, () => 20));
    const taken = own.statements();
    expect(taken.length, taken.join('\n')).toBeLessThanOrEqual(5);
  });

  test('is walked page by page without a run twice or left out, forwards and backwards, in any order', async () => {
    const total = 50 * 25;
    for (const order of [
      '',
      'orderBy: [{ field: BATCH_SIZE }, { field: SEED, direction: DESC }]',
      'orderBy: [{ field: ENDED_AT }]',
    ]) {
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const { data, errors } = await own.ask(
          `query ($after: String) { runs(first: 100, after: $after, ${order}) { nodes { key } pageInfo { hasNextPage endCursor } } }`,
          { after },
        );
        expect(errors).toEqual([]);
        seen.push(...data.runs.nodes.map(({ key }: { key: string }) => key));
        after = data.runs.pageInfo.hasNextPage ? data.runs.pageInfo.endCursor : null;
      } while (after);
      expect(seen.length).toBe(total);
      expect(new Set(seen).size).toBe(total);
      const last = await own.ask(`{ runs(last: 7, ${order}) { nodes { key } totalCount } }`);
      expect(last.data.runs.nodes.map(({ key }: { key: string }) => key)).toEqual(seen.slice(-7));
      expect(last.data.runs.totalCount).toBe(total);
    }
  });

  test('longer than a page may be is an error, not a shorter list', async () => {
    expect(await firstMessage('{ runs(first: 101) { nodes { key } } }')).toContain(
      'invalid first: 101; at most 100',
    );
    expect(await firstMessage('{ runs(first: 2, after: "nonsense") { nodes { key } } }')).toContain(
      'invalid cursor "nonsense"',
    );
    expect(await firstMessage('{ node(id: "nonsense") { id } }')).not.toContain('prisma');
  });

  test('can be filtered by and, or and not', async () => {
    const where = {
      and: [
        { seed: { in: [1, 2, 3] } },
        { or: [{ baseLearningRate: { eq: 0.5 } }, { baseLearningRate: { eq: 0.25 } }] },
        { not: { seed: { eq: 2 } } },
      ],
    };
    const { data } = await own.ask(
      'query ($where: RunFilter) { runs(where: $where) { totalCount nodes { seed } } }',
      { where },
    );
    expect(data.runs.totalCount).toBe(4);
    expect(new Set(data.runs.nodes.map(({ seed }: { seed: number }) => seed))).toEqual(new Set([1, 3]));
  });
});

describe('a request', () => {
  test.each([
    ['1,000 aliases', `{ ${Array.from({ length: 1000 }, (_, i) => `a${i}: metrics { name }`).join(' ')} }`],
    ['depth 30', `{ sweeps { nodes { ${'runs { nodes { sweep { '.repeat(9)} key ${'} } }'.repeat(9)} } } }`],
    [
      '100³ things',
      '{ sweeps(first: 100) { nodes { runs(first: 100) { nodes { sweep { runs(first: 100) { nodes { key } } } } } } } }',
    ],
    [
      'fragments in circles',
      'query { sweeps { nodes { ...a } } } fragment a on Sweep { ...b } fragment b on Sweep { ...a }',
    ],
    ['10,000 repeated fields', `{ viewer { ${'scopes '.repeat(10_000)} } }`],
  ])('of %s is refused before anything is executed', async (_name, query) => {
    own.statements();
    const { errors, data } = await own.ask(query);
    expect(data).toBeNull();
    expect(errors.length).toBeGreaterThan(0);
    // The one that asks who is asking.
    expect(own.statements().length).toBeLessThanOrEqual(1);
  });

  test('with a body over the limit, or one that is no JSON, is answered in GraphQL form', async () => {
    const post = (body: string) =>
      fetch(`http://127.0.0.1:${own.api.port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    const large = await post(JSON.stringify({ query: `{ viewer { scopes } } #${'x'.repeat(9_000_000)}` }));
    expect(large.status).toBe(413);
    expect(((await large.json()) as { errors: { message: string }[] }).errors[0]!.message).toContain(
      'too large a body',
    );
    const broken = await post('{ not json');
    expect(broken.status).toBe(400);
    expect(((await broken.json()) as { errors: { message: string }[] }).errors[0]!.message).toContain(
      'not valid JSON',
    );
  });

  test('under another host name, or from another origin, is refused', async () => {
    const origin = await own.ask('{ viewer { scopes } }', {}, { origin: 'https://elsewhere.example' });
    expect(origin.status).toBe(403);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const options = { port: own.api.port, path: '/health/live', headers: { host: 'rebound.example' } };
      get(options, ({ statusCode }) => resolve(statusCode)).on('error', reject);
    });
    expect(status).toBe(421);
  });

  test('with a token may do what its scopes say, and with a wrong one nothing', async () => {
    const identity = { teamId: own.teamId, memberId: own.memberId };
    const { secret } = await createToken(own.db, { ...identity, name: 'worker', scopes: ['WORK'] });
    const headers = { authorization: `Bearer ${secret}` };
    expect(await firstMessage('{ runs { nodes { key } } }', {}, headers)).toContain('may not read');
    expect(
      await firstMessage('mutation { createToken(name: "x", scopes: [ADMIN]) { __typename } }', {}, headers),
    ).toContain('may not manage tokens');
    expect((await own.ask('{ viewer { scopes } }', {}, headers)).data.viewer.scopes).toEqual(['WORK']);
    const wrong = await own.ask('{ viewer { scopes } }', {}, { authorization: 'Bearer sb_wrong' });
    expect(wrong.errors[0]!.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('a root field without a rule keeps the server from starting', () => {
    const { 'Query.runs': _left, ...others } = RULES;
    expect(() => guard(schema, others)).toThrow('missing rule: nobody has said who may use Query.runs');
  });

  test('of a bug is masked and has an id; nothing of the inside leaks', async () => {
    await own.asOwner('ALTER TABLE metric RENAME COLUMN goal TO gaol');
    const { errors } = await own.ask('{ metrics { name } }');
    await own.asOwner('ALTER TABLE metric RENAME COLUMN gaol TO goal');
    expect(errors[0]!.extensions.code).toBe('INTERNAL');
    expect(errors[0]!.message).toMatch(/^internal error; the log has it under [0-9a-f-]{36}$/);
  });
});

describe('a sweep', () => {
  const create = async (definition: object) =>
    (
      await own.ask(
        'mutation ($d: JSON!) { createSweep(definition: $d) { __typename ... on InvalidInput { message problems { path value message allowed } } ... on CreateSweepSuccess { created reused sweep { key } } } }',
        { d: definition },
      )
    ).data.createSweep;
  const good = {
    name: 'grid',
    dataset: ['shapes'],
    model: 'resnet8',
    axes: { batchSize: [4] },
    fixed: { epochs: 1, baseLearningRate: 0.01 },
  };

  test.each([
    [{ ...good, axes: { batchSize: [4], batchNorm: [true], bnBatch: [3] } }, 'not a divisor of batch size 4'],
    [
      { ...good, axes: { batchSize: [4], batchNorm: [true], batchNormScope: ['CONV'] } },
      'invalid batchNormScope',
    ],
    [{ ...good, fixed: { epochs: 1, baseLearningRate: -0.5 } }, 'baseLearningRate'],
    [{ ...good, axes: { batchsize: [4] } }, 'batchsize'],
    [{ ...good, axes: { batchSize: [] } }, 'batchSize'],
    [{ ...good, dataset: ['nothing'] }, 'unknown dataset'],
    [
      {
        ...good,
        axes: {
          batchSize: Array.from({ length: 1000 }, (_, i) => i + 1),
          seed: Array.from({ length: 10_000 }, (_, i) => i),
        },
      },
      '10,000,000 cells',
    ],
    [{ ...good, name: 'a\u0000b' }, 'name'],
    [{ ...good, name: 'x'.repeat(10_000) }, 'name'],
  ])(
    'that is wrong is refused with place, value and way out, and leaves nothing behind (%#)',
    async (definition, said) => {
      const before = await own.asOwner(
        'SELECT (SELECT count(*) FROM sweep) AS s, (SELECT count(*) FROM run) AS r',
      );
      const refused = await create(definition);
      expect(refused.__typename).toBe('InvalidInput');
      expect(JSON.stringify(refused)).toContain(said);
      for (const { allowed } of refused.problems) expect(allowed).not.toBe('');
      expect(
        await own.asOwner('SELECT (SELECT count(*) FROM sweep) AS s, (SELECT count(*) FROM run) AS r'),
      ).toEqual(before);
    },
  );

  test('made twice is answered by the same runs, the second time by none of its own', async () => {
    expect(await create(good)).toMatchObject({ created: 1, reused: 0 });
    expect(await create(good)).toMatchObject({ created: 0, reused: 1 });
    expect(await create({ ...good, reuse: false })).toMatchObject({ created: 1, reused: 0 });
  });
});
