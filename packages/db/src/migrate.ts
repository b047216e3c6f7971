import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { DatabaseError } from './db.ts';
import { uuidv7 } from './uuid.ts';

const FOLDER = new URL('../../../prisma/migrations/', import.meta.url);
/** The lock that `prisma migrate deploy` takes too. */
const LOCK = 72707369;
const OLDEST = 15;

const LEDGER = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" varchar(36) PRIMARY KEY NOT NULL,
  "checksum" varchar(64) NOT NULL,
  "finished_at" timestamptz,
  "migration_name" varchar(255) NOT NULL,
  "logs" text,
  "rolled_back_at" timestamptz,
  "started_at" timestamptz NOT NULL DEFAULT now(),
  "applied_steps_count" integer NOT NULL DEFAULT 0
)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Says in one sentence why a database cannot be reached, without its password. */
export function connectionProblem(url: string, error: unknown): DatabaseError {
  const place = URL.canParse(url) ? `${new URL(url).host}${new URL(url).pathname}` : 'DATABASE_URL';
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const why =
    { ECONNREFUSED: 'nothing listens there', ENOTFOUND: 'no such host', '28P01': 'wrong user or password', '3D000': 'no such database' }[code] ??
    (message || code || String(error));
  return new DatabaseError(`cannot connect to PostgreSQL at ${place}: ${why}. Check DATABASE_URL (postgresql://user:password@host:port/database).`);
}

/**
 * Brings a database to the newest migration; a second call finds nothing to do. Compatible with `prisma migrate deploy` (its
 * table, checksums and lock). Each migration and its entry are one transaction, so a killed one leaves nothing behind.
 */
export async function migrate(url: string, folder: URL = FOLDER): Promise<{ applied: string[] }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  await client.connect().catch((error) => {
    throw connectionProblem(url, error);
  });
  try {
    const version = Number((await client.query('SHOW server_version_num')).rows[0].server_version_num);
    if (version < OLDEST * 10_000) {
      throw new DatabaseError(`unsupported PostgreSQL ${Math.floor(version / 10_000)}: version ${OLDEST} or newer is needed.`);
    }
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(LEDGER);
    const { rows } = await client.query('SELECT * FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL ORDER BY "started_at"');
    const migrations = await readMigrations(folder);
    for (const row of rows) {
      const known = migrations.find(({ name }) => name === row.migration_name);
      if (!known) {
        throw new DatabaseError(`unknown migration "${row.migration_name}" in the database: it was made by a newer Smallbatch. Update this checkout.`);
      }
      if (!row.finished_at) {
        throw new DatabaseError(`unfinished migration "${row.migration_name}" in the database: see its "logs" in _prisma_migrations, then mark it rolled back.`);
      }
      if (known.checksum !== row.checksum) {
        throw new DatabaseError(`changed migration "${known.name}": the file differs from what was applied. Restore the file; changes go into a new migration.`);
      }
    }
    const applied: string[] = [];
    for (const { name, sql, checksum } of migrations) {
      if (rows.some((row) => row.migration_name === name)) continue;
      await client.query('BEGIN');
      await client.query(sql).catch((error: { code?: string; message: string }) => {
        const roles = 'CREATE ROLE smallbatch_app NOLOGIN; GRANT smallbatch_app TO the user of DATABASE_URL';
        const hint = error.code === '42501' ? ` A superuser has to run once: ${roles}.` : '';
        throw new DatabaseError(`migration "${name}" failed: ${error.message}.${hint}`);
      });
      await client.query(
        'INSERT INTO "_prisma_migrations" ("id", "checksum", "finished_at", "migration_name", "applied_steps_count") VALUES ($1, $2, clock_timestamp(), $3, 1)',
        [uuidv7(), checksum, name],
      );
      await client.query('COMMIT');
      applied.push(name);
    }
    await takeRole(client);
    return { applied };
  } finally {
    await client.end().catch(() => {});
  }
}

/** The application's connections switch to its role: the user of the URL has to be a member that may. */
async function takeRole(client: pg.Client): Promise<void> {
  const set = () => client.query('SET ROLE smallbatch_app');
  try {
    await set();
  } catch {
    await client.query('GRANT smallbatch_app TO CURRENT_USER').catch(() => {});
    await set().catch((error: Error) => {
      throw new DatabaseError(`the user of DATABASE_URL may not become smallbatch_app (${error.message}). A superuser has to run: GRANT smallbatch_app TO that user.`);
    });
  }
}
