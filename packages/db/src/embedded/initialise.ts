import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseProblem } from '../problem.ts';
import type { Account } from './account.ts';
import type { Place } from './place.ts';

const MAJOR = '18';

/** The superuser's password, made at the first start and readable by its owner alone: loopback is open to everyone on a shared machine. */
export function password(home: string): string {
  const path = join(home, 'postgres.password');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = randomBytes(24).toString('base64url');
  writeFileSync(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
  return made;
}

/** Makes the data directory if there is none. It is built beside its place and renamed, so a killed initdb leaves nothing half-made. */
export async function initialise(
  home: string,
  place: Place,
  account: Account | undefined,
  onStep: (text: string) => void,
): Promise<void> {
  const version = join(place.data, 'PG_VERSION');
  if (existsSync(version)) {
    const found = readFileSync(version, 'utf8').trim();
    if (found !== MAJOR) {
      throw new DatabaseProblem(
        'START_FAILED',
        `unsupported data directory ${place.data} of PostgreSQL ${found} (this is ${MAJOR}): make a backup with the Smallbatch that wrote it, and restore it here`,
      );
    }
    return;
  }
  onStep(`making the database in ${place.data}`);
  const draft = `${place.data}.new`;
  const passwordFile = `${draft}.password`;
  rmSync(draft, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(draft, { mode: 0o700 });
  try {
    writeFileSync(passwordFile, `${password(home)}\n`, { mode: 0o600 });
    if (account) {
      chownSync(draft, account.uid, account.gid);
      chownSync(passwordFile, account.uid, account.gid);
    }
    await initdb(
      join(place.native, 'bin', 'initdb'),
      [
        `--pgdata=${draft}`,
        `--pwfile=${passwordFile}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        '--locale=C',
        '--encoding=UTF8',
        '--data-checksums',
        '--no-instructions',
        '--no-sync',
      ],
      place.base,
      account,
    );
    renameSync(draft, place.data);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function initdb(
  program: string,
  options: string[],
  cwd: string,
  account: Account | undefined,
): Promise<void> {
  const child = spawn(program, options, {
    ...account,
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
  });
  let said = '';
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return;
  if (/No space left on device|Disk quota exceeded/.test(said)) {
    throw new DatabaseProblem(
      'DISK_FULL',
      `missing disk space for ${cwd}: free some, or set SMALLBATCH_HOME`,
    );
  }
  throw new DatabaseProblem(
    'START_FAILED',
    `PostgreSQL's initdb failed (${code}): ${said.trim().slice(-1000)}`,
  );
}
