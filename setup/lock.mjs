import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The holder touches its lock this often; one untouched for `STALE_MS` belongs to nobody, whoever has its pid now. */
const TOUCH_MS = 2_000;
const STALE_MS = 20_000;

/**
 * Does `work` while no other process does work under the same lock file. Waits for a living holder (`onWait` is told
 * its pid once); takes over from a dead one.
 */
export async function locked(file, work, onWait = () => {}) {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  while (!take(file)) {
    const holder = read(file);
    if (holder && !holder.living) {
      takeOver(file, holder.pid);
      continue;
    }
    if (holder?.pid && !told) {
      told = true;
      onWait(holder.pid);
    }
    await sleep(200);
  }
  const touching = setInterval(() => touch(file), TOUCH_MS);
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    process.off('exit', release);
    release();
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function read(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    const age = Date.now() - statSync(file).mtimeMs;
    return { pid, living: age < STALE_MS && (pid === 0 || alive(pid)) };
  } catch {
    return null;
  }
}

/**
 * Two may see the same dead holder. A rename gives each file to one of them; who got a file that is not the dead one's
 * (the other had already taken over) puts it back.
 */
function takeOver(file, pid) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (Number(readFileSync(aside, 'utf8')) !== pid) linkSync(aside, file);
  } catch {
    // Someone else was faster: the next round sees their lock.
  }
  rmSync(aside, { force: true });
}

function touch(file) {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // Gone: nothing to keep alive.
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
