import { afterAll } from 'vitest';
import { copyTemplate, type TestDatabase } from './template.ts';

export type { TestDatabase };

const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  const results = await Promise.allSettled(drops.map((drop) => drop()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
});

/**
 * A database of one's own. Call it at the top of a file, in beforeAll or in a test. After the file it is dropped, and the file fails if
 * somebody left a connection open.
 */
export async function testDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const database = await copyTemplate(options);
  drops.push(database.drop);
  return database;
}
