import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { migrate, readMigrations } from '../migrate.ts';
import { checkServer } from '../open.ts';
import { connectionConfig } from '../pool.ts';
import { connectionProblem, DatabaseProblem, withoutPassword } from '../problem.ts';
import type { Sql } from '../transaction.ts';
import { lastMigration, publicName, readTables } from './catalogue.ts';
import type { BackupHeader, SequenceState, TableStart } from './format.ts';
import { type Part, readBackup } from './read.ts';
import { PATIENCE } from './write.ts';

/** The file is read twice, first to check all of it. `share`: 0 to 1 of that reading. */
export type OnRestoreProgress = (progress: {
  readonly step: 'check' | 'restore';
  readonly table: string;
  readonly share: number;
}) => void;

export interface RestoredBackup {
  readonly header: BackupHeader;
  /** Rows of each table, in the order of the file. */
  readonly rows: ReadonlyMap<string, number>;
  /** Migrations that are newer than the backup, applied to what was restored. */
  readonly applied: readonly string[];
}

/** More rows of a table are not counted to say what is there. */
const COUNTED = 1_000;

/**
 * Restores the backup in `path` into the empty database of `url`: with no tables, or with no row in any. The whole file is checked before
 * anything is written. Its rows come in one transaction: whatever ends it before leaves a database that is still empty. Then newer
 * migrations are applied. The user of the URL has to own the tables, as who migrates does; it need not be a superuser.
 */
export async function restoreBackup(
  url: string,
  path: string,
  { onProgress = () => {} }: { onProgress?: OnRestoreProgress } = {},
): Promise<RestoredBackup> {
  const file = await openFile(path);
  const client = new pg.Client(connectionConfig(url, false));
  client.on('error', () => {});
  try {
    const { size } = await file.stat();
    const parts = (step: 'check' | 'restore'): AsyncGenerator<Part> => {
      let table = '';
      const read = readBackup(file, path, (bytes) => onProgress({ step, table, share: bytes / size }));
      return tap(read, (part) => {
        if (part.kind === 'table') table = part.table.name;
      });
    };
    const header = await check(parts('check'), path);
    await client.connect();
    await checkServer(client, url);
    await checkTarget(client, url, header);
    await migrate(url, undefined, header.migration);
    const rows = await load(client, url, path, parts('restore'));
    await client.query(`/* analyzeRestored */ ANALYZE ${[...rows.keys()].map(publicName).join(', ')}`);
    const { applied } = await migrate(url);
    return { header, rows, applied };
  } catch (error) {
    throw connectionProblem(error, url);
  } finally {
    await client.end().catch(() => {});
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const unusable = (why: string, cause?: unknown) =>
    new DatabaseProblem('INVALID_BACKUP', `invalid backup ${path} (${why}): name a file that can be read`, {
      cause,
    });
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw unusable(error.code ?? error.message, error);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw unusable('it is read twice, so it has to be a file');
}

async function* tap<T>(all: AsyncIterable<T>, hear: (one: T) => void): AsyncGenerator<T> {
  for await (const one of all) {
    hear(one);
    yield one;
  }
}

/** Reads all of it; what a newer Smallbatch wrote is refused by its first line. */
async function check(parts: AsyncIterable<Part>, path: string): Promise<BackupHeader> {
  let header: BackupHeader | undefined;
  for await (const part of parts) {
    if (part.kind !== 'header') continue;
    header = part.header;
    const { migration, version } = header;
    if (!readMigrations().some(({ name }) => name === migration))
      throw new DatabaseProblem(
        'NEWER_BACKUP',
        `unknown migration ${migration} of backup ${path}: a newer Smallbatch (${version}) wrote it; restore it with that version or newer`,
      );
  }
  return header!;
}

async function checkTarget(sql: Sql, url: string, header: BackupHeader): Promise<void> {
  await checkEmpty(sql, url);
  const last = await lastMigration(sql);
  if (last !== undefined && last > header.migration)
    throw new DatabaseProblem(
      'OLDER_BACKUP',
      `unsupported tables of migration ${last} at ${withoutPassword(url)}, newer than those of the backup (${header.migration}): restore into a database without tables (CREATE DATABASE), and it is brought up to date`,
    );
}

async function checkEmpty(sql: Sql, url: string): Promise<void> {
  const tables = await readTables(sql);
  if (tables.length === 0) return;
  const counts = tables.map(
    ({ name }) =>
      `SELECT ${pg.escapeLiteral(name)} AS name, count(*)::int AS rows FROM (SELECT FROM ${publicName(name)} LIMIT ${COUNTED + 1}) AS x`,
  );
  const { rows } = await sql.query<{ name: string; rows: number }>(
    `/* isEmpty */ ${counts.join(' UNION ALL ')}`,
  );
  const there = rows
    .filter((table) => table.rows > 0)
    .map((table) => `${table.name} ${table.rows > COUNTED ? `over ${COUNTED}` : table.rows}`);
  if (there.length > 0)
    throw new DatabaseProblem(
      'NOT_EMPTY',
      `database ${withoutPassword(url)} is not empty (rows: ${there.join(', ')}): restore into a new one, by DATABASE_URL or --home; nothing was changed`,
    );
}

/** All rows in one transaction. Columns of ours that triggers would work out anew are in the backup. */
async function load(
  client: pg.Client,
  url: string,
  path: string,
  parts: AsyncGenerator<Part>,
): Promise<Map<string, number>> {
  const rows = new Map<string, number>();
  let current = '';
  try {
    // When this process is killed, the server notices and rolls back also while it is at a long statement. Not every platform can.
    await client.query('/* watchClient */ SET client_connection_check_interval = 1000').catch(() => {});
    await client.query(`/* restoreBackup */ BEGIN; ${PATIENCE}`);
    const tables = (await readTables(client)).map(({ name }) => name);
    const all = tables.map(publicName);
    await client.query(`/* lockTables */ LOCK TABLE ${all.join(', ')} IN ACCESS EXCLUSIVE MODE`);
    await checkEmpty(client, url);
    // Emptied in this transaction, tables take their rows as frozen ones: nothing is left to vacuum, and indexes alone answer at once.
    await client.query(`/* emptyTables */ TRUNCATE ${all.join(', ')}`);
    const triggers = (verb: 'DISABLE' | 'ENABLE') =>
      client.query(
        `/* triggers */ ${all.map((name) => `ALTER TABLE ${name} ${verb} TRIGGER USER`).join('; ')}`,
      );
    await triggers('DISABLE');
    for await (const part of parts) {
      if (part.kind === 'table') {
        current = part.table.name;
        if (!tables.includes(current))
          throw new DatabaseProblem(
            'FAILED_RESTORE',
            `unknown table ${current} of backup ${path}: Smallbatch's migrations do not make it; create it in the database and restore again`,
          );
        rows.set(current, await loadTable(client, part.table, parts));
      } else if (part.kind === 'sequences') await setSequences(client, part.sequences);
    }
    await triggers('ENABLE');
    await client.query('COMMIT');
    return rows;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const problem = connectionProblem(error, url);
    if (problem instanceof DatabaseProblem) throw problem;
    throw new DatabaseProblem(
      'FAILED_RESTORE',
      `failed restore of ${path}${current && ` in table ${current}`}: ${(error as Error).message}; the database is as empty as before`,
      { cause: error },
    );
  }
}

/** Takes the parts up to the table's end. → its rows. */
async function loadTable(
  client: pg.Client,
  { name, columns }: TableStart,
  parts: AsyncGenerator<Part>,
): Promise<number> {
  let wanted = 0;
  async function* data(): AsyncGenerator<Buffer> {
    for (;;) {
      const { value: part } = await parts.next();
      if (part?.kind === 'tableEnd') wanted = part.end.rows;
      if (part?.kind !== 'data') return;
      yield part.bytes;
    }
  }
  const list = columns.map(pg.escapeIdentifier).join(', ');
  const copy = client.query(
    copyFrom(`/* restoreTable */ COPY ${publicName(name)} (${list}) FROM STDIN (FORMAT binary, FREEZE)`),
  );
  await pipeline(Readable.from(data()), copy);
  if (copy.rowCount !== wanted) throw new Error(`${copy.rowCount} rows came where ${wanted} were written`);
  return copy.rowCount;
}

/** A sequence that is restarted gets new storage, so that what is set then goes with the transaction. */
async function setSequences(sql: Sql, sequences: readonly SequenceState[]): Promise<void> {
  for (const { name, last, called } of sequences) {
    await sql.query(`/* restartSequence */ ALTER SEQUENCE ${publicName(name)} RESTART`);
    await sql.query('/* setSequence */ SELECT setval($1::regclass, $2::int8, $3)', [
      publicName(name),
      last,
      called,
    ]);
  }
}
