// Writes prisma/schema.sql: the database that the migrations make, read back from a PostgreSQL of its own.
// Run from source: node --import tsx --conditions=source packages/db/generate.mjs
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpSchema } from './src/dump.ts';
import { migrate, openDb, startEmbedded } from './src/index.ts';

const server = await startEmbedded({
  home: mkdtempSync(join(tmpdir(), 'smallbatch-generate-')),
  temporary: true,
  settings: { fsync: 'off' },
});
try {
  await migrate(server.url);
  const db = await openDb({ url: server.url, applicationRole: false });
  const text = await dumpSchema(db.pool);
  await db.close();
  writeFileSync(new URL('../../prisma/schema.sql', import.meta.url), text);
} finally {
  await server.stop();
}
