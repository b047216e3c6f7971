import { performance } from 'node:perf_hooks';
import {
  accountOfEmail,
  countTry,
  createSession,
  findSession,
  forgetTries,
  isPassword,
  passwordFault,
  purgeTries,
  type Role,
  removeMember,
  signInByIdentity,
  stretchPassword,
  teamsOfAccount,
  uuidv7,
} from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { networkOf } from '../../../packages/db/src/people/throttle.ts';
import { TooBusy, Turns } from '../../../packages/db/src/people/turns.ts';
import { testDatabase } from '../../database.ts';
import { addPerson, addTeam, BROWSER } from './people.ts';

const database = await testDatabase();
const db = await database.open();

describe('a password', () => {
  test('is stored stretched, with its parameters and a salt of its own', async () => {
    const [one, two] = await Promise.all([
      stretchPassword('correct horse'),
      stretchPassword('correct horse'),
    ]);
    expect(one).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(await isPassword('correct horse', one)).toBe(true);
    expect(await isPassword('correct horse ', one)).toBe(false);
    const cheap =
      'scrypt$16$1$1$AAAAAAAAAAAAAAAAAAAAAA$' +
      (await import('node:crypto'))
        .scryptSync('correct horse', Buffer.alloc(16), 32, { N: 16, r: 1, p: 1 })
        .toString('base64url');
    expect(await isPassword('correct horse', cheap)).toBe(true);
  });

  test('is the same however its characters are encoded, and whole up to its last character', async () => {
    const stored = await stretchPassword('Zoë and Zoë');
    expect(await isPassword('Zoe\u0308 and Zoe\u0308', stored)).toBe(true);
    const long = '🧪'.repeat(200);
    const kept = await stretchPassword(long);
    expect(await isPassword(long, kept)).toBe(true);
    expect(await isPassword('🧪'.repeat(199), kept)).toBe(false);
  });

  test('of nobody takes as long as one of somebody, and is never right', async () => {
    const stored = await stretchPassword('correct horse');
    const times: Record<'somebody' | 'nobody', number[]> = { somebody: [], nobody: [] };
    for (let i = 0; i < 5; i++)
      for (const [who, what] of [
        ['somebody', stored],
        ['nobody', null],
      ] as const) {
        const from = performance.now();
        expect(await isPassword('wrong horse', what)).toBe(false);
        times[who].push(performance.now() - from);
      }
    const best = (who: 'somebody' | 'nobody') => Math.min(...times[who]);
    expect(best('nobody')).toBeGreaterThan(best('somebody') / 2);
    expect(await isPassword('', undefined)).toBe(false);
  });

  test.each([
    ['too short', 'short-one', /9 characters; use 10 to 200/],
    ['too long', 'x'.repeat(201), /201 characters/],
    ['the name', 'Ada Lovelace', /your own name/],
    ['the address, in capitals', 'ADA.L@EXAMPLE.ORG', /your own name or e-mail/],
    ['the address before the @', 'ada.lovelace', /your own name or e-mail/],
    ['good', 'a mill of numbers', undefined],
  ])('that is %s is told so', (what, password, fault) => {
    const email = what.includes('before') ? 'Ada.Lovelace@example.org' : 'ada.l@example.org';
    const found = passwordFault(password, { name: 'Ada Lovelace', email });
    if (fault) expect(found).toMatch(fault);
    else expect(found).toBeUndefined();
  });

  test('is stretched two at a time; fifty wait, and who comes then is refused', async () => {
    const turns = new Turns(2, 50);
    let working = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const work = async () => {
      most = Math.max(most, ++working);
      await new Promise<void>((end) => ends.push(end));
      working--;
    };
    const all = Array.from({ length: 52 }, () => turns.take(work));
    await expect(turns.take(work)).rejects.toThrow(TooBusy);
    for (let ended = 0; ended < 52; ) {
      for (const end of ends.splice(0)) {
        end();
        ended++;
      }
      await new Promise((next) => setImmediate(next));
    }
    await Promise.all(all);
    expect(most).toBe(2);
    await expect(turns.take(async () => 'again')).resolves.toBe('again');
  });
});

describe('tries of passwords', () => {
  const someone = () => ({ email: `${uuidv7()}@example.org`, address: `host-${uuidv7()}` });

  test('are ten in a quarter of an hour for an e-mail address, also at once, however it is written and from wherever', async () => {
    const { email } = someone();
    const tries = await Promise.all(
      Array.from({ length: 14 }, (_, i) =>
        countTry(db, { email: i % 2 ? email.toUpperCase() : email, address: someone().address }),
      ),
    );
    const refused = tries.filter((wait) => wait !== undefined);
    expect(refused).toHaveLength(4);
    for (const one of refused) expect([one.seconds > 890, one.ofAddress]).toEqual([true, false]);
    expect(await countTry(db, someone())).toBeUndefined();
    await database.asOwner("UPDATE sign_in_try SET since = now() - interval '901 seconds'");
    expect(await countTry(db, { ...someone(), email })).toBeUndefined();
  });

  test('are a hundred from one address, for whatever e-mail addresses', async () => {
    const { address } = someone();
    const tries = [];
    for (let i = 0; i < 103; i++) tries.push(await countTry(db, { ...someone(), address }));
    expect(tries.map((wait) => wait !== undefined)).toEqual([
      ...Array(100).fill(false),
      ...Array(3).fill(true),
    ]);
    expect(tries.at(-1)).toMatchObject({ ofAddress: true });
  });

  test('are forgotten after a success, which is not held against its address', async () => {
    const one = someone();
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 9; i++)
        expect(await countTry(db, { ...one, address: `a${round}` })).toBeUndefined();
      expect(await countTry(db, one)).toBeUndefined();
      await forgetTries(db.pool, one.email, one.address);
    }
    const rows = await database.asOwner<{ tries: number }>('SELECT tries FROM sign_in_try WHERE tries = 0');
    expect(rows).toHaveLength(1);
    await database.asOwner("UPDATE sign_in_try SET since = now() - interval '901 seconds'");
    await purgeTries(db);
    expect(await database.asOwner('SELECT FROM sign_in_try')).toEqual([]);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:1::9', '2001:db8:1:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('from %s count for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('an identity of a provider', () => {
  const identity = (more: object = {}) => ({
    issuer: 'https://login.example.org',
    subject: uuidv7(),
    name: 'Grace Hopper',
    email: null,
    ...more,
  });
  const granted = async (role: Role = 'MEMBER') => {
    const team = await addTeam(db);
    return { team, grant: { team: team.key, role } };
  };
  const teamsOf = async (signedIn: Awaited<ReturnType<typeof signInByIdentity>>) => {
    if (signedIn.kind !== 'account') throw new Error(signedIn.kind);
    return teamsOfAccount(db, signedIn.accountId);
  };

  test('makes one account and one member, however many times at once, and finds it then without a grant', async () => {
    const { team, grant } = await granted();
    const grace = identity();
    const all = await Promise.all(Array.from({ length: 6 }, () => signInByIdentity(db, grace, grant)));
    expect(new Set(all.map((one) => (one as { accountId: string }).accountId)).size).toBe(1);
    expect(await teamsOf(await signInByIdentity(db, grace, undefined))).toMatchObject([
      { key: team.key, role: 'MEMBER' },
    ]);
  });

  test('that is given nothing is refused, and leaves nothing', async () => {
    const grace = identity({ email: 'nobody@example.org' });
    expect(await signInByIdentity(db, grace, undefined)).toEqual({ kind: 'refused' });
    expect(await signInByIdentity(db, grace, { team: 'nowhere', role: 'OWNER' })).toEqual({
      kind: 'unknownTeam',
    });
    expect(await accountOfEmail(db, 'nobody@example.org')).toBeUndefined();
  });

  test('with the verified e-mail address of a member is that member; its password and sessions end', async () => {
    const team = await addTeam(db);
    const { accountId, email } = await addPerson(db, { teamId: team.id, role: 'MAINTAINER' });
    const { secret } = await createSession(db.pool, {
      accountId,
      teamId: null,
      method: 'PASSWORD',
      ...BROWSER,
    });
    const grace = identity({ email: email!.toUpperCase() });
    expect(await signInByIdentity(db, grace, undefined)).toEqual({ kind: 'account', accountId });
    expect((await accountOfEmail(db, email!))?.password).toBeNull();
    expect(await findSession(db, secret)).toBeUndefined();
  });

  test('is not let in where the account is disabled, nor again into a team that it was taken out of', async () => {
    const { team, grant } = await granted();
    await addPerson(db, { teamId: team.id, role: 'OWNER' });
    const grace = identity();
    const signedIn = await signInByIdentity(db, grace, grant);
    const { accountId } = signedIn as { accountId: string };
    const [member] = await database.asOwner<{ id: string }>('SELECT id FROM member WHERE account_id = $1', [
      accountId,
    ]);
    expect(await removeMember(db, { teamId: team.id, memberId: member!.id })).toBe('changed');
    expect(await signInByIdentity(db, grace, grant)).toEqual({ kind: 'refused' });
    await addPerson(db, { accountId, teamId: (await addTeam(db)).id });
    expect(await signInByIdentity(db, grace, grant)).toMatchObject({ kind: 'account' });
    await database.asOwner('UPDATE account SET disabled_at = now() WHERE id = $1', [accountId]);
    expect(await signInByIdentity(db, grace, grant)).toEqual({ kind: 'refused' });
  });

  test('keeps the role that it has in the team, whatever it would be given', async () => {
    const { grant, team } = await granted('VIEWER');
    const grace = identity();
    await signInByIdentity(db, grace, grant);
    const later = await signInByIdentity(db, grace, { team: team.key, role: 'OWNER' });
    expect(await teamsOf(later)).toMatchObject([{ role: 'VIEWER' }]);
  });
});
