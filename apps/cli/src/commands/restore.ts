import { existsSync, statSync } from 'node:fs';
import { restoreBackup } from '@smallbatch/db';
import { Command } from 'commander';
import { withDatabase } from '../database.ts';
import { homeOf } from '../home.ts';
import { tellOfDatabase } from '../operator.ts';
import { Bar } from '../output/bar.ts';
import type { Format } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { shareLine } from '../output/progress.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { columns, sum } from './backup.ts';
import { formatOption } from './options.ts';

interface Options {
  readonly home?: string;
  readonly format: Format;
}

const STEPS = { check: 'checking', restore: 'restoring' } as const;

export function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'A backup into an empty database: that of DATABASE_URL, else of a home, which is made. All of it, or nothing.',
    )
    .argument('<file>', 'what "smallbatch backup" has written')
    .option('--home <dir>', 'the home of the database (default: SMALLBATCH_HOME, else .smallbatch)')
    .addOption(formatOption())
    .action(restore);
}

async function restore(file: string, { home, format }: Options): Promise<void> {
  // Before a home is made for it.
  if (!existsSync(file)) throw new Problem(`missing FILE ${plain(file)}: name a file of "smallbatch backup"`);
  const bar = new Bar();
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  let step: keyof typeof STEPS = 'check';
  let stepBegun = 0;
  const restored = await withDatabase({ home, make: true }, async (url) => {
    const done = await restoreBackup(url, file, {
      onProgress: (progress) => {
        if (progress.step !== step) stepBegun = seconds();
        step = progress.step;
        bar.update(shareLine(STEPS[step], progress.share, progress.table, seconds() - stepBegun));
      },
    }).finally(() => bar.clear());
    const detail = { of: done.header.time, migration: done.header.migration };
    await tellOfDatabase(url, { action: 'RESTORE', kind: 'database', key: file.slice(-200), detail });
    return done;
  });
  const { header, rows, applied } = restored;
  const { time, migration } = header;
  const counts = { tables: rows.size, rows: sum(rows.values()), bytes: statSync(file).size };
  print(columns, [{ file, time, migration, ...counts, seconds: seconds() }], format);
  if (applied.length > 0) note(`applied what is newer than the backup: ${applied.join(', ')}`);
  note('Data sets, checkpoints and kept weights are not in a backup: add data sets again by their names.');
  if (!process.env.DATABASE_URL) note(`Start on it with: smallbatch up --home ${plain(homeOf(home))}`);
}
