import {
  AUDIT_ACTIONS,
  auditPage,
  createToken,
  inOneTransaction,
  purgeAudit,
  revokeToken,
  tagSweep,
  writeAudit,
} from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { failure } from './every-table.ts';
import { addPerson, addTeam } from './people.ts';

const database = await testDatabase();
const { db, teamId, memberId, accountId } = await database.openOwned();
const owner = { teamId, memberId };
const LOCAL = { via: 'LOCAL', ...owner } as const;
const entries = () => auditPage(db, { teamId: null, count: 1000 });
const pool = { pool: db.pool };

describe('the table of entries', () => {
  beforeAll(() =>
    writeAudit(db.pool, LOCAL, { action: 'NOTE_RUN', outcome: 'DONE', kind: 'run', key: 'a/1' }),
  );

  test.each([
    ['changed', "UPDATE audit_entry SET who = 'somebody else'"],
    ['deleted', 'DELETE FROM audit_entry'],
    ['emptied', 'TRUNCATE audit_entry'],
    [
      'dated',
      "INSERT INTO audit_entry (at, via, action, outcome) VALUES ('2020-01-01', 'LOCAL', 'ASK', 'DONE')",
    ],
    ['dropped', 'DROP TABLE audit_entry'],
  ])('is read and added to by the application, and cannot be %s by it', async (_what, statement) => {
    const before = await entries();
    expect(before.length).toBeGreaterThan(0);
    for (const { pool } of [db, db.ofTeam(teamId)])
      expect((await failure(pool.query(statement))).message).toMatch(/permission denied|must be owner/);
    expect(await entries()).toEqual(before);
  });

  test('loses what is older than some days to the owner of the table alone', async () => {
    await database.asOwner(
      "INSERT INTO audit_entry (at, via, action, outcome) VALUES (now() - interval '401 days', 'LOCAL', 'ASK', 'DONE')",
    );
    const before = (await entries()).length;
    expect((await failure(purgeAudit(db.pool, 400))).message).toMatch(/permission denied/);
    const admin = {
      query: async (text: string, values: unknown[]) => ({
        rowCount: (await database.asOwner(`${text} RETURNING 1`, values)).length,
      }),
    };
    expect(await purgeAudit(admin as never, 400)).toBe(1);
    expect(await entries()).toHaveLength(before - 1);
  });
});

describe('an entry', () => {
  test('has the names of then: of the member, of the token that asks, of the thing', async () => {
    const token = await createToken(db, { ...owner, name: 'a', scopes: ['READ'] });
    await writeAudit(
      db.pool,
      { via: 'TOKEN', ...owner, tokenId: token.id, address: '192.0.2.1', agent: 'a'.repeat(500) },
      { action: 'REVOKE_TOKEN', outcome: 'DONE', kind: 'token', id: token.id },
    );
    const [one] = await entries();
    const [{ key }] = (await database.asOwner<{ key: string }>('SELECT key FROM member WHERE id = $1', [
      memberId,
    ])) as [{ key: string }];
    expect(one).toMatchObject({
      team: 'local',
      who: key,
      token: token.prefix,
      key: token.prefix,
      address: '192.0.2.1',
      agent: 'a'.repeat(120),
    });
  });

  test('of an account is one for each of its teams, and one of no team where there is no such account', async () => {
    const [a, b] = [await addTeam(db), await addTeam(db)];
    const person = await addPerson(db, { teamId: a.id });
    await addPerson(db, { teamId: b.id, accountId: person.accountId });
    const deed = { action: 'SIGN_IN', outcome: 'REFUSED', kind: 'account' } as const;
    await writeAudit(db.pool, { via: 'NOBODY', email: person.email!.toUpperCase() }, deed);
    const told = (await entries()).slice(0, 2);
    expect(told.map(({ team }) => team).sort()).toEqual([a.key, b.key].sort());
    await writeAudit(db.pool, { via: 'NOBODY', email: 'nobody@example.org' }, deed);
    const [unknown] = await entries();
    expect(unknown).toMatchObject({ team: null, who: null, key: null });
    const rows = await database.asOwner<{ text: string }>('SELECT e::text AS text FROM audit_entry e');
    expect(rows.map(({ text }) => text).join()).not.toContain('nobody@example.org');
  });

  test('is seen by its team alone, which writes none of another, and none of no team', async () => {
    const [mine, other] = [db.ofTeam(teamId), await addTeam(db)];
    await writeAudit(db.pool, { via: 'NOBODY', teamId: other.id }, { action: 'SIGN_IN', outcome: 'DONE' });
    expect(new Set((await auditPage(mine, { teamId: null, count: 1000 })).map(({ team }) => team))).toEqual(
      new Set(['local']),
    );
    for (const of of [other.id, undefined])
      expect(
        (
          await failure(
            writeAudit(mine.pool, { via: 'NOBODY', teamId: of }, { action: 'ASK', outcome: 'DONE' }),
          )
        ).message,
      ).toMatch(/row-level security/);
  });

  test('names what was too long for it, and keeps nothing that is no text', async () => {
    const detail = { matched: 3, where: 'x'.repeat(20_000), add: ['a\0b'] };
    await writeAudit(db.pool, LOCAL, {
      action: 'TAG_RUNS',
      outcome: 'DONE',
      key: `\u001b[31m${'é'.repeat(400)}`,
      detail,
    });
    const [one] = await entries();
    expect(one!.detail).toEqual({ matched: 3, leftOut: ['where', 'add'] });
    expect(one!.key).toBe(`�[31m${'é'.repeat(295)}`);
  });

  test('is read by all who, what and when there are, a page at a time in both directions', async () => {
    for (const action of AUDIT_ACTIONS.slice(0, 25))
      await writeAudit(db.pool, LOCAL, { action, outcome: 'DONE' });
    const all = await auditPage(pool, { teamId, count: 1000 });
    const forwards = [];
    for (let from: readonly [string, string] | undefined; ; ) {
      const page = await auditPage(pool, { teamId, count: 7, from });
      forwards.push(...page.slice(0, 7));
      if (page.length <= 7) break;
      from = [page[6]!.micros, page[6]!.id];
    }
    expect(forwards).toEqual(all);
    expect(await auditPage(pool, { teamId, count: 1000, backwards: true })).toEqual([...all].reverse());
    const since = all[4]!.at;
    const late = await auditPage(pool, { teamId, count: 1000, since, action: ['SIGN_IN', all[2]!.action] });
    expect(late.map(({ id }) => id)).toEqual(
      all
        .filter(({ at, action }) => at >= since && ['SIGN_IN', all[2]!.action].includes(action))
        .map(({ id }) => id),
    );
    expect(await auditPage(pool, { teamId, count: 10, by: 'nobody' })).toEqual([]);
    expect(await auditPage(pool, { teamId, count: 10, until: all.at(-1)!.at })).toEqual([]);
  });
});

describe('a deed', () => {
  const deed = { action: 'CREATE_TOKEN', outcome: 'DONE' } as const;
  const counts = async () => {
    const [row] = await database.asOwner<{ tokens: number; entries: number }>(
      'SELECT (SELECT count(*)::int FROM token) AS tokens, (SELECT count(*)::int FROM audit_entry) AS entries',
    );
    return row!;
  };

  test('and its entry are there together, or neither', async () => {
    const before = await counts();
    const make = (fails: boolean) =>
      inOneTransaction(db, { of: 'everything' }, async (db, sql) => {
        await createToken(db, { ...owner, name: 'b', scopes: ['READ'] });
        await writeAudit(sql, LOCAL, deed);
        expect(await counts()).toEqual(before);
        if (fails) throw new Error('no');
      });
    expect((await failure(make(true))).message).toBe('no');
    expect(await counts()).toEqual(before);
    await make(false);
    expect(await counts()).toEqual({ tokens: before.tokens + 1, entries: before.entries + 1 });
  });

  test('goes on after a statement of it that failed, and does transactions and statements that come at once one after the other', async () => {
    const before = await counts();
    await inOneTransaction(db, { of: 'everything' }, async (db) => {
      await failure(db.pool.query('SELECT 1 / 0'));
      await Promise.all([
        ...[1, 2, 3].map(() => createToken(db, { ...owner, name: 'c', scopes: ['READ'] })),
        tagSweep(db, teamId, 'nothing', { add: ['a'], remove: [] }),
        tagSweep(db, teamId, 'nothing', { add: ['a'], remove: [] }),
      ]);
    });
    expect(await counts()).toMatchObject({ tokens: before.tokens + 3 });
  });

  test('that does nothing takes no connection; one of transactions alone keeps what was done beside them', async () => {
    const used = db.pool.totalCount - db.pool.idleCount;
    await inOneTransaction(db, { of: 'everything' }, async () =>
      expect(db.pool.totalCount - db.pool.idleCount).toBe(used),
    );
    const before = await counts();
    const token = await createToken(db, { ...owner, name: 'd', scopes: ['READ'] });
    const fails = inOneTransaction(db, { of: 'transactions' }, async (db, sql) => {
      await revokeToken(db, { teamId, id: token.id });
      await writeAudit(sql, { via: 'LOCAL', accountId }, deed);
      throw new Error('no');
    });
    expect((await failure(fails)).message).toBe('no');
    expect(await revokeToken(db, { teamId, id: token.id })).toBe(false);
    expect(await counts()).toEqual({ ...before, tokens: before.tokens + 1 });
  });
});
