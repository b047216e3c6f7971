import {
  acceptInvitation,
  anyoneCanSignIn,
  changeRole,
  createInvitation,
  createPasswordLink,
  createSession,
  createToken,
  findInvitation,
  findPasswordLink,
  findSession,
  findToken,
  joinByInvitation,
  ownerCanSignIn,
  removeMember,
  revokeInvitation,
  teamsOfAccount,
  usePasswordLink,
  uuidv7,
} from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addPerson, addTeam, BROWSER, SOME_PASSWORD } from './people.ts';

const database = await testDatabase();
const db = await database.open();
const invite = (teamId: string, more: object = {}) =>
  createInvitation(db, { teamId, role: 'MEMBER', email: null, name: null, createdBy: null, ...more });
const newAccount = (email = `${uuidv7()}@example.org`) => ({ name: 'Ada', email, password: SOME_PASSWORD });

describe('an invitation', () => {
  test('makes account, member and session, and the database has only the hash of its secret', async () => {
    const team = await addTeam(db);
    const { secret } = await invite(team.id, { role: 'MAINTAINER', email: 'ada@example.org', name: 'Ada' });
    expect(await findInvitation(db, secret)).toMatchObject({
      team: `The team ${team.key}`,
      role: 'MAINTAINER',
      email: 'ada@example.org',
    });
    const accepted = await acceptInvitation(db, secret, newAccount(), BROWSER);
    if (accepted.kind !== 'accepted') throw new Error(accepted.kind);
    expect(await findSession(db, accepted.secret)).toMatchObject({
      member: { teamId: team.id, role: 'MAINTAINER' },
    });
    expect(await findInvitation(db, secret)).toBeUndefined();
    const rows = await database.asOwner<{ text: string }>('SELECT invitation::text AS text FROM invitation');
    expect(rows.map(({ text }) => text).join()).not.toContain(secret.slice(4));
  });

  test('lets one in, however many try at once', async () => {
    // From the second round on the connections are there, and the tries meet.
    for (let round = 0; round < 5; round++) {
      const team = await addTeam(db);
      const { secret } = await invite(team.id);
      const tries = await Promise.all(
        Array.from({ length: 8 }, () => acceptInvitation(db, secret, newAccount(), BROWSER)),
      );
      expect(tries.map(({ kind }) => kind).sort()).toEqual(['accepted', ...Array(7).fill('unknown')]);
      expect(await database.asOwner('SELECT id FROM member WHERE team_id = $1', [team.id])).toHaveLength(1);
    }
  });

  test.each([
    ['is over', "UPDATE invitation SET expires_at = now() - interval '1 second' WHERE id = $1"],
    ['was revoked', 'UPDATE invitation SET revoked_at = now() WHERE id = $1'],
  ])('that %s lets nobody in', async (_what, sql) => {
    const team = await addTeam(db);
    const { id, secret } = await invite(team.id);
    await database.asOwner(sql, [id]);
    expect(await findInvitation(db, secret)).toBeUndefined();
    expect(await acceptInvitation(db, secret, newAccount(), BROWSER)).toEqual({ kind: 'unknown' });
  });

  test('is revoked by its own team alone', async () => {
    const [team, other] = [await addTeam(db), await addTeam(db)];
    const { id } = await invite(team.id);
    expect(await revokeInvitation(db, { teamId: other.id, id })).toBe(false);
    expect(await revokeInvitation(db, { teamId: team.id, id })).toBe(true);
    expect(await revokeInvitation(db, { teamId: team.id, id })).toBe(false);
  });

  test('stays good where the e-mail address is taken, in whatever case it is written', async () => {
    const team = await addTeam(db);
    const { secret } = await invite(team.id);
    await addPerson(db, { email: 'Grace@Example.org' });
    expect(await acceptInvitation(db, secret, newAccount('grace@example.ORG'), BROWSER)).toEqual({
      kind: 'emailTaken',
    });
    expect(await findInvitation(db, secret)).toBeDefined();
  });

  test('lets an account that is there join, and stays for somebody else where it is a member already', async () => {
    const [first, second] = [await addTeam(db), await addTeam(db)];
    const { accountId } = await addPerson(db, { teamId: first.id });
    const { id } = await createSession(db.pool, {
      accountId,
      teamId: first.id,
      method: 'PASSWORD',
      ...BROWSER,
    });
    const [once, again] = [await invite(second.id, { role: 'VIEWER' }), await invite(second.id)];
    expect(await joinByInvitation(db, once.secret, { id, accountId })).toBe('joined');
    expect(await joinByInvitation(db, once.secret, { id, accountId })).toBe('unknown');
    expect(await joinByInvitation(db, again.secret, { id, accountId })).toBe('member');
    expect(await findInvitation(db, again.secret)).toBeDefined();
    expect((await teamsOfAccount(db, accountId)).map(({ key, role }) => [key, role]).sort()).toEqual(
      [
        [first.key, 'MEMBER'],
        [second.key, 'VIEWER'],
      ].sort(),
    );
  });

  test('gives people of one name keys of their own', async () => {
    const team = await addTeam(db);
    const links = await Promise.all([invite(team.id), invite(team.id), invite(team.id)]);
    await Promise.all(links.map(({ secret }) => acceptInvitation(db, secret, newAccount(), BROWSER)));
    const keys = await database.asOwner('SELECT key FROM member WHERE team_id = $1 ORDER BY key', [team.id]);
    expect(keys.map(({ key }) => key)).toEqual(['ada', 'ada-2', 'ada-3']);
  });
});

describe('the last owner of a team', () => {
  test('is neither demoted nor removed', async () => {
    const team = await addTeam(db);
    const { memberId } = await addPerson(db, { teamId: team.id, role: 'OWNER' });
    await addPerson(db, { teamId: team.id, role: 'MAINTAINER' });
    const member = { teamId: team.id, memberId };
    expect(await changeRole(db, { ...member, role: 'MEMBER' })).toBe('lastOwner');
    expect(await removeMember(db, member)).toBe('lastOwner');
    expect(await changeRole(db, { ...member, role: 'OWNER' })).toBe('changed');
  });

  test('is one who can sign in, whatever others there are', async () => {
    const team = await addTeam(db);
    const { memberId } = await addPerson(db, { teamId: team.id, role: 'OWNER' });
    const local = await addPerson(db, { teamId: team.id, role: 'OWNER', email: null, password: null });
    expect(await removeMember(db, { teamId: team.id, memberId })).toBe('lastOwner');
    expect(await removeMember(db, { teamId: team.id, memberId: local.memberId })).toBe('changed');
  });

  test.each([
    ['demote', (teamId: string, memberId: string) => changeRole(db, { teamId, memberId, role: 'VIEWER' })],
    ['remove', (teamId: string, memberId: string) => removeMember(db, { teamId, memberId })],
  ])('stays when two %s each other at once', async (_what, change) => {
    for (let round = 0; round < 10; round++) {
      const team = await addTeam(db);
      const two = [
        await addPerson(db, { teamId: team.id, role: 'OWNER' }),
        await addPerson(db, { teamId: team.id, role: 'OWNER' }),
      ];
      const outcomes = await Promise.all(two.map(({ memberId }) => change(team.id, memberId)));
      expect(outcomes.sort()).toEqual(['changed', 'lastOwner']);
    }
  });
});

describe('who is removed', () => {
  test('has no tokens, invitations or links that are good, also after coming back', async () => {
    const team = await addTeam(db);
    await addPerson(db, { teamId: team.id, role: 'OWNER' });
    const { memberId, accountId } = await addPerson(db, { teamId: team.id, role: 'OWNER' });
    const other = await addPerson(db, { teamId: team.id });
    const token = await createToken(db, { teamId: team.id, memberId, name: 'a', scopes: ['READ'] });
    const invitation = await invite(team.id, { createdBy: memberId });
    const link = await createPasswordLink(
      db,
      { teamId: team.id, memberId: other.memberId },
      { memberId, accountId },
    );
    if (link.kind !== 'made') throw new Error(link.kind);
    const { id } = await createSession(db.pool, {
      accountId,
      teamId: team.id,
      method: 'PASSWORD',
      ...BROWSER,
    });
    expect(await removeMember(db, { teamId: team.id, memberId })).toBe('changed');
    expect(await removeMember(db, { teamId: team.id, memberId })).toBe('unknown');
    const back = await invite(team.id, { role: 'VIEWER' });
    expect(await joinByInvitation(db, back.secret, { id, accountId })).toBe('joined');
    expect(await teamsOfAccount(db, accountId)).toMatchObject([{ role: 'VIEWER' }]);
    expect(await findToken(db, token.secret)).toBeUndefined();
    expect(await findInvitation(db, invitation.secret)).toBeUndefined();
    expect(await findPasswordLink(db, link.secret)).toBeUndefined();
  });

  test('of another team stays', async () => {
    const [team, other] = [await addTeam(db), await addTeam(db)];
    const { memberId } = await addPerson(db, { teamId: team.id });
    expect(await removeMember(db, { teamId: other.id, memberId })).toBe('unknown');
    expect(await changeRole(db, { teamId: other.id, memberId, role: 'OWNER' })).toBe('unknown');
  });
});

describe('a link to set a password', () => {
  const made = async (more: Parameters<typeof addPerson>[1] = {}) => {
    const team = await addTeam(db);
    const owner = await addPerson(db, { teamId: team.id, role: 'OWNER' });
    const person = await addPerson(db, { teamId: team.id, ...more });
    const link = await createPasswordLink(db, { teamId: team.id, memberId: person.memberId }, owner);
    return { team, owner, person, link, secret: link.kind === 'made' ? link.secret : '' };
  };

  test('sets it once, however many try at once, and ends all sessions and other links of the account', async () => {
    const { person, secret, team, owner } = await made();
    const { accountId, memberId } = person;
    const session = await createSession(db.pool, {
      accountId,
      teamId: null,
      method: 'PASSWORD',
      ...BROWSER,
    });
    const other = await createPasswordLink(db, { teamId: team.id, memberId }, owner);
    const tries = await Promise.all(
      Array.from({ length: 6 }, (_, i) => usePasswordLink(db, secret, `scrypt$${i}`)),
    );
    expect(tries.filter(Boolean)).toHaveLength(1);
    const [row] = await database.asOwner('SELECT password FROM account WHERE id = $1', [accountId]);
    expect(row!.password).toBe(`scrypt$${tries.indexOf(true)}`);
    expect(await findSession(db, session.secret)).toBeUndefined();
    expect(await findPasswordLink(db, (other as { secret: string }).secret)).toBeUndefined();
  });

  test('is good for a day', async () => {
    const { secret } = await made();
    expect(await findPasswordLink(db, secret)).toMatchObject({ name: 'Ada' });
    await database.asOwner("UPDATE password_link SET expires_at = expires_at - interval '24 hours 1 second'");
    expect(await findPasswordLink(db, secret)).toBeUndefined();
    expect(await usePasswordLink(db, secret, SOME_PASSWORD)).toBe(false);
  });

  test('is refused for an account that is in a team of which who asks is no owner', async () => {
    const { person, owner, team } = await made();
    const other = await addTeam(db);
    await addPerson(db, { accountId: person.accountId, teamId: other.id });
    const member = { teamId: team.id, memberId: person.memberId };
    expect(await createPasswordLink(db, member, owner)).toEqual({ kind: 'otherTeams' });
    await addPerson(db, { accountId: owner.accountId, teamId: other.id, role: 'MAINTAINER' });
    expect(await createPasswordLink(db, member, owner)).toEqual({ kind: 'otherTeams' });
    await database.asOwner("UPDATE member SET role = 'OWNER' WHERE account_id = $1", [owner.accountId]);
    expect(await createPasswordLink(db, member, owner)).toMatchObject({ kind: 'made' });
    expect(await createPasswordLink(db, member, null)).toMatchObject({ kind: 'made' });
  });

  test('is refused for an account without an e-mail address, and for nobody', async () => {
    const { link, team, owner } = await made({ email: null });
    expect(link).toEqual({ kind: 'noEmail' });
    expect(await createPasswordLink(db, { teamId: team.id, memberId: uuidv7() }, owner)).toEqual({
      kind: 'unknown',
    });
  });
});

test('somebody can sign in as soon as an account has a password or an identity, and is not disabled', async () => {
  const fresh = await testDatabase();
  const own = await fresh.openOwned();
  const both = async () => [await anyoneCanSignIn(own.db), await ownerCanSignIn(own.db)];
  expect(await both()).toEqual([false, false]);
  const { accountId } = await addPerson(own.db, { teamId: own.teamId, role: 'VIEWER' });
  expect(await both()).toEqual([true, false]);
  await fresh.asOwner("UPDATE member SET role = 'OWNER' WHERE account_id = $1", [accountId]);
  expect(await both()).toEqual([true, true]);
  await fresh.asOwner('UPDATE member SET left_at = now() WHERE account_id = $1', [accountId]);
  expect(await both()).toEqual([true, false]);
  await fresh.asOwner('UPDATE account SET disabled_at = now() WHERE id = $1', [accountId]);
  expect(await both()).toEqual([false, false]);
  await fresh.asOwner(
    "INSERT INTO external_identity (issuer, subject, account_id) SELECT 'i', 's', account_id FROM member WHERE id = $1",
    [own.memberId],
  );
  expect(await both()).toEqual([true, true]);
});
