import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const EVERY_MS = 1_000;

/**
 * Under `npm start` the process that people see, and kill, is npm. Calls `gone` when that npm has ended without telling us
 * (kill -9), which nothing else would let us know. Without npm above us there is nothing to watch.
 */
export function watchNpm(gone: () => void): void {
  if (!process.env.npm_execpath) return;
  let pid = process.ppid;
  // npm, perhaps a shell, and us.
  for (let level = 0; level < 3 && pid > 1; level++) {
    const above = lookUp(pid);
    if (!above) return;
    if (/^(\S*\/)?(npm|npx)\b|npm-cli\.js|npx-cli\.js/.test(above.command)) break;
    pid = above.parent;
  }
  if (pid <= 1) return;
  const timer = setInterval(() => {
    if (alive(pid)) return;
    clearInterval(timer);
    gone();
  }, EVERY_MS);
  timer.unref();
}

function lookUp(pid: number): { parent: number; command: string } | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return { parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
    }
    const [, parent, command] =
      /^\s*(\d+)\s+(.*)$/m.exec(
        execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }),
      ) ?? [];
    return parent && command ? { parent: Number(parent), command } : undefined;
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return lookUp(pid) !== undefined;
  } catch {
    return false;
  }
}
