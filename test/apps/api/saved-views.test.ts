import { createToken } from '@smallbatch/db';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
/** Headers of another member of the team, a plain one, and of a maintainer. */
let plain: Record<string, string>;
let maintainer: Record<string, string>;
beforeAll(async () => {
  own = await testApi();
  const join = async (key: string, role: string) => {
    const [member] = await own.asOwner<{ id: string }>(
      `WITH a AS (INSERT INTO account (id, name) VALUES (gen_random_uuid(), $2) RETURNING id)
       INSERT INTO member (id, team_id, account_id, key, role) SELECT gen_random_uuid(), $1, id, $2, $3::"Role" FROM a RETURNING id`,
      [own.teamId, key, role],
    );
    const { secret } = await createToken(own.db, {
      teamId: own.teamId,
      memberId: member!.id,
      name: key,
      scopes: ['WRITE'],
    });
    return { authorization: `Bearer ${secret}` };
  };
  plain = await join('grace', 'MEMBER');
  maintainer = await join('alan', 'MAINTAINER');
});
beforeEach(() => own.asOwner('DELETE FROM saved_view'));

const VIEW = 'id key name page query shared member { key } createdAt updatedAt';
const OUTCOME = `__typename ... on ViewSaved { replaced view { ${VIEW} } } ... on ViewNameTaken { message key } ... on InvalidInput { message }`;
const ask = async (query: string, variables: object, headers = {}): Promise<Answer> => {
  const { data, errors } = await own.ask(query, variables, headers);
  expect(errors).toEqual([]);
  return Object.values(data)[0];
};
const save = (input: object, headers = {}) =>
  ask(
    `mutation ($i: SaveViewInput!) { saveView(input: $i) { ${OUTCOME} } }`,
    { i: { name: 'Mine', page: 'RUNS', query: 'a=1', ...input } },
    headers,
  );
const change = (variables: object, headers = {}) =>
  ask(
    `mutation ($key: String!, $name: String, $query: String, $shared: Boolean) { changeView(key: $key, name: $name, query: $query, shared: $shared) {
      ${OUTCOME} ... on ViewNotYours { message member } ... on NotFound { message } } }`,
    variables,
    headers,
  );
const remove = (key: string, headers = {}) =>
  ask(
    'mutation ($key: String!) { deleteView(key: $key) { __typename ... on ViewDeleted { key } ... on ViewNotYours { member } ... on NotFound { message } } }',
    { key },
    headers,
  );
const names = async (headers = {}, page = ''): Promise<string[]> =>
  (await ask(`{ savedViews${page} { name } }`, {}, headers)).map(({ name }: Answer) => name);
const keyOf = async (input: object, headers = {}): Promise<string> => (await save(input, headers)).view.key;

describe('a saved view', () => {
  test('is found by its key, its id and its page, with all that it was saved with', async () => {
    const query = `where=${encodeURIComponent('{"status":["DONE"]}')}&x=η̃`;
    const { view, replaced } = await save({ name: 'Ächte Läufe', query, page: 'EXPLORE' });
    expect(replaced).toBe(false);
    expect(view).toMatchObject({ name: 'Ächte Läufe', page: 'EXPLORE', query, shared: false });
    expect(view.key).toMatch(/^[^ ]*fe-\d+$/);
    const { data } = await own.ask(
      `query ($id: ID!, $key: String!) { node(id: $id) { ... on SavedView { key } } savedView(key: $key) { name query } }`,
      view,
    );
    expect(data).toEqual({ node: { key: view.key }, savedView: { name: 'Ächte Läufe', query } });
    expect(await names({}, '(page: EXPLORE)')).toEqual(['Ächte Läufe']);
    expect(await names({}, '(page: RUNS)')).toEqual([]);
    expect((await own.ask('{ savedView(key: "nothing") { key } }')).data.savedView).toBeNull();
  });

  test('is listed with shared ones, the newest first', async () => {
    await save({ name: 'one' });
    await save({ name: 'two', shared: true });
    await save({ name: 'three', shared: true }, plain);
    await save({ name: 'four' }, plain);
    expect(await names()).toEqual(['three', 'two', 'one']);
    expect(await names(plain)).toEqual(['four', 'three', 'two']);
  });

  test('has a name that no other of its member has; it may give way, and keeps its key', async () => {
    const key = await keyOf({});
    expect(await save({ query: 'b=2' })).toMatchObject({
      __typename: 'ViewNameTaken',
      key,
      message: expect.stringContaining('replace: true'),
    });
    expect((await save({}, plain)).__typename).toBe('ViewSaved');
    const again = await save({ query: 'b=2', page: 'PIVOT', shared: true, replace: true });
    expect(again).toMatchObject({ replaced: true, view: { key, query: 'b=2', page: 'PIVOT', shared: true } });
    expect(Date.parse(again.view.updatedAt)).toBeGreaterThan(Date.parse(again.view.createdAt));
    const other = await keyOf({ name: 'other' });
    expect(await change({ key: other, name: 'Mine' })).toMatchObject({ __typename: 'ViewNameTaken', key });
    expect(await change({ key: other, name: 'other', query: '' })).toMatchObject({
      view: { name: 'other', query: '' },
    });
    // Saved at the same moment by two windows, it is there once.
    const both = await Promise.all([1, 2, 3, 4].map(() => save({ name: 'at once' })));
    expect(both.filter((one) => one.__typename === 'ViewSaved')).toHaveLength(1);
  });

  test('changes in what is given', async () => {
    const key = await keyOf({});
    expect(await change({ key, name: 'Renamed' })).toMatchObject({
      view: { key, name: 'Renamed', query: 'a=1', shared: false },
    });
    expect(await change({ key, query: 'c=3', shared: true })).toMatchObject({
      view: { name: 'Renamed', query: 'c=3', shared: true },
    });
    expect(await remove(key)).toEqual({ __typename: 'ViewDeleted', key });
    expect(await remove(key)).toMatchObject({ __typename: 'NotFound', message: `unknown view "${key}"` });
    expect(await change({ key, shared: true })).toMatchObject({ __typename: 'NotFound' });
  });

  test('of another member is not there unless it is shared, and is changed by who looks after the team', async () => {
    const [mine, shared] = [await keyOf({}), await keyOf({ name: 'Shared', shared: true })];
    const { view } = await save({ name: 'Third' });
    const seen = await own.ask(
      `query ($id: ID!, $key: String!) { node(id: $id) { id } savedView(key: $key) { key } }`,
      view,
      plain,
    );
    expect(seen.data).toEqual({ node: null, savedView: null });
    for (const headers of [plain, maintainer]) {
      expect(await change({ key: mine, name: 'Taken' }, headers)).toMatchObject({ __typename: 'NotFound' });
      expect(await remove(mine, headers)).toMatchObject({ __typename: 'NotFound' });
    }
    const owner = (await ask('{ viewer { member { key } } }', {})).member.key;
    expect(await change({ key: shared, name: 'Taken' }, plain)).toMatchObject({
      __typename: 'ViewNotYours',
      member: owner,
      message: expect.stringContaining(owner),
    });
    expect(await remove(shared, plain)).toEqual({ __typename: 'ViewNotYours', member: owner });
    expect(await change({ key: shared, name: 'Better' }, maintainer)).toMatchObject({
      view: { name: 'Better', member: { key: owner } },
    });
    expect(await remove(shared, maintainer)).toMatchObject({ __typename: 'ViewDeleted' });
  });

  test.each([
    ['an empty name', { name: '' }, 'invalid name'],
    ['a name that begins with a space', { name: ' x' }, 'invalid name'],
    ['a name with a line break', { name: 'a\nb' }, 'invalid name'],
    ['a name of 201 characters', { name: '𝒳'.repeat(201) }, 'invalid name'],
    ['a query with its question mark', { query: '?a=1' }, 'invalid query'],
    ['a query with a space', { query: 'a=1 2' }, 'invalid query'],
    ['a query of 20,001 characters', { query: 'a'.repeat(20_001) }, 'invalid query: 20001'],
  ])('is not saved with %s', async (_what, input, says) => {
    expect(await save(input)).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringContaining(says),
    });
    const key = await keyOf({ name: 'there' });
    expect(await change({ key, ...input })).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringContaining(says),
    });
  });

  test('takes names and queries as long as they may be', async () => {
    const most = { name: '𝒳'.repeat(200), query: 'a'.repeat(20_000) };
    expect((await save(most)).view).toMatchObject(most);
  });

  test('is one of at most 500', async () => {
    await own.asOwner(
      `INSERT INTO saved_view (id, team_id, member_id, key, name, page, query) SELECT gen_random_uuid(), $1, $2, 'v' || i, 'v' || i, 'RUN', '' FROM generate_series(1, 500) i`,
      [own.teamId, own.memberId],
    );
    expect(await save({})).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringContaining('you have 500'),
    });
    expect((await save({ name: 'v7', replace: true })).replaced).toBe(true);
    expect((await save({}, plain)).__typename).toBe('ViewSaved');
  });
});
