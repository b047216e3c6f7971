import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Living processes that were started with `NAME=value` in their environment, by whatever way: children of children too,
 * and those whose parent has died. `[{ pid, command }]`. Where the system does not show environments, none.
 */
export function startedWith(name, value) {
  const mark = `${name}=${value}`;
  return process.platform === 'linux' ? fromProc(mark) : fromPs(mark);
}

function fromProc(mark) {
  const found = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').includes(mark)) continue;
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      // A zombie has no command line, and nothing of it lives on.
      if (command !== '') found.push({ pid: Number(entry), command });
    } catch {
      // It ended while we looked, or belongs to someone else.
    }
  }
  return found;
}

function fromPs(mark) {
  const { stdout } = spawnSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .filter((line) => line.includes(mark))
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim().slice(0, 200) }))
    .filter(({ pid }) => pid !== process.pid);
}

/** Those of them that still live after `patience` ms; they are killed. */
export async function leftovers(name, value, patience) {
  const until = Date.now() + patience;
  let left = startedWith(name, value);
  while (left.length > 0 && Date.now() < until) {
    await sleep(200);
    left = startedWith(name, value);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself at last.
    }
  }
  return left;
}
