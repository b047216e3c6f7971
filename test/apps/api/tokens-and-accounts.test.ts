import { findToken } from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { addTeam } from '../../packages/db/people.ts';
import { Browser, PASSWORD, person } from './browser.ts';
import { testApi } from './server.ts';

const own = await testApi({ host: '0.0.0.0' });
const owner = await person(own, 'OWNER');
const WHO = '{ viewer { role } }';

async function create({ browser }: { browser: Browser }, scopes = '[READ]', more = '') {
  const { createToken } = await browser.ask(
    `mutation { createToken(name: "a notebook", scopes: ${scopes}${more}) { __typename ... on CreateTokenSuccess { secret token { id } } ... on InvalidInput { message } } }`,
  );
  return {
    ...createToken,
    id: createToken.token?.id,
    headers: { authorization: `Bearer ${createToken.secret}` },
  };
}
const as = (headers: Record<string, string>, text = WHO) => new Browser(own.api).ask(text, headers);

describe('a token', () => {
  test('is made by everybody for themselves, with no more scopes than their role has', async () => {
    const member = await person(own, 'MEMBER');
    expect(await as((await create(member, '[READ, WRITE, WORK]')).headers)).toEqual({
      viewer: { role: 'MEMBER' },
    });
    expect(await create(member, '[READ, ADMIN]')).toMatchObject({
      __typename: 'InvalidInput',
      message: '1 problem: invalid scope ADMIN: a member does not have it (scopes)',
    });
    const { tokens } = await member.browser.ask('{ tokens { member { key } } }');
    expect(tokens).toEqual([{ member: { key: member.key } }]);
    const all = await owner.browser.ask('{ tokens { member { key } } }');
    expect(all.tokens).toContainEqual({ member: { key: member.key } });
  });

  test('that is rotated gives way to one that does the same, within the time that is said', async () => {
    const life = `, expiresAt: "${new Date(Date.now() + 86_400_000).toISOString()}"`;
    const old = await create(owner, '[READ, WORK]', life);
    const rotate = (more: string, id = old.id) =>
      owner.browser.ask(
        `mutation { rotateToken(id: "${id}"${more}) { __typename ... on TokenRotated { secret minutes token { id name scopes expiresAt } } ... on InvalidInput { message } } }`,
      );
    const { rotateToken: next } = await rotate('');
    expect(next).toMatchObject({ minutes: 60, token: { name: 'a notebook', scopes: ['READ', 'WORK'] } });
    const headers = { authorization: `Bearer ${next.secret}` };
    const answer = { viewer: { role: 'OWNER' } };
    expect([await as(old.headers), await as(headers)]).toEqual([answer, answer]);
    // It lasts as long as the old one was made for.
    expect(Math.abs(Date.parse(next.token.expiresAt) - Date.now() - 86_400_000)).toBeLessThan(60_000);
    const [left] = await own.asOwner<{ minutes: number }>(
      'SELECT extract(epoch FROM expires_at - now())::float8 / 60 AS minutes FROM token WHERE id = $1',
      [Buffer.from(old.id, 'base64').toString().split(':')[1]],
    );
    expect(left!.minutes).toBeGreaterThan(58);
    expect(left!.minutes).toBeLessThanOrEqual(60);

    const { rotateToken: last } = await rotate(', minutes: 0', next.token.id);
    expect(await as(headers)).toBe('UNAUTHENTICATED');
    expect(await as({ authorization: `Bearer ${last.secret}` })).toEqual(answer);
    expect((await rotate('', next.token.id)).rotateToken.__typename).toBe('NotFound');
    expect((await rotate(', minutes: -1', last.token.id)).rotateToken.message).toContain(
      'invalid minutes: -1',
    );
  });

  test('that was used says when, to the minute', async () => {
    const token = await create(owner);
    const last = async () =>
      (await owner.browser.ask(`{ node(id: "${token.id}") { ... on Token { lastUsedAt } } }`)).node
        .lastUsedAt;
    expect(await last()).toBeNull();
    await as(token.headers);
    expect(Date.now() - Date.parse(await last())).toBeLessThan(60_000);
  });

  test('of the scope WORK sees what it is handed, and follows no edge to anything else', async () => {
    const { headers } = await create(owner, '[WORK]');
    const register = (text: string) =>
      as(
        headers,
        `mutation { registerWorker(input: { name: "w", host: "h", pid: 1, engine: "onnx", device: "cpu", versions: {}, trainerVersion: "1" }) { ${text} } }`,
      );
    expect(await register('id name')).toMatchObject({ registerWorker: { name: 'w' } });
    for (const text of ['member { key }', 'runs { key sweep { runs { nodes { key } } } }'])
      expect(await register(text)).toBe('FORBIDDEN');
    expect(await as(headers, '{ viewer { member { key account { email } } } }')).toBe('FORBIDDEN');
    expect(await as(headers, '{ viewer { may } }')).toEqual({ viewer: { may: ['LOOK', 'WORK'] } });
  });
});

describe('an account', () => {
  const change = (browser: Browser, how: 'disable' | 'enable', key: string) =>
    browser.ask(
      `mutation { it: ${how}Account(member: "${key}") { __typename ... on AccountChanged { member { disabledAt } } ... on LastOwner { message } ... on InvalidInput { message } } }`,
    );

  test('that is disabled is of no use, to sessions and tokens, until it is enabled', async () => {
    const ada = await person(own, 'MEMBER');
    const { headers, secret } = await create(ada);
    const { it } = await change(owner.browser, 'disable', ada.key);
    expect(it.member.disabledAt).not.toBeNull();
    expect([await ada.browser.ask(WHO), await as(headers)]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    const signIn = () => new Browser(own.api).post('/auth/sign-in', { email: ada.email, password: PASSWORD });
    expect((await signIn()).status).toBe(401);
    expect((await change(owner.browser, 'enable', ada.key)).it).toEqual({
      __typename: 'AccountChanged',
      member: { disabledAt: null },
    });
    // Its sessions have ended; its tokens rested.
    expect(await ada.browser.ask(WHO)).toBe('UNAUTHENTICATED');
    expect(await findToken(own.db, secret)).toBeDefined();
    expect((await signIn()).status).toBe(200);
  });

  test('is left to owners of all teams that it is in, and the last owner of any of them stays', async () => {
    const alone = await testApi({ host: '0.0.0.0' });
    const [ada, grace] = [await person(alone, 'OWNER'), await person(alone, 'MEMBER')];
    expect((await change(ada.browser, 'disable', ada.key)).it).toMatchObject({ __typename: 'LastOwner' });
    const other = await addTeam(alone.db);
    const join = (id: string, accountId: string, role: string) =>
      alone.asOwner(
        'INSERT INTO member (id, team_id, account_id, key, role) VALUES (gen_random_uuid(), $1, $2, $3, $4::"Role")',
        [id, accountId, `m-${accountId}`, role],
      );
    await join(other.id, grace.accountId, 'OWNER');
    for (const how of ['disable', 'enable'] as const)
      expect((await change(ada.browser, how, grace.key)).it).toEqual({
        __typename: 'InvalidInput',
        message: `1 problem: ${grace.key} is in a team of which you are no owner: let an owner of all their teams do it (member)`,
      });
    const link = `mutation { it: passwordLink(member: "${grace.key}") { __typename } }`;
    expect((await ada.browser.ask(link)).it.__typename).toBe('InvalidInput');
    await join(other.id, ada.accountId, 'OWNER');
    expect((await ada.browser.ask(link)).it.__typename).toBe('PasswordLinkMade');
    expect((await change(ada.browser, 'disable', grace.key)).it.__typename).toBe('AccountChanged');
    // Ada is no last owner here any more, but there.
    await change(ada.browser, 'enable', grace.key);
    await ada.browser.ask(`mutation { changeRole(member: "${grace.key}", role: OWNER) { __typename } }`);
    await alone.asOwner(`UPDATE member SET role = 'MEMBER' WHERE team_id = $1 AND account_id = $2`, [
      other.id,
      grace.accountId,
    ]);
    expect((await change(ada.browser, 'disable', ada.key)).it.__typename).toBe('LastOwner');
  });
});

test('the secret of an invitation is looked up by a body, never by an address', async () => {
  const browser = new Browser(own.api);
  const { invite } = await owner.browser.ask(
    'mutation { invite(role: VIEWER) { ... on InvitationMade { link } } }',
  );
  const secret = invite.link.split('#')[1];
  expect((await browser.post('/auth/invitation/look', { secret })).body).toMatchObject({ role: 'VIEWER' });
  expect((await browser.get(`/auth/invitation?secret=${secret}`)).body.error.code).toBe('NOT_FOUND');
});
