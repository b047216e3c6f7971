import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { checkServer } from './open.ts';
import { connectionConfig } from './pool.ts';
import { connectionProblem, DatabaseProblem, withoutPassword } from './problem.ts';

/** Prisma's own lock number, so that `prisma migrate deploy` and this wait for each other. */
export const LOCK = 72_707_369;

export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

interface Applied {
  id: string;
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
  logs: string | null;
}

const FOLDER = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** The migrations of a folder in order; the checksum is Prisma's (SHA-256 of the file). */
export function readMigrations(folder: string = FOLDER): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'migration.sql')))
    .map(({ name }) => {
      const bytes = readFileSync(join(folder, name, 'migration.sql'));
      return {
        name,
        sql: bytes.toString('utf8'),
        checksum: createHash('sha256').update(bytes).digest('hex'),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const TABLE = `/* createMigrationTable */
CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/**
 * Applies the pending migrations, forward only, and keeps `_prisma_migrations` as `prisma migrate deploy` does. Each migration
 * and its row are one transaction: a runner killed in the middle leaves neither. Two runners wait for each other. With `last` it
 * stops after that one.
 */
export async function migrate(url: string, folder?: string, last?: string): Promise<{ applied: string[] }> {
  const client = new pg.Client({ ...connectionConfig(url, false), application_name: 'smallbatch migrate' });
  client.on('error', () => {});
  try {
    await client.connect();
    await checkServer(client, url);
    // When this process is killed, the server notices within a second and rolls back, rather than when the statement ends. Not
    // every server platform can.
    await client.query('/* watchClient */ SET client_connection_check_interval = 1000').catch(() => {});
    await client.query('/* lockMigrations */ SELECT pg_advisory_lock($1)', [LOCK]);
    const applied = await applyPending(client, readMigrations(folder), url, last);
    await takeRole(client, url, 'smallbatch_app');
    await takeRole(client, url, 'smallbatch_team');
    return { applied };
  } catch (error) {
    throw connectionProblem(error, url);
  } finally {
    // The lock belongs to the session and goes with it.
    await client.end().catch(() => {});
  }
}

/** The application's connections switch to these roles, so the user of the URL has to be a member that may. */
async function takeRole(
  client: pg.Client,
  url: string,
  role: 'smallbatch_app' | 'smallbatch_team',
): Promise<void> {
  const set = () => client.query(`SET ROLE ${role}; RESET ROLE`);
  try {
    await set();
  } catch {
    await client.query(`GRANT ${role} TO CURRENT_USER`).catch(() => {});
    await set().catch((cause: Error) => {
      throw new DatabaseProblem(
        'MISSING_PRIVILEGE',
        `missing privilege at ${withoutPassword(url)} (${cause.message}): let a superuser run GRANT ${role} TO "${client.user}"`,
        { cause },
      );
    });
  }
}

async function applyPending(
  client: pg.Client,
  migrations: Migration[],
  url: string,
  last?: string,
): Promise<string[]> {
  const { rows: tables } = await client.query<{ there: boolean }>(
    "/* migrationTable */ SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there",
  );
  if (!tables[0]!.there) await client.query(TABLE);
  const { rows } = await client.query<Applied>(
    '/* appliedMigrations */ SELECT * FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at',
  );
  checkHistory(migrations, rows, url);
  const done = new Set(rows.map((row) => row.migration_name));
  const applied: string[] = [];
  for (const migration of migrations) {
    if (last !== undefined && migration.name > last) break;
    if (done.has(migration.name)) continue;
    await apply(client, migration);
    applied.push(migration.name);
  }
  return applied;
}

function checkHistory(migrations: Migration[], rows: Applied[], url: string): void {
  const where = withoutPassword(url);
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of rows) {
    const migration = known.get(row.migration_name);
    if (!migration) {
      throw new DatabaseProblem(
        'UNKNOWN_MIGRATION',
        `unknown migration ${row.migration_name} in ${where}: a newer Smallbatch wrote this database; use that version or newer`,
      );
    }
    if (row.finished_at === null) {
      throw new DatabaseProblem(
        'FAILED_MIGRATION',
        `failed migration ${row.migration_name} in ${where}${row.logs ? ` (${row.logs.split('\n')[0]})` : ''}: put its cause right, then mark it with prisma migrate resolve --rolled-back ${row.migration_name}`,
      );
    }
    if (row.checksum !== migration.checksum) {
      throw new DatabaseProblem(
        'CHANGED_MIGRATION',
        `changed migration ${row.migration_name}: the file is not the one that was applied to ${where} (checksum ${migration.checksum.slice(0, 12)}, applied ${row.checksum.slice(0, 12)}); restore the file and write the change as a new migration`,
      );
    }
  }
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(sql);
    await client.query(
      `/* recordMigration */ INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const { code, message, position } = error as { code?: string; message: string; position?: string };
    if (code === '42501') {
      throw new DatabaseProblem(
        'MISSING_PRIVILEGE',
        `missing privilege for migration ${name}: ${message}, at: ${statementAt(sql, position)}; let a superuser run that, or give the user of DATABASE_URL CREATEROLE and the ownership of the database`,
        { cause: error },
      );
    }
    if (code === undefined) throw error;
    throw new DatabaseProblem(
      'FAILED_MIGRATION',
      `failed migration ${name}: ${message} (${statementAt(sql, position)})`,
      {
        cause: error,
      },
    );
  }
}

function statementAt(sql: string, position: string | undefined): string {
  if (position === undefined) return 'CREATE ROLE smallbatch_app NOLOGIN';
  return sql
    .slice(Math.max(0, Number(position) - 1))
    .split('\n', 1)[0]!
    .trim();
}
