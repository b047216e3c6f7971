import {
  chooseTeam,
  createSession,
  findSession,
  listSessions,
  purgeSessions,
  revokeSession,
  revokeSessions,
  uuidv7,
} from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addPerson, addTeam, BROWSER } from './people.ts';

const database = await testDatabase();
const db = await database.open();

/** A session of a new account in a new team. */
async function begin(role: 'OWNER' | 'VIEWER' = 'VIEWER') {
  const team = await addTeam(db);
  const person = await addPerson(db, { teamId: team.id, role });
  const { accountId } = person;
  const made = await createSession(db.pool, { accountId, teamId: null, method: 'PASSWORD', ...BROWSER });
  return { team, person, ...made };
}
const age = (id: string, column: string, by: string) =>
  database.asOwner(`UPDATE session SET ${column} = now() - $2::interval WHERE id = $1`, [id, by]);

describe('a session', () => {
  test('is found by its secret with whom it acts for, and the database has only the hash', async () => {
    const { id, secret, person, team } = await begin();
    expect(secret).toMatch(/^ses_[\w-]{43}$/);
    expect(await findSession(db, secret)).toEqual({
      id,
      accountId: person.accountId,
      member: { teamId: team.id, memberId: person.memberId, role: 'VIEWER' },
      secret: undefined,
    });
    expect(await findSession(db, `${secret}x`)).toBeUndefined();
    const rows = await database.asOwner<{ text: string }>('SELECT session::text AS text FROM session');
    expect(rows.map(({ text }) => text).join()).not.toContain(secret.slice(4));
  });

  test.each([
    ['is over', 'expires_at', '1 second'],
    ['was not used for a week', 'last_seen_at', '7 days 1 second'],
    ['was revoked', 'revoked_at', '0 seconds'],
  ])('that %s is not found', async (_what, column, by) => {
    const { id, secret } = await begin();
    await age(id, column, by);
    expect(await findSession(db, secret)).toBeUndefined();
  });

  test('of an account that is disabled is not found', async () => {
    const { secret, person } = await begin();
    await database.asOwner('UPDATE account SET disabled_at = now() WHERE id = $1', [person.accountId]);
    expect(await findSession(db, secret)).toBeUndefined();
  });

  test('of a person who left the team acts for nobody', async () => {
    const { secret, person } = await begin();
    await database.asOwner('UPDATE member SET left_at = now() WHERE id = $1', [person.memberId]);
    expect(await findSession(db, secret)).toMatchObject({ member: undefined });
  });

  test('acts for the team that is asked for, else the chosen one, else the first, and for no team of others', async () => {
    const { secret, id, person, team } = await begin();
    const [second, foreign] = [await addTeam(db), await addTeam(db)];
    await addPerson(db, { accountId: person.accountId, teamId: second.id });
    const teamOf = async (asked?: string) =>
      (await findSession(db, secret, { team: asked }))?.member?.teamId ?? null;
    expect([await teamOf(), await teamOf(second.key), await teamOf(foreign.key)]).toEqual([
      team.id,
      second.id,
      null,
    ]);
    expect([await chooseTeam(db, id, second.key), await chooseTeam(db, id, foreign.key)]).toEqual([
      true,
      false,
    ]);
    expect([await teamOf(), await teamOf(team.key)]).toEqual([second.id, team.id]);
  });

  test('notes its last use at most once a minute', async () => {
    const { id, secret } = await begin();
    const used = async () =>
      (
        await database.asOwner<{ at: Date }>('SELECT last_seen_at AS at FROM session WHERE id = $1', [id])
      )[0]!.at.getTime();
    await age(id, 'last_seen_at', '59 seconds');
    const before = await used();
    await findSession(db, secret);
    expect(await used()).toBe(before);
    await age(id, 'last_seen_at', '61 seconds');
    await findSession(db, secret);
    expect(Date.now() - (await used())).toBeLessThan(30_000);
  });

  test('gets a new secret after a day, one however many ask at once, and the old one is good for a minute', async () => {
    const { id, secret } = await begin();
    await age(id, 'rotated_at', '1 day 1 second');
    expect(await findSession(db, secret)).toMatchObject({ secret: undefined });
    const found = await Promise.all(
      Array.from({ length: 8 }, () => findSession(db, secret, { rotate: true })),
    );
    expect(found.every((one) => one?.id === id)).toBe(true);
    const next = found.flatMap((one) => one?.secret ?? []);
    expect(next).toHaveLength(1);
    expect(await findSession(db, next[0]!, { rotate: true })).toMatchObject({ id, secret: undefined });
    await age(id, 'rotated_at', '59 seconds');
    expect(await findSession(db, secret, { rotate: true })).toMatchObject({ id, secret: undefined });
    await age(id, 'rotated_at', '61 seconds');
    expect(await findSession(db, secret)).toBeUndefined();
    expect(await findSession(db, next[0]!)).toMatchObject({ id });
  });

  test('is ended by its own account alone, and an account ends all but one', async () => {
    const { id, secret, person } = await begin();
    const { accountId } = person;
    expect(await revokeSession(db, { accountId: uuidv7(), id })).toBe(false);
    const more = [];
    for (const method of ['OIDC', 'LINK'] as const)
      more.push(await createSession(db.pool, { accountId, teamId: null, method, ...BROWSER }));
    expect((await listSessions(db, accountId)).map(({ method }) => method).sort()).toEqual([
      'LINK',
      'OIDC',
      'PASSWORD',
    ]);
    await revokeSessions(db.pool, accountId, more[1]!.id);
    expect((await listSessions(db, accountId)).map((one) => one.id)).toEqual([more[1]!.id]);
    expect(await findSession(db, secret)).toBeUndefined();
    expect(await revokeSession(db, { accountId, id: more[1]!.id })).toBe(true);
    expect(await revokeSession(db, { accountId, id: more[1]!.id })).toBe(false);
    expect(await findSession(db, more[1]!.secret)).toBeUndefined();
  });

  test('keeps of what a browser says that it is the first 300 characters', async () => {
    const { person } = await begin();
    const agent = '🧪'.repeat(400);
    await createSession(db.pool, {
      accountId: person.accountId,
      teamId: null,
      method: 'LINK',
      ...BROWSER,
      agent,
    });
    const [one] = await listSessions(db, person.accountId);
    expect([...one!.agent]).toHaveLength(300);
  });

  test('that has been over for a month is forgotten', async () => {
    const [old, revoked, lasting] = [await begin(), await begin(), await begin()];
    await age(old.id, 'expires_at', '31 days');
    await age(revoked.id, 'revoked_at', '31 days');
    await purgeSessions(db);
    const left = await database.asOwner('SELECT id FROM session WHERE id = ANY ($1)', [
      [old.id, revoked.id, lasting.id],
    ]);
    expect(left).toEqual([{ id: lasting.id }]);
  });
});
