import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate, openDb } from '@smallbatch/db';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { checkServer } from '../../../packages/db/src/open.ts';
import { testDatabase } from '../../database.ts';

const MIGRATIONS = resolve(import.meta.dirname, '../../../prisma/migrations');
const ALL = readdirSync(MIGRATIONS)
  .filter((name) => /^\d+_/.test(name))
  .sort();

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const ROLE = `DO $$ BEGIN CREATE ROLE smallbatch_app NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;`;

function write(folder: string, name: string, sql: string): void {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'migration.sql'), sql);
}

function folderOf(migrations: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'smallbatch-migrations-'));
  folders.push(folder);
  for (const [name, sql] of Object.entries(migrations)) write(folder, name, sql);
  return folder;
}

const fresh = () => testDatabase({ migrated: false });
const ledger =
  'SELECT migration_name, checksum, applied_steps_count, finished_at IS NOT NULL AS finished FROM _prisma_migrations ORDER BY 1';

describe('migrating', () => {
  test('applies what is pending, once, however many start at the same time', async () => {
    const { url, asOwner } = await fresh();
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    expect(results.flatMap(({ applied }) => applied)).toEqual(ALL);
    expect(await migrate(url)).toEqual({ applied: [] });
    expect(await asOwner(ledger)).toEqual(
      ALL.map((name) => ({
        migration_name: name,
        checksum: createHash('sha256')
          .update(readFileSync(join(MIGRATIONS, name, 'migration.sql')))
          .digest('hex'),
        applied_steps_count: 1,
        finished: true,
      })),
    );
  });

  test('leaves what Prisma itself finds nothing to do on', async () => {
    const { url, asOwner } = await fresh();
    await migrate(url);
    const before = await asOwner('SELECT * FROM _prisma_migrations');
    expect(await prismaApplies(url)).toEqual([]);
    expect(await asOwner('SELECT * FROM _prisma_migrations')).toEqual(before);
  });

  test('finds nothing to do on what Prisma itself has applied', async () => {
    const { url } = await fresh();
    expect(await prismaApplies(url)).toEqual(ALL);
    expect(await migrate(url)).toEqual({ applied: [] });
  });

  test('that is killed in the middle leaves nothing of that migration, and the next one finishes', async () => {
    const { url, asOwner } = await fresh();
    await asOwner('CREATE TABLE pause AS SELECT 60 AS seconds');
    const folder = folderOf({
      '1_first': `${ROLE} CREATE TABLE first ();`,
      '2_second': 'CREATE TABLE second (); SELECT pg_sleep(seconds) FROM pause; CREATE TABLE third ();',
    });
    const script = join(import.meta.dirname, 'migrator.mts');
    const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=source', script, url, folder], {
      stdio: 'inherit',
    });
    const sleeping =
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while ((await asOwner(sleeping)).length === 0) await sleep(50);
    child.kill('SIGKILL');
    await asOwner('UPDATE pause SET seconds = 0');

    expect(await migrate(url, folder)).toEqual({ applied: ['2_second'] });
    const tables = await asOwner("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
    expect(tables.map(({ tablename }) => tablename)).toEqual([
      '_prisma_migrations',
      'first',
      'pause',
      'second',
      'third',
    ]);
    expect((await asOwner(ledger)).length).toBe(2);
  });

  test('that fails says which statement, leaves nothing, and goes on when the file is right', async () => {
    const { url, asOwner } = await fresh();
    const folder = folderOf({
      '1_first': `${ROLE} CREATE TABLE first ();\nCREATE TABLE second (a nonsense);`,
    });
    await expect(migrate(url, folder)).rejects.toMatchObject({
      code: 'FAILED_MIGRATION',
      message: expect.stringMatching(/1_first.*type "nonsense" does not exist/),
    });
    expect(
      await asOwner(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'",
      ),
    ).toEqual([]);
    write(folder, '1_first', `${ROLE} CREATE TABLE first ();`);
    expect(await migrate(url, folder)).toEqual({ applied: ['1_first'] });
  });

  test('refuses a file that was changed after it was applied', async () => {
    const { url } = await fresh();
    const folder = folderOf({ '1_first': `${ROLE} CREATE TABLE first ();` });
    await migrate(url, folder);
    write(folder, '1_first', `${ROLE} CREATE TABLE first (a int);`);
    await expect(migrate(url, folder)).rejects.toMatchObject({
      code: 'CHANGED_MIGRATION',
      message: expect.stringContaining('1_first'),
    });
  });

  test('refuses a database that a newer Smallbatch has written', async () => {
    const { url } = await fresh();
    await migrate(url, folderOf({ '1_first': ROLE, '2_newer': 'CREATE TABLE newer ();' }));
    await expect(migrate(url, folderOf({ '1_first': ROLE }))).rejects.toMatchObject({
      code: 'UNKNOWN_MIGRATION',
      message: expect.stringContaining('2_newer'),
    });
  });

  test('refuses a migration that Prisma marked as failed, and takes one that was marked as rolled back', async () => {
    const { url, asOwner } = await fresh();
    const folder = folderOf({ '1_first': ROLE });
    await migrate(url, folder);
    write(folder, '2_second', 'CREATE TABLE second ();');
    await asOwner(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ('x', 'x', '2_second', 'out of luck')",
    );
    await expect(migrate(url, folder)).rejects.toMatchObject({
      code: 'FAILED_MIGRATION',
      message: expect.stringContaining('out of luck'),
    });
    await asOwner("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = 'x'");
    expect(await migrate(url, folder)).toEqual({ applied: ['2_second'] });
  });

  test('by a user who may not act as smallbatch_app says what a superuser has to run', async () => {
    const { url, asOwner } = await fresh();
    const user = `limited_${Math.random().toString(36).slice(2)}`;
    await asOwner(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'`);
    try {
      await asOwner(`GRANT ALL ON SCHEMA public TO ${user}`);
      const limited = new URL(url);
      [limited.username, limited.password] = [user, 'secret'];
      const error = await migrate(limited.href, folderOf({ '1_first': 'CREATE TABLE first ();' })).catch(
        (reason) => reason,
      );
      expect(error).toMatchObject({ code: 'MISSING_PRIVILEGE' });
      expect(error.message).toContain(`GRANT smallbatch_app TO "${user}"`);
      expect(error.message).not.toContain('secret');
    } finally {
      await asOwner(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
    }
  });
});

describe('a DATABASE_URL', () => {
  test.each([
    ['nonsense', 'INVALID_URL', 'invalid DATABASE_URL "nonsense"'],
    ['mysql://user:hidden@127.0.0.1/x', 'INVALID_URL', 'postgresql://USER'],
    ['postgresql://user:hidden@127.0.0.1:1/x', 'UNREACHABLE', 'ECONNREFUSED'],
    ['postgresql://user:hidden@nowhere.invalid/x', 'UNREACHABLE', 'nowhere.invalid'],
  ])('%s that cannot be used is refused in one sentence without its password', async (url, code, text) => {
    for (const use of [() => migrate(url), () => openDb({ url })]) {
      const error = await use().catch((reason) => reason);
      expect(error).toMatchObject({ name: 'DatabaseProblem', code });
      expect(error.message).toContain(text);
      expect(error.message).not.toContain('hidden');
      expect(error.message).not.toContain('\n');
    }
  });

  test('with a wrong password and a missing database are told apart', async () => {
    const { url } = await fresh();
    const changed = (change: (url: URL) => void) => {
      const next = new URL(url);
      change(next);
      return next.href;
    };
    const wrong = changed((next) => (next.password = 'wrong'));
    await expect(openDb({ url: wrong })).rejects.toMatchObject({ code: 'REFUSED' });
    const missing = changed((next) => (next.pathname = '/missing'));
    await expect(openDb({ url: missing })).rejects.toMatchObject({ code: 'MISSING_DATABASE' });
  });

  test('of a PostgreSQL before 15 is refused with its version', async () => {
    const old = {
      query: async () => ({ rows: [{ number: 140_009, version: '14.9' }] }),
    } as unknown as pg.Pool;
    await expect(checkServer(old, 'postgresql://h/x')).rejects.toMatchObject({
      code: 'UNSUPPORTED_SERVER',
      message: 'unsupported PostgreSQL 14.9 at postgresql://h/x: Smallbatch needs 15 or newer',
    });
  });
});

const prisma = createRequire(resolve(import.meta.dirname, '../../../packages/db/package.json'));

/** Prisma's own engine, in its WebAssembly build, which needs no download. Its parts share one instance. */
const engineModule = (async () => {
  // Its exports offer only a loader that fetches; the parts lie beside it.
  const place = dirname(prisma.resolve('@prisma/schema-engine-wasm'));
  const parts = await import(join(place, 'schema_engine_bg.js'));
  const { instance } = await WebAssembly.instantiate(readFileSync(join(place, 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': parts,
  });
  parts.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return parts;
})();

/** Names of the committed migrations that Prisma's engine applies. */
async function prismaApplies(url: string): Promise<string[]> {
  const { SchemaEngine } = await engineModule;
  const { PrismaPg } = await import(prisma.resolve('@prisma/adapter-pg'));
  const { bindMigrationAwareSqlAdapterFactory } = await import(
    prisma.resolve('@prisma/driver-adapter-utils')
  );
  const root = resolve(import.meta.dirname, '../../../prisma');
  const text = (path: string) => readFileSync(join(root, path), 'utf8');
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  // This adapter cuts a script at every semicolon, bodies of functions too. Prisma's command line sends it whole, so this does.
  const factory = new PrismaPg(pool);
  const connect = factory.connect.bind(factory);
  factory.connect = async () =>
    Object.assign(await connect(), {
      executeScript: async (sql: string) => {
        await pool.query(sql);
      },
    });
  const engine = await SchemaEngine.new(
    { datamodels: [['schema.prisma', text('schema.prisma')]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  );
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: {
        baseDir: join(root, 'migrations'),
        lockfile: { path: 'migration_lock.toml', content: text('migrations/migration_lock.toml') },
        shadowDbInitScript: '',
        migrationDirectories: ALL.map((name) => ({
          path: name,
          migrationFile: {
            path: 'migration.sql',
            content: { tag: 'ok', value: text(`migrations/${name}/migration.sql`) },
          },
        })),
      },
      filters: { externalTables: [], externalEnums: [] },
    });
    return appliedMigrationNames;
  } finally {
    engine.free();
    await pool.end();
  }
}
