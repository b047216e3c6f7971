import { setTimeout as sleep } from 'node:timers/promises';
import { createToken, ensureLocalOwner, findToken, revokeToken, uuidv7 } from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';

const database = await testDatabase();
const db = await database.open();

describe('an id', () => {
  test('is a UUIDv7 that rises, also within a millisecond', () => {
    const before = Date.now();
    const ids = Array.from({ length: 20_000 }, () => uuidv7());
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids.slice(0, 100))
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = Number.parseInt(ids[0]!.replace('-', '').slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before - 20_000);
    expect(time).toBeLessThanOrEqual(Date.now() + 1000);
  });
});

describe('the local owner', () => {
  test('is the same for all who start at once', async () => {
    const owners = await Promise.all(Array.from({ length: 8 }, () => ensureLocalOwner(db)));
    expect(new Set(owners.map(({ memberId }) => memberId)).size).toBe(1);
    const { rows } = await db.pool.query(
      'SELECT (SELECT count(*) FROM team) AS teams, (SELECT count(*) FROM account) AS accounts, role::text FROM member',
    );
    expect(rows).toEqual([{ teams: 1, accounts: 1, role: 'OWNER' }]);
  });
});

describe('a token', () => {
  const make = async (expiresAt?: Date) => {
    const owner = await ensureLocalOwner(db);
    return {
      owner,
      ...(await createToken(db, { ...owner, name: 'worker', scopes: ['WORK', 'READ'], expiresAt })),
    };
  };

  test('is found by its secret, of which the database has only the hash and the first characters', async () => {
    const { owner, id, secret, prefix } = await make();
    expect(await findToken(db, secret)).toEqual({
      id,
      ...owner,
      role: 'OWNER',
      scopes: ['WORK', 'READ'],
    });
    expect(await findToken(db, `${secret}x`)).toBeUndefined();
    expect(secret.startsWith(prefix)).toBe(true);
    const { rows } = await db.pool.query('SELECT token::text AS text FROM token');
    expect(rows.map(({ text }) => text).join()).not.toContain(secret.slice(prefix.length));
  });

  test('that has expired or was revoked is not found', async () => {
    const { secret } = await make(new Date(Date.now() - 1000));
    expect(await findToken(db, secret)).toBeUndefined();
    const other = await make();
    expect(await revokeToken(db, { teamId: uuidv7(), id: other.id })).toBe(false);
    expect(await findToken(db, other.secret)).toBeDefined();
    expect(await revokeToken(db, { teamId: other.owner.teamId, id: other.id })).toBe(true);
    expect(await findToken(db, other.secret)).toBeUndefined();
  });

  test('of a member who has left, or of an account that is disabled, is not found', async () => {
    const { owner, secret } = await make();
    for (const [spoil, mend, id] of [
      ['UPDATE member SET left_at = now()', 'UPDATE member SET left_at = NULL', owner.memberId],
      ['UPDATE account SET disabled_at = now()', 'UPDATE account SET disabled_at = NULL', owner.accountId],
    ]) {
      await database.asOwner(`${spoil} WHERE id = $1`, [id]);
      expect(await findToken(db, secret)).toBeUndefined();
      await database.asOwner(`${mend} WHERE id = $1`, [id]);
      expect(await findToken(db, secret)).toBeDefined();
    }
  });

  test('notes its last use at most once a minute', async () => {
    const { id, secret } = await make();
    const used = async () =>
      (await db.pool.query('SELECT last_used_at FROM token WHERE id = $1', [id])).rows[0]
        .last_used_at as Date | null;
    expect(await used()).toBeNull();
    await findToken(db, secret);
    const first = await used();
    expect(first).not.toBeNull();
    await findToken(db, secret);
    expect(await used()).toEqual(first);
    await database.asOwner(`UPDATE token SET last_used_at = now() - interval '61 seconds' WHERE id = $1`, [
      id,
    ]);
    await findToken(db, secret);
    expect((await used())!.getTime()).toBeGreaterThanOrEqual(first!.getTime());
  });
});

describe('a notice', () => {
  const until = async (done: () => boolean) => {
    for (const end = Date.now() + 10_000; !done() && Date.now() < end; ) await sleep(20);
    expect(done()).toBe(true);
  };

  test('reaches those who listen, equal ones once', async () => {
    const heard: string[] = [];
    const unlisten = await db.listen('smallbatch', (payload) => heard.push(payload));
    for (let i = 0; i < 100; i++) db.notify('smallbatch', `run ${i % 3}`);
    await until(() => heard.length >= 3);
    await sleep(200);
    expect(heard).toEqual(['run 0', 'run 1', 'run 2']);
    await unlisten();
    db.notify('smallbatch', 'run 4');
    await sleep(300);
    expect(heard.length).toBe(3);
  });

  test('is heard again after the connection was lost, which is told as an empty one', async () => {
    const heard: string[] = [];
    await db.listen('smallbatch', (payload) => heard.push(payload));
    await database.asOwner(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    await until(() => heard.includes(''));
    db.notify('smallbatch', 'run 5');
    await until(() => heard.includes('run 5'));
  });

  test('costs the pool nothing when all its connections are lost', async () => {
    await db.pool.query('SELECT 1');
    await database.asOwner(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await sleep(100);
    expect((await db.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});
