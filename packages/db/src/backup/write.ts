import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { LOCK } from '../migrate.ts';
import { checkServer } from '../open.ts';
import { connectionConfig } from '../pool.ts';
import { connectionProblem, DatabaseProblem, withoutPassword } from '../problem.ts';
import { type CatalogueTable, lastMigration, publicName, readSequences, readTables } from './catalogue.ts';
import { type BackupHeader, FORMAT, frame, frameHead } from './format.ts';

/** The table that is being copied, and how much of all is done: 0 to 1, by the tables' sizes on disk, so an estimate. */
export type OnProgress = (progress: { readonly table: string; readonly share: number }) => void;

export interface WrittenBackup {
  readonly header: BackupHeader;
  /** Rows of each table, in the order of the file. */
  readonly rows: ReadonlyMap<string, number>;
  /** Of the file. */
  readonly bytes: number;
}

/** The sender's pieces are a few kilobytes; gzip and the sums are asked less often. */
const FRAME_BYTES = 256 << 10;
/** Level 6 makes 6 % less of it in 2.4 times the time (59 MB of 20,000 runs and their curves). */
const LEVEL = 1;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** For as long as it takes, whatever the server or the role is set to. */
export const PATIENCE =
  'SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0';

/**
 * Writes the whole database of `url` as one backup, from one snapshot, while others go on writing. No migration runs meanwhile.
 * `stream` is ended. A slow stream slows the copy; neither side holds more than a few pieces. It has password and token hashes in it.
 */
export async function writeBackup(
  url: string,
  stream: Writable,
  { onProgress = () => {}, signal }: { onProgress?: OnProgress; signal?: AbortSignal } = {},
): Promise<WrittenBackup> {
  const client = new pg.Client(connectionConfig(url, false));
  client.on('error', () => {});
  try {
    await client.connect();
    await checkServer(client, url);
    // Before the snapshot, so that it is not older than what it waited for. It ends with the connection.
    await client.query('/* waitForMigrations */ SELECT pg_advisory_lock_shared($1)', [LOCK]);
    await client.query(`/* backup */ BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${PATIENCE}`);
    const tables = await readTables(client);
    const header = await readHeader(client, url, tables);
    const rows = new Map<string, number>();
    let bytes = 0;
    const count = async function* (parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const part of parts) {
        bytes += part.length;
        yield part;
      }
    };
    const source = Readable.from(frames(client, header, tables, rows, onProgress));
    await pipeline(source, createGzip({ level: LEVEL }), count, stream, { signal });
    return { header, rows, bytes };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === '42501')
      throw new DatabaseProblem(
        'MISSING_PRIVILEGE',
        `missing privilege at ${withoutPassword(url)}: ${message}; back up as the user that owns the tables`,
        { cause: error },
      );
    throw connectionProblem(error, url);
  } finally {
    await client.end().catch(() => {});
  }
}

async function readHeader(
  client: pg.Client,
  url: string,
  tables: readonly CatalogueTable[],
): Promise<BackupHeader> {
  const migration = await lastMigration(client);
  if (!migration)
    throw new DatabaseProblem(
      'MISSING_MIGRATION',
      `missing Smallbatch database at ${withoutPassword(url)}: there is nothing to back up; name another with DATABASE_URL or --home`,
    );
  const { rows } = await client.query<{ time: Date; postgres: string }>(
    "/* backupHeader */ SELECT now() AS time, current_setting('server_version') AS postgres",
  );
  const { time, postgres } = rows[0]!;
  return {
    smallbatch: 'backup',
    format: FORMAT,
    version,
    migration,
    postgres,
    time: time.toISOString(),
    tables: tables.map(({ name }) => name),
  };
}

async function* frames(
  client: pg.Client,
  header: BackupHeader,
  tables: readonly CatalogueTable[],
  rows: Map<string, number>,
  onProgress: OnProgress,
): AsyncGenerator<Buffer> {
  const total = createHash('sha256');
  const counted = (bytes: Buffer): Buffer => {
    total.update(bytes);
    return bytes;
  };
  yield counted(Buffer.from(`${JSON.stringify(header)}\n`));
  const whole = tables.reduce((sum, { size }) => sum + size, 0) || 1;
  let before = 0;
  for (const { name, columns, size } of tables) {
    yield counted(frame('T', { name, columns }));
    const sum = createHash('sha256');
    let bytes = 0;
    const list = columns.map(pg.escapeIdentifier).join(', ');
    const copy = client.query(
      copyTo(`/* backupTable */ COPY ${publicName(name)} (${list}) TO STDOUT (FORMAT binary)`),
    );
    for await (const part of gathered(copy)) {
      sum.update(part);
      bytes += part.length;
      yield frameHead('D', part.length);
      yield part;
      onProgress({ table: name, share: (before + Math.min(size, bytes)) / whole });
    }
    // The count comes after the data, so it is known once the server takes the next statement.
    await client.query('/* copied */ SELECT');
    rows.set(name, copy.rowCount);
    yield counted(frame('E', { rows: copy.rowCount, bytes, sha256: sum.digest('hex') }));
    before += size;
    onProgress({ table: name, share: before / whole });
  }
  yield counted(frame('S', await readSequences(client)));
  const all = [...rows.values()].reduce((sum, count) => sum + count, 0);
  yield frame('Z', { tables: tables.length, rows: all, sha256: total.digest('hex') });
}

async function* gathered(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const part of parts) {
    held.push(part);
    length += part.length;
    if (length < FRAME_BYTES) continue;
    yield Buffer.concat(held, length);
    held = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(held, length);
}
