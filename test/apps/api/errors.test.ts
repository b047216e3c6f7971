import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CODES, LIBRARY_MEANINGS, MEANINGS } from '@smallbatch/api';
import { createSweep, createToken } from '@smallbatch/db';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
beforeAll(async () => {
  own = await testApi({ readSeconds: 1 });
  const { id } = await addDataset(own.db, own.teamId);
  await createSweep(own.db, newSweep(own, [newRun(id)]));
});

type Asked = Awaited<ReturnType<TestApi['ask']>>;
/** How each code is come by. One that is missing here fails below: add how a client meets it. */
const PROVOKED: Readonly<Record<string, () => Promise<Asked>>> = {
  UNAUTHENTICATED: () => own.ask('{ viewer { scopes } }', {}, { authorization: 'Bearer sb_wrong' }),
  FORBIDDEN: async () => {
    const { secret } = await createToken(own.db, {
      teamId: own.teamId,
      memberId: own.memberId,
      name: 'r',
      scopes: ['READ'],
    });
    return own.ask('{ tokens { name } }', {}, { authorization: `Bearer ${secret}` });
  },
  BAD_INPUT: () => own.ask('{ node(id: "nonsense") { id } }'),
  BAD_CURSOR: () => own.ask('{ runs(after: "nonsense") { nodes { key } } }'),
  PAGE_TOO_LARGE: () => own.ask('{ runs(first: 101) { nodes { key } } }'),
  QUERY_TOO_COMPLEX: () => own.ask(`{ viewer { ${'scopes '.repeat(30)} } }`),
  TOO_MANY_POINTS: async () => {
    await own.asOwner(`INSERT INTO metric (team_id, name, goal) VALUES ($1, 'long', 'NONE')`, [own.teamId]);
    await own.asOwner(
      `INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, max, sum, tail, median_last_5)
       SELECT r.id, m.id, r.team_id, 1e9, 0, 1, 1, 1, 1, 1, ARRAY[1::float8], 1 FROM run r, metric m WHERE m.name = 'long'`,
    );
    return own.ask('{ curves(where: {}, metric: "long") { of } }');
  },
  TIMEOUT: async () => {
    const holder = new pg.Client({ connectionString: own.db.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE run IN ACCESS EXCLUSIVE MODE');
    const answer = await own.ask('{ aggregate(by: [MODEL]) { runs } }');
    await holder.end();
    return answer;
  },
  INTERNAL: async () => {
    await own.asOwner('ALTER TABLE metric RENAME COLUMN goal TO gaol');
    const answer = await own.ask('{ metrics { name } }');
    await own.asOwner('ALTER TABLE metric RENAME COLUMN gaol TO goal');
    return answer;
  },
  GRAPHQL_PARSE_FAILED: () => own.ask('{ viewer {'),
  GRAPHQL_VALIDATION_FAILED: () => own.ask('{ nothing }'),
  BAD_USER_INPUT: () => own.ask('query ($n: Int) { runs(first: $n) { nodes { key } } }', { n: 'many' }),
  OPERATION_RESOLUTION_FAILURE: () => own.ask('query A { viewer { scopes } } query B { viewer { scopes } }'),
  BAD_REQUEST: () => own.ask('{ viewer { scopes } }', {}, { accept: 'text/plain' }),
};

/** Codes that no single request by HTTP meets: the test files of what answers them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  NOT_FOUND: 'live.test.ts',
  CURSOR_EXPIRED: 'live.test.ts',
  TOO_MANY_SUBSCRIPTIONS: 'sockets.test.ts',
  EXPORTS_BUSY: 'exports.test.ts',
  RATE_LIMITED: 'sign-in.test.ts',
};
test.each(Object.entries(ELSEWHERE))('%s has a meaning in words, and is met in %s', (code, file) => {
  expect(MEANINGS[code as keyof typeof MEANINGS].length).toBeGreaterThan(20);
  expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(`'${code}'`);
});

test.each(Object.keys({ ...CODES, ...LIBRARY_MEANINGS }).filter((code) => !ELSEWHERE[code]))(
  '%s has a meaning in words, and is come by as they say',
  async (code) => {
    const means = { ...MEANINGS, ...LIBRARY_MEANINGS }[code as keyof typeof MEANINGS];
    expect(means.length).toBeGreaterThan(20);
    const provoke = PROVOKED[code];
    if (!provoke) throw new Error(`nothing provokes ${code}: say in PROVOKED how a client comes by it`);
    const { errors, status } = await provoke();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual([code]);
    expect(errors[0]!.message.length).toBeGreaterThan(8);
    expect(errors[0]!.message.length).toBeLessThan(600);
    expect(status).toBeLessThan(500);
  },
);

test('a thing of another team is not found by its id, nor a token by a token that may only read', async () => {
  const [other] = await own.asOwner<{ id: string }>(
    `INSERT INTO team (id, key, name) VALUES (gen_random_uuid(), 'other', 'Other') RETURNING id`,
  );
  const id = (type: string, uuid: string): string => Buffer.from(`${type}:${uuid}`).toString('base64');
  const [run] = await own.asOwner<{ id: string }>('SELECT id FROM run');
  const ask = async (of: string, headers = {}) =>
    (await own.ask('query ($id: ID!) { node(id: $id) { id __typename } }', { id: of }, headers)).data.node;
  expect(await ask(id('Run', run!.id))).toMatchObject({ __typename: 'Run' });
  expect(await ask(id('Team', own.teamId))).toMatchObject({ __typename: 'Team' });
  expect(await ask(id('Team', other!.id))).toBeNull();
  const identity = { teamId: own.teamId, memberId: own.memberId };
  const token = await createToken(own.db, { ...identity, name: 'r', scopes: ['READ'] });
  expect(await ask(id('Token', token.id))).toMatchObject({ __typename: 'Token' });
  expect(await ask(id('Token', token.id), { authorization: `Bearer ${token.secret}` })).toBeNull();
  // Where a team is that of the viewer no more, nothing of it is found.
  const theirs = await addDataset(own.db, other!.id, 'theirs');
  expect(await ask(id('Dataset', theirs.id))).toBeNull();
});
