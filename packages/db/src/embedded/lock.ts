import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseProblem } from '../problem.ts';

interface Holder {
  pid: number;
  /** Start time in the kernel's ticks, so that a process that got the same number later is not taken for the holder. */
  born: string;
}

/** The kernel's start time of a process; empty where there is no /proc, undefined when there is no such process. */
export function born(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return '';
  }
}

function alive({ pid, born: then }: Holder): boolean {
  const now = born(pid);
  return now !== undefined && (now === '' || then === '' || now === then);
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/**
 * Takes the lock file `path` for this process, or says who holds it. The file appears with its content in one step (link), and
 * a stale one is taken away by a rename whose catch is looked at, so that two starters cannot both clear it.
 */
export function takeLock(path: string, home: string): () => void {
  const mine = `${path}.${process.pid}`;
  const me: Holder = { pid: process.pid, born: born(process.pid) ?? '' };
  writeFileSync(mine, JSON.stringify(me), { mode: 0o644 });
  try {
    for (let tries = 0; tries < 20; tries++) {
      try {
        linkSync(mine, path);
        return () => {
          if (read(path)?.pid === process.pid) rmSync(path, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = read(path);
      if (holder && alive(holder)) {
        throw new DatabaseProblem(
          'HOME_IN_USE',
          `home ${home} is in use by process ${holder.pid}: stop that one, or start with another --home or SMALLBATCH_HOME`,
        );
      }
      const caught = `${mine}.stale`;
      try {
        renameSync(path, caught);
      } catch {
        continue;
      }
      const taken = read(caught);
      if (taken && alive(taken)) {
        // Somebody was faster, and we took a live lock off: put it back.
        try {
          linkSync(caught, path);
        } catch {}
      }
      rmSync(caught, { force: true });
    }
    throw new DatabaseProblem('HOME_IN_USE', `home ${home} is being started by another process: try again`);
  } finally {
    rmSync(mine, { force: true });
  }
}
