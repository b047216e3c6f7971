import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { type WrittenBackup, writeBackup } from '@smallbatch/db';
import { Command } from 'commander';
import { withDatabase } from '../database.ts';
import { tellOfDatabase } from '../operator.ts';
import { Bar } from '../output/bar.ts';
import type { Column, Format } from '../output/columns.ts';
import { note, print, render } from '../output/print.ts';
import { shareLine } from '../output/progress.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { formatOption } from './options.ts';

interface Options {
  readonly home?: string;
  readonly format: Format;
}

/** What backups and restores say of themselves. */
export interface Result {
  readonly file: string;
  /** Of the snapshot. */
  readonly time: string;
  readonly migration: string;
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
}

export const columns: Column<Result>[] = [
  { name: 'file', value: ({ file }) => file, show: (file) => plain(String(file)) },
  { name: 'time', value: ({ time }) => time },
  { name: 'migration', value: ({ migration }) => migration },
  { name: 'tables', value: ({ tables }) => tables },
  { name: 'rows', value: ({ rows }) => rows },
  { name: 'bytes', value: ({ bytes }) => bytes },
  { name: 'seconds', value: ({ seconds }) => seconds, show: (seconds) => Number(seconds).toFixed(1) },
];

export const sum = (counts: Iterable<number>): number => [...counts].reduce((total, one) => total + one, 0);

export function backupCommand(): Command {
  return new Command('backup')
    .description(
      'The whole database as one checked file, from one moment, while everything goes on: that of DATABASE_URL, else of the home.',
    )
    .argument('<file>', 'where to, a new file; - for stdout')
    .option('--home <dir>', 'the home of the database (default: SMALLBATCH_HOME, else .smallbatch)')
    .addOption(formatOption())
    .action(backup);
}

async function backup(file: string, { home, format }: Options): Promise<void> {
  if (file === '-' && process.stdout.isTTY)
    throw new Problem('missing FILE: a backup is not for a screen', 2);
  if (file !== '-' && existsSync(file))
    throw new Problem(`invalid FILE ${plain(file)}: it is there already; name a new one`, 2);
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const written = await withDatabase({ home, make: false }, async (url) => {
    // Before anything leaves the database.
    await tellOfDatabase(url, { action: 'BACKUP', kind: 'database', key: file.slice(-200) });
    return file === '-' ? write(url, process.stdout) : writeFile(url, file);
  });
  const { header, rows, bytes } = written;
  const { time, migration } = header;
  const result = {
    file,
    time,
    migration,
    tables: rows.size,
    rows: sum(rows.values()),
    bytes,
    seconds: seconds(),
  };
  if (file === '-') note(render(columns, [result], format));
  else print(columns, [result], format);
  note('It holds password and token hashes: keep it where only you can read it.');
  note('Not in it, but in the home: data sets, checkpoints, kept weights, spools and logs.');
}

async function write(url: string, stream: Writable): Promise<WrittenBackup> {
  const bar = new Bar();
  const begun = performance.now();
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await writeBackup(url, stream, {
      signal: stopping.signal,
      onProgress: ({ table, share }) =>
        bar.update(shareLine('backing up', share, table, (performance.now() - begun) / 1000)),
    });
  } catch (error) {
    if (stopping.signal.aborted) throw new Problem('stopped: no backup was written');
    throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    bar.clear();
  }
}

/** The file is there whole and on disk, or not at all; its owner alone may read it, from its first byte. */
async function writeFile(url: string, path: string): Promise<WrittenBackup> {
  const partial = `${path}.partial`;
  try {
    await rm(partial, { force: true });
    const stream = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true });
    await once(stream, 'open');
    const written = await write(url, stream);
    await rename(partial, path);
    return written;
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    const { code, message } = error as NodeJS.ErrnoException;
    if (code && ['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ENOSPC', 'EDQUOT', 'EROFS'].includes(code))
      throw new Problem(`cannot write ${plain(path)}: ${message}`);
    throw error;
  }
}
