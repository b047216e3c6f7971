import { createInvitation, createSession, createToken } from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { addPerson, addTeam } from '../../packages/db/people.ts';
import { Browser, person } from './browser.ts';
import { testApi } from './server.ts';

const own = await testApi({ host: '0.0.0.0' });
const owner = await person(own, 'OWNER');
const WHO = '{ viewer { member { key } role } }';

describe('rights', () => {
  test('of a session are those of the role', async () => {
    const write = 'mutation { setMetricGoal(name: "nope", goal: NONE) { __typename } }';
    const admin = '{ invitations { id } }';
    const can: Record<string, unknown[]> = {};
    for (const role of ['VIEWER', 'MEMBER', 'MAINTAINER', 'OWNER'] as const) {
      const { browser } = await person(own, role);
      const answers = [await browser.ask(WHO), await browser.ask(write), await browser.ask(admin)];
      can[role] = answers.map((answer) => (typeof answer === 'string' ? answer : 'yes'));
    }
    expect(can).toEqual({
      VIEWER: ['yes', 'FORBIDDEN', 'FORBIDDEN'],
      MEMBER: ['yes', 'yes', 'FORBIDDEN'],
      MAINTAINER: ['yes', 'yes', 'FORBIDDEN'],
      OWNER: ['yes', 'yes', 'yes'],
    });
  });

  test('of a token are no more than those of its member, from the moment that the role changes', async () => {
    const { memberId, key } = await person(own, 'OWNER');
    const token = await createToken(own.db, {
      teamId: own.teamId,
      memberId,
      name: 't',
      scopes: ['READ', 'WRITE', 'ADMIN'],
    });
    const scopes = async () =>
      new Browser(own.api).ask('{ viewer { scopes } }', { authorization: `Bearer ${token.secret}` });
    expect(await scopes()).toEqual({ viewer: { scopes: ['READ', 'WRITE', 'ADMIN'] } });
    await owner.browser.ask(`mutation { changeRole(member: "${key}", role: VIEWER) { __typename } }`);
    expect(await scopes()).toEqual({ viewer: { scopes: ['READ'] } });
    await owner.browser.ask(`mutation { removeMember(member: "${key}") { __typename } }`);
    expect(await scopes()).toBe('UNAUTHENTICATED');
  });

  test('of an owner do not reach the password of somebody who is in a team of others too', async () => {
    const { memberId, key } = await person(own);
    const link = () => owner.browser.ask(`mutation { passwordLink(member: "${key}") { __typename } }`);
    expect(await link()).toEqual({ passwordLink: { __typename: 'PasswordLinkMade' } });
    const other = await addTeam(own.db);
    const [{ account }] = (await own.asOwner('SELECT account_id AS account FROM member WHERE id = $1', [
      memberId,
    ])) as [{ account: string }];
    await addPerson(own.db, { teamId: other.id, accountId: account });
    expect(await link()).toEqual({ passwordLink: { __typename: 'InvalidInput' } });
  });

  test('of a token are its own also where the browser is signed in', async () => {
    const { browser, memberId } = await person(own, 'OWNER');
    const token = await createToken(own.db, { teamId: own.teamId, memberId, name: 't', scopes: ['READ'] });
    const headers = { authorization: `Bearer ${token.secret}` };
    expect(await browser.ask('{ viewer { scopes session { id } } }', headers)).toEqual({
      viewer: { scopes: ['READ'], session: null },
    });
    expect(await browser.ask(WHO, { authorization: 'Bearer sb_wrong' })).toBe('UNAUTHENTICATED');
  });

  test('end for a session with its member, and who is in no team may still join one', async () => {
    const { browser, key } = await person(own);
    await owner.browser.ask(`mutation { removeMember(member: "${key}") { __typename } }`);
    expect(await browser.ask(WHO)).toBe('UNAUTHENTICATED');
    const { secret } = await createInvitation(own.db, {
      teamId: own.teamId,
      role: 'VIEWER',
      email: null,
      name: null,
      createdBy: null,
    });
    expect((await browser.post('/auth/invitation', { secret })).status).toBe(200);
    expect(await browser.ask(WHO)).toMatchObject({ viewer: { member: { key }, role: 'VIEWER' } });
  });
});

describe('sessions', () => {
  test('are seen and ended by their own account, and by no token', async () => {
    const own = await testApi({ host: '0.0.0.0' });
    const [ada, grace] = [await person(own, 'VIEWER'), await person(own, 'OWNER')];
    const elsewhere = await createSession(own.db.pool, {
      accountId: ada.accountId,
      teamId: null,
      method: 'PASSWORD',
      address: '192.0.2.1',
      agent: 'a telephone',
    });
    const list = '{ sessions { id agent method current } }';
    const { sessions } = await ada.browser.ask(list);
    expect(
      sessions.map(({ agent, method, current }: Record<string, unknown>) => [agent, method, current]).sort(),
    ).toEqual([
      ['a telephone', 'PASSWORD', false],
      ['a test', 'LINK', true],
    ]);
    const { id } = sessions.find(({ agent }: { agent: string }) => agent === 'a telephone');
    const revoke = `mutation { revokeSession(id: "${id}") { __typename } }`;
    expect(await grace.browser.ask(revoke)).toEqual({ revokeSession: { __typename: 'NotFound' } });
    expect(await grace.browser.ask(`{ node(id: "${id}") { id } }`)).toEqual({ node: null });
    const made = await grace.browser.ask(
      'mutation { createToken(name: "t", scopes: [READ, WRITE, ADMIN]) { ... on CreateTokenSuccess { secret } } }',
    );
    const token = { authorization: `Bearer ${made.createToken.secret}` };
    expect([await grace.browser.ask(list, token), await grace.browser.ask(revoke, token)]).toEqual([
      'FORBIDDEN',
      'FORBIDDEN',
    ]);
    expect(await ada.browser.ask(revoke)).toEqual({ revokeSession: { __typename: 'SessionRevoked' } });
    expect(await ada.browser.ask(revoke)).toEqual({ revokeSession: { __typename: 'NotFound' } });
    const telephone = new Browser(own.api);
    telephone.cookies.set('smallbatch_session', elsewhere.secret);
    expect(await telephone.ask(WHO)).toBe('UNAUTHENTICATED');
  });
});

describe('members', () => {
  test('are invited, changed and removed by owners alone, and the last owner stays', async () => {
    const own = await testApi({ host: '0.0.0.0' });
    const [ada, grace] = [await person(own, 'OWNER'), await person(own, 'MAINTAINER')];
    const invite =
      'mutation { invite(role: VIEWER, name: "Joan") { __typename ... on InvitationMade { link invitation { id } } } }';
    const change = (key: string, role: string) =>
      `mutation { changeRole(member: "${key}", role: ${role}) { __typename ... on LastOwner { message } } }`;
    const remove = (key: string) => `mutation { removeMember(member: "${key}") { __typename } }`;
    const reset = (key: string) =>
      `mutation { passwordLink(member: "${key}") { __typename ... on PasswordLinkMade { link } } }`;
    for (const text of [
      invite,
      change(grace.key, 'OWNER'),
      remove(ada.key),
      reset(ada.key),
      '{ invitations { id } }',
    ])
      expect(await grace.browser.ask(text)).toBe('FORBIDDEN');

    const { invite: made } = await ada.browser.ask(invite);
    expect(made).toMatchObject({
      __typename: 'InvitationMade',
      link: expect.stringMatching(/^\/invitation#inv_[\w-]{43}$/),
    });
    const revoke = `mutation { revokeInvitation(id: "${made.invitation.id}") { __typename } }`;
    expect(await ada.browser.ask(revoke)).toEqual({ revokeInvitation: { __typename: 'InvitationRevoked' } });
    const secret = made.link.split('#')[1];
    expect((await new Browser(own.api).post('/auth/invitation/look', { secret })).status).toBe(404);

    expect(await ada.browser.ask(change(ada.key, 'MEMBER'))).toEqual({
      changeRole: {
        __typename: 'LastOwner',
        message: `${ada.key} is the last owner who can sign in: make another member an owner first`,
      },
    });
    expect(await ada.browser.ask(remove(ada.key))).toEqual({ removeMember: { __typename: 'LastOwner' } });
    expect(await ada.browser.ask(change(grace.key, 'OWNER'))).toEqual({
      changeRole: { __typename: 'RoleChanged' },
    });
    expect(await ada.browser.ask(change('nobody', 'OWNER'))).toEqual({
      changeRole: { __typename: 'NotFound' },
    });

    const { passwordLink } = await ada.browser.ask(reset(grace.key));
    const password = 'another mill of numbers';
    const [, link] = passwordLink.link.split('#');
    expect((await new Browser(own.api).post('/auth/password', { secret: link, password })).status).toBe(200);
    expect(await grace.browser.ask(WHO)).toBe('UNAUTHENTICATED');

    expect(await ada.browser.ask(remove(grace.key))).toEqual({
      removeMember: { __typename: 'MemberRemoved' },
    });
    const keys = async (args = '') =>
      (await ada.browser.ask(`{ members${args} { key } }`)).members.map(({ key }: { key: string }) => key);
    expect(await keys()).not.toContain(grace.key);
    expect(await keys('(left: true)')).toContain(grace.key);
  });
});
