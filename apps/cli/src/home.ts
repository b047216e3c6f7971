import { mkdirSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Problem } from './problem.ts';

/** The checkout: the folder above apps/cli, whether this runs from src or from dist. */
export const checkout = resolve(import.meta.dirname, '../../..');

/** Bytes that a database, two small data sets and logs need to begin with. */
const ROOM = 300e6;

/** Where the state lives: `--home`, else SMALLBATCH_HOME, else `.smallbatch` in the checkout. Not made yet. */
export function homeOf(given?: string): string {
  return resolve(given ?? process.env.SMALLBATCH_HOME ?? join(checkout, '.smallbatch'));
}

/** Makes the home, readable by its owner alone, and sees that there is room in it. */
export function prepareHome(home: string): void {
  try {
    mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') throw new Problem(`missing disk space: nothing can be written to ${home}`);
    throw new Problem(
      `invalid home ${home} (${code}): name a folder that you may write with --home or SMALLBATCH_HOME`,
    );
  }
  const { bavail, bsize } = statfsSync(home);
  if (bavail * bsize < ROOM) {
    const free = Math.floor((bavail * bsize) / 1e6);
    throw new Problem(
      `missing disk space: ${home} has ${free} MB free and ${ROOM / 1e6} MB are needed; free some, or name another folder with --home`,
    );
  }
}
