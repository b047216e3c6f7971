import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { DatabaseProblem } from '../problem.ts';

export interface Account {
  uid: number;
  gid: number;
}

function postgresAccount(): Account | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** PostgreSQL refuses to run as root: as root, the system user `postgres` runs it, made if missing. Undefined: run as we are. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const known = postgresAccount();
  if (known) return known;
  try {
    execFileSync(
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
      {
        stdio: 'pipe',
      },
    );
  } catch (cause) {
    throw new DatabaseProblem(
      'MISSING_USER',
      'missing system user "postgres": PostgreSQL does not run as root, and useradd could not make it; start as another user, or set DATABASE_URL to a PostgreSQL of your own',
      { cause },
    );
  }
  return postgresAccount();
}
