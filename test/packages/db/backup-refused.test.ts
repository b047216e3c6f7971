import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { restoreBackup, writeBackup } from '@smallbatch/db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBackup } from '../../../packages/db/src/backup/read.ts';
import { testDatabase } from '../../database.ts';
import { contents, failure, fillEveryTable } from './every-table.ts';

const root = resolve(import.meta.dirname, '../../..');
/** Where no PostgreSQL is: what is refused with it was refused before anything was asked of a database. */
const NOWHERE = 'postgresql://nobody@127.0.0.1:9/x';

const folder = mkdtempSync(join(tmpdir(), 'smallbatch-backup-'));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);
const empty = () => testDatabase({ migrated: false });
async function backUp({ url }: { url: string }, name: string): Promise<string> {
  await writeBackup(url, createWriteStream(place(name)));
  return place(name);
}

const source = await testDatabase();
const { db, ...owner } = await source.openOwned();
let file = '';
beforeAll(async () => {
  await fillEveryTable(source, db, owner);
  file = await backUp(source, 'all');
});

describe('a restore', () => {
  test('into a database with rows is refused, names them, and changes nothing', async () => {
    const before = await contents(source);
    const error = await failure(restoreBackup(source.url, file));
    expect(error).toMatchObject({ code: 'NOT_EMPTY' });
    expect(error.message).toMatch(
      /is not empty \(rows: .*\bteam 2\b.*\): restore into a new one, by DATABASE_URL or --home; nothing was changed/,
    );
    expect(await contents(source)).toEqual(before);
  });

  test('that is killed while it loads leaves an empty database, and the next one succeeds', async () => {
    const target = await empty();
    const restorer = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        '--conditions=source',
        join(import.meta.dirname, 'restorer.mts'),
        target.url,
        file,
        'run_metric',
      ],
      { cwd: root, stdio: 'inherit' },
    );
    expect(await once(restorer, 'exit')).toEqual([null, 'SIGKILL']);
    const others =
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
    await expect.poll(() => target.asOwner(others), { timeout: 10_000 }).toEqual([]);
    const left = await contents(target);
    expect(left.size).toBeGreaterThan(15);
    expect([...left].filter(([, { rows }]) => rows > 0)).toEqual([]);
    await restoreBackup(target.url, file);
    expect(await contents(target)).toEqual(await contents(source));
  });

  test('beside another one into the same database: one of them does it', async () => {
    const target = await empty();
    const results = await Promise.allSettled([
      restoreBackup(target.url, file),
      restoreBackup(target.url, file),
    ]);
    const failed = results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(failed).toEqual(['NOT_EMPTY']);
    expect(await contents(target)).toEqual(await contents(source));
  });

  test('whose connection is cut in the middle says so, and leaves an empty database', async () => {
    const target = await testDatabase();
    await target.asOwner('ALTER TABLE run ADD CONSTRAINT slow CHECK (pg_sleep(0.1) IS NOT NULL)');
    const restoring = failure(restoreBackup(target.url, file));
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '/* restoreTable */ COPY public."run" %'`;
    await expect.poll(() => target.asOwner(cut), { timeout: 10_000 }).toHaveLength(1);
    const error = await restoring;
    expect(error).toMatchObject({ code: 'UNREACHABLE' });
    expect(error.message).toMatch(/^unreachable PostgreSQL at /);
    expect([...(await contents(target))].filter(([, { rows }]) => rows > 0)).toEqual([]);
  });

  test('whose rows the database refuses names the table, and leaves it empty', async () => {
    const target = await testDatabase();
    await target.asOwner("ALTER TABLE token ADD CONSTRAINT none CHECK (name = 'none')");
    const error = await failure(restoreBackup(target.url, file));
    expect(error).toMatchObject({ code: 'FAILED_RESTORE' });
    expect(error.message).toMatch(
      /^failed restore of \S+ in table token: .*violates check constraint "none"; the database is as empty as before$/,
    );
    expect([...(await contents(target))].filter(([, { rows }]) => rows > 0)).toEqual([]);
  });
});

describe('a file that is not what was written', () => {
  const damaged = (bytes: Buffer): Promise<Error & { code?: string }> => {
    writeFileSync(place('damaged'), bytes);
    return failure(restoreBackup(NOWHERE, place('damaged')));
  };

  test('is found before a database is asked, wherever it was cut', async () => {
    const bytes = readFileSync(file);
    for (let i = 0; i < 40; i++) {
      const error = await damaged(bytes.subarray(0, Math.floor((bytes.length * i) / 40)));
      expect(error).toMatchObject({ code: 'INVALID_BACKUP' });
      expect(error.message).toMatch(
        /^invalid backup \S+: it ends too early, .*near byte [\d,]+ of [\d,]+; nothing of it was restored/,
      );
    }
    expect((await damaged(bytes.subarray(0, -1))).message).toContain('it ends too early');
    expect((await damaged(bytes.subarray(0, bytes.length >> 1))).message).toMatch(
      /in table \w+, after [\d,]+ of its bytes/,
    );
  });

  test('is found before a database is asked, whichever byte was changed', async () => {
    const bytes = readFileSync(file);
    // The ten bytes before are gzip's own (when and where it was packed), and a few bits between its blocks stand for nothing.
    let idle = 0;
    for (let i = 0; i < 200; i++) {
      const changed = Buffer.from(bytes);
      const at = 10 + Math.floor(((bytes.length - 10) * i) / 200);
      changed[at] = changed[at]! ^ (1 << (i % 8));
      const error = await damaged(changed);
      if (error.code === 'UNREACHABLE') {
        idle++;
        expect(gunzipSync(changed).equals(gunzipSync(bytes)), `byte ${at}`).toBe(true);
      } else expect(error, `byte ${at}`).toMatchObject({ code: 'INVALID_BACKUP' });
    }
    expect(idle).toBeLessThan(5);
  });

  test('is found where it was packed anew with other data, parts left out, or more behind its end', async () => {
    const plain = gunzipSync(readFileSync(file));
    const changed = Buffer.from(plain);
    changed[plain.indexOf('É😀')] = 0x45;
    expect((await damaged(gzipSync(changed))).message).toMatch(
      /it is not what was written \(the sum of the table differs\) in table sweep, after/,
    );
    const named = Buffer.from(
      plain.toString('latin1').replace('"name":"upload"', '"name":"uplaod"'),
      'latin1',
    );
    expect((await damaged(gzipSync(named))).message).toContain('the sum of the whole differs');
    const twice = Buffer.concat([readFileSync(file), readFileSync(file)]);
    expect((await damaged(twice)).message).toContain('more follows its end');
    for (const more of [Buffer.alloc(9), Buffer.from('more')])
      expect((await damaged(Buffer.concat([readFileSync(file), more]))).message).toContain(
        'it is not what was written',
      );
  });

  test('is told apart from what is no backup at all, and what cannot be read', async () => {
    expect((await damaged(Buffer.from('{"smallbatch":"backup"}\n'))).message).toContain(
      'it is no backup of Smallbatch',
    );
    expect((await damaged(gzipSync('{"name":"other"}\n'))).message).toContain(
      'it is no backup of Smallbatch',
    );
    for (const path of [place('nothing'), folder]) {
      const error = await failure(restoreBackup(NOWHERE, path));
      expect(error.message).toMatch(
        /^invalid backup \S+ \((ENOENT|it is read twice, so it has to be a file)\): name a file/,
      );
    }
  });

  test('is no backup also where its first bytes are read after the rest was found wrong', async () => {
    const path = place('slow');
    writeFileSync(path, '{"smallbatch":"backup"}\n');
    const handle = await open(path);
    const slow = {
      stat: () => handle.stat(),
      read: async (...given: Parameters<FileHandle['read']>) => {
        if (given.length > 1) await sleep(100);
        return handle.read(...given);
      },
    };
    const error = await failure(readBackup(slow as unknown as FileHandle, path).next());
    expect(error.message).toContain('it is no backup of Smallbatch');
    await handle.close();
  });

  test('by a newer Smallbatch is refused with the version to use', async () => {
    const plain = gunzipSync(readFileSync(file)).toString('latin1');
    const format = await damaged(gzipSync(Buffer.from(plain.replace('"format":1', '"format":2'), 'latin1')));
    expect(format).toMatchObject({ code: 'NEWER_BACKUP' });
    expect(format.message).toMatch(
      /of format 2 \(this reads up to 1\): Smallbatch 0\.1\.0 wrote it; restore it with that version or newer/,
    );
    const newer = await testDatabase();
    await newer.asOwner(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '99991231000000_later', now())",
    );
    const error = await failure(restoreBackup(NOWHERE, await backUp(newer, 'newer')));
    expect(error).toMatchObject({ code: 'NEWER_BACKUP' });
    expect(error.message).toContain('unknown migration 99991231000000_later');
  });
});
