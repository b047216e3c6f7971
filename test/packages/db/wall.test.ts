import { type Db, missingForSpeed, uuidv7 } from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { fillEveryTable } from './every-table.ts';

const database = await testDatabase();
const { db, teamId, memberId } = await database.openOwned();
const own = db.ofTeam(teamId);
const otherId = uuidv7();
const other = db.ofTeam(otherId);
beforeAll(async () => {
  await fillEveryTable(database, db, { teamId, memberId });
  await database.asOwner(`INSERT INTO team (id, key, name) VALUES ($1, 'other', 'Other')`, [otherId]);
});
const count = async (on: Db, table: string): Promise<number> =>
  (await on.pool.query(`SELECT count(*)::int AS n FROM "${table}"`)).rows[0].n;

/** Nothing that acts for a team has any right to these. */
const CLOSED = ['_prisma_migrations', 'analysis_reader', 'sign_in_try'];

describe('a statement of one team that forgets to say so', () => {
  test('finds no row of another team in any table', async () => {
    const tables = await database.asOwner<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const { name } of tables) {
      if (CLOSED.includes(name)) await expect(count(other, name), name).rejects.toThrow('permission denied');
      else {
        const all = await count(db, name);
        expect(all, name).toBeGreaterThan(0);
        // The team itself is a row of its own.
        expect(await count(other, name), name).toBe(name === 'team' ? 1 : 0);
      }
    }
    const [of] = await database.asOwner('SELECT count(*)::int AS n FROM run WHERE team_id = $1', [teamId]);
    expect(await count(own, 'run')).toBe(of!.n);
  });

  test('changes and removes none, and writes none into another', async () => {
    const before = await database.asOwner('SELECT * FROM metric ORDER BY id');
    expect((await other.pool.query(`UPDATE metric SET goal = 'NONE'`)).rowCount).toBe(0);
    expect((await other.pool.query('DELETE FROM event')).rowCount).toBe(0);
    await expect(
      other.pool.query(`INSERT INTO metric (team_id, name) VALUES ($1, 'smuggled')`, [teamId]),
    ).rejects.toThrow('violates row-level security policy');
    const { rows } = await own.pool.query('SELECT id FROM metric LIMIT 1');
    await expect(
      own.pool.query('UPDATE metric SET team_id = $1 WHERE id = $2', [otherId, rows[0].id]),
    ).rejects.toThrow('violates row-level security policy');
    expect(await database.asOwner('SELECT * FROM metric ORDER BY id')).toEqual(before);
  });

  test('reads through Prisma no more, also where look-ups of two teams come at the same moment', async () => {
    const { rows } = await own.pool.query<{ id: string }>('SELECT id FROM run LIMIT 20');
    const found = await Promise.all(
      rows.flatMap(({ id }) => [
        own.prisma.run.findUnique({ where: { id } }),
        other.prisma.run.findUnique({ where: { id } }),
      ]),
    );
    expect(found.map((run, i) => (i % 2 === 0 ? run?.id : run))).toEqual(
      rows.flatMap(({ id }) => [id, null]),
    );
  });
});

describe('a connection', () => {
  test('that served one team serves another as that one, and whoever asks for all', async () => {
    const narrow = await database.open({ poolSize: 2 });
    const [mine, theirs] = [narrow.ofTeam(teamId), narrow.ofTeam(otherId)];
    const [all, ours] = [await count(narrow, 'run'), await count(mine, 'run')];
    expect(ours).toBeLessThan(all);
    const counts = await Promise.all(
      Array.from({ length: 300 }, (_, i) => count([mine, theirs, narrow][i % 3]!, 'run')),
    );
    expect(counts).toEqual(Array.from({ length: 300 }, (_, i) => [ours, 0, all][i % 3]));
    // Also after a statement that failed.
    await expect(theirs.pool.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    expect(await count(mine, 'run')).toBe(ours);
    expect(await count(theirs, 'run')).toBe(0);
    expect(await count(narrow, 'run')).toBe(all);
  });

  test('that was not told its team fails, and so does what is no id of a team', async () => {
    const client = await db.pool.connect();
    await client.query('BEGIN; SET LOCAL ROLE smallbatch_team; RESET smallbatch.team');
    await expect(client.query('SELECT count(*) FROM run')).rejects.toThrow(/smallbatch\.team|uuid/);
    await client.query('ROLLBACK');
    client.release();
    expect(() => db.ofTeam(`${teamId}'; RESET ROLE; --`)).toThrow('invalid team id');
  });
});

describe('conditions behind the wall', () => {
  test('are known to tell nothing where a superuser migrates, and what is missing elsewhere is said', async () => {
    expect(await missingForSpeed(db.pool)).toEqual([]);
    await database.asOwner('ALTER FUNCTION pg_catalog.enum_eq(anyenum, anyenum) NOT LEAKPROOF');
    const missing = await missingForSpeed(db.pool);
    expect(missing).toEqual(['ALTER FUNCTION pg_catalog.enum_eq(anyenum, anyenum) LEAKPROOF;']);
    await database.asOwner(missing[0]!);
    expect(await missingForSpeed(db.pool)).toEqual([]);
  });
});

describe('every table', () => {
  test('of a team is behind the wall, with one rule for a team and one for all', async () => {
    const tables = await database.asOwner<{
      name: string;
      walled: boolean;
      policies: string[];
      forced: boolean;
    }>(
      `SELECT c.relname AS name, c.relrowsecurity AS walled,
         ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies
       FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
    );
    for (const { name, walled, policies } of tables) {
      if (CLOSED.includes(name)) continue;
      expect([name, walled, policies]).toEqual([name, true, ['every_team', 'one_team']]);
    }
  });
});
