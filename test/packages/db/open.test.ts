import { describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';

const database = await testDatabase();
const db = await database.open();

describe('the application role', () => {
  test('is not the owner of any table', async () => {
    const { rows } = await db.pool.query(
      "SELECT current_user AS who, count(*) FILTER (WHERE tableowner = current_user) AS owned, count(*) AS tables FROM pg_tables WHERE schemaname = 'public'",
    );
    expect(rows[0]).toMatchObject({ who: 'smallbatch_app', owned: 0 });
    expect(rows[0].tables).toBeGreaterThan(10);
  });

  test.each(['ALTER TABLE run ADD COLUMN x int', 'DROP TABLE run', 'CREATE TABLE x ()', 'TRUNCATE run'])(
    'may not %s',
    async (sql) => {
      await expect(db.pool.query(sql)).rejects.toMatchObject({ code: '42501' });
    },
  );
});
