import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { password } from './initialise.ts';

/** The database of a home whose embedded PostgreSQL runs, for another process of the same user; undefined where none runs. */
export function runningEmbedded(home: string): string | undefined {
  try {
    const [pid, , , port] = readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n');
    if (!isAlive(Number(pid))) return undefined;
    return `postgresql://postgres:${encodeURIComponent(password(home))}@127.0.0.1:${Number(port)}/smallbatch`;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
