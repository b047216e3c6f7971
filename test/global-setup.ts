import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, startEmbedded } from '@smallbatch/db';
import pg from 'pg';

/**
 * One PostgreSQL for all test files, in a folder of its own that goes with it; each file copies the migrated template
 * (test/database.ts). SMALLBATCH_TEST_DATABASE_URL names another server to use (as a superuser of it).
 */
export default async function setup(): Promise<() => Promise<void>> {
  const given = process.env.SMALLBATCH_TEST_DATABASE_URL;
  const embedded = given
    ? undefined
    : await startEmbedded({
        home: mkdtempSync(join(tmpdir(), 'smallbatch-test-')),
        temporary: true,
        // Nothing here outlives the tests, so nothing waits for the disk.
        settings: {
          fsync: 'off',
          synchronous_commit: 'off',
          full_page_writes: 'off',
          max_connections: '300',
        },
      });
  const server = new URL(given ?? embedded!.url);
  server.pathname = '/postgres';
  const template = `smallbatch_template_${process.pid}`;
  await administer(server.href, `CREATE DATABASE ${template}`);
  const url = new URL(server);
  url.pathname = `/${template}`;
  await migrate(url.href);

  process.env.SMALLBATCH_TEST_SERVER = server.href;
  process.env.SMALLBATCH_TEST_TEMPLATE = template;
  return async () => {
    if (embedded) await embedded.stop();
    else await administer(server.href, `DROP DATABASE ${template} WITH (FORCE)`);
  };
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
