import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';

export interface Place {
  /** PostgreSQL's data directory. */
  data: string;
  /** A folder that the server's account may reach, for short-lived files. */
  base: string;
  native: string;
}

/** Whether `account` may walk down to `path`. */
function reachable(path: string, { uid, gid }: Account): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid: owner, gid: group } = statSync(folder);
    const bit = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * Where the data directory and the programs lie. Normally `home`/postgres and the npm package. Started as root from a place
 * that other users cannot enter (a checkout under /root), both go to /var/lib/smallbatch, with a link in `home`, because the
 * user postgres has to reach them, and opening /root to everyone is not ours to do.
 */
export function findPlace(home: string, binaries: Binaries, account: Account | undefined): Place {
  const link = join(home, 'postgres');
  if (!account) return { data: link, base: home, native: binaries.native };

  // `home` is our own folder, so opening it for walking through (not for reading) is.
  const real = realpathSync(home);
  const mode = statSync(real).mode & 0o777;
  if ((mode & 0o001) === 0 && reachable(dirname(real), account)) chmodSync(real, mode | 0o011);

  const elsewhere = '/var/lib/smallbatch';
  let base = real;
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) base = dirname(readlinkSync(link));
  else if (!reachable(real, account)) {
    base = join(elsewhere, createHash('sha256').update(real).digest('hex').slice(0, 12));
    symlinkSync(join(base, 'postgres'), link);
  }
  if (base !== real) {
    mkdirSync(base, { recursive: true, mode: 0o755 });
    chownSync(base, account.uid, account.gid);
  }

  let native = realpathSync(binaries.native);
  if (!reachable(join(native, 'bin'), account)) {
    const copy = join(elsewhere, `postgresql-${binaries.version}`);
    if (!existsSync(copy)) {
      mkdirSync(elsewhere, { recursive: true, mode: 0o755 });
      const draft = `${copy}.${process.pid}`;
      rmSync(draft, { recursive: true, force: true });
      cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
      try {
        renameSync(draft, copy);
      } catch (error) {
        rmSync(draft, { recursive: true, force: true });
        if (!existsSync(copy)) throw error;
      }
    }
    native = copy;
  }
  return { data: join(base, 'postgres'), base, native };
}
