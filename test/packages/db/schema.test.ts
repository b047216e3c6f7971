import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dumpSchema } from '../../../packages/db/src/dump.ts';
import { testDatabase } from '../../database.ts';

const database = await testDatabase();
const db = await database.open();
const tables = await database.asOwner<{ name: string }>(
  "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_%'",
);

describe('the schema', () => {
  test('is what prisma/schema.sql shows (npm run generate writes it)', async () => {
    expect(await dumpSchema(db.pool)).toBe(
      readFileSync(new URL('../../../prisma/schema.sql', import.meta.url), 'utf8'),
    );
  });

  test('has a column of prisma/schema.prisma for each column, of the same name', async () => {
    const model = readFileSync(new URL('../../../prisma/schema.prisma', import.meta.url), 'utf8');
    const scalar = /^(String|Int|BigInt|Float|Boolean|DateTime|Json|Bytes|Unsupported)$/;
    const enums = new Set([...model.matchAll(/^enum (\w+)/gm)].map(([, name]) => name));
    for (const [, body] of model.matchAll(/^model \w+ \{\n([\s\S]*?)\n\}/gm)) {
      const table = /@@map\("(\w+)"\)/.exec(body!)![1]!;
      const expected = body!.split('\n').flatMap((line) => {
        const [, field, type] = /^\s+(\w+)\s+(\w+)(\?|\[\])?/.exec(line) ?? [];
        if (!field || !type || !(scalar.test(type) || enums.has(type))) return [];
        return [/@map\("(\w+)"\)/.exec(line)?.[1] ?? field];
      });
      const columns = await database.asOwner<{ name: string }>(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
        [table],
      );
      expect(columns.map(({ name }) => name).sort(), table).toEqual(expected.sort());
    }
  });

  test('has the team in every table but those of accounts, which are people', async () => {
    const without = await database.asOwner<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables t WHERE schemaname = 'public' AND tablename NOT LIKE '\\_%' AND NOT EXISTS (
         SELECT FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = t.tablename AND c.column_name = 'team_id')
       ORDER BY 1`,
    );
    expect(without.map(({ name }) => name)).toEqual([
      'account',
      'external_identity',
      'password_link',
      'sign_in_try',
      'team',
    ]);
    expect(tables.length).toBeGreaterThan(10);
  });

  test.each([
    ['{"a": 1, "b": "x", "c": true}', true],
    ['{}', true],
    ['{"a": [1]}', false],
    ['{"a": {"b": 1}}', false],
    ['{"a": null}', false],
    ['[1]', false],
    ['1', false],
  ])('takes %s as free parameters: %s', async (json, taken) => {
    const { rows } = await db.pool.query('SELECT is_flat($1::jsonb) AS flat', [json]);
    expect(rows[0].flat).toBe(taken);
  });
});
