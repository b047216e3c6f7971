import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './command.mjs';
import { locked } from './lock.mjs';
import { SetupError } from './step.mjs';

/** Bytes: node_modules is 1.5 GB, the builds 0.3 GB, a browser unpacked 0.3 GB; with room for npm's own cache. */
const ROOM = { fresh: 4e9, again: 5e8 };

/**
 * Brings the checkout into a state to run from: packages, PostgreSQL's binaries, Prisma client, builds, and a browser
 * for the tests. Does only what is missing; a second call costs milliseconds. Safe to call twice at once. Ends the
 * process with one clear message when it cannot.
 */
export async function ensureSetup({ browser = false } = {}) {
  try {
    const { ensureInstalled } = await import('./install.mjs');
    const { ensureBuilt, ensurePrisma } = await import('./build.mjs');
    await locked(
      join(root, '.setup/lock'),
      async () => {
        checkDisk();
        await ensureInstalled();
        await ensurePrisma();
        await ensureBuilt();
        if (browser) {
          const { ensureBrowser } = await import('./browser.mjs');
          await ensureBrowser();
        }
      },
      (pid) => console.error(`  another set-up is at work here (process ${pid}); waiting for it …`),
    );
  } catch (error) {
    console.error(explain(error));
    process.exit(1);
  }
}

function checkDisk() {
  const needed = existsSync(join(root, 'node_modules')) ? ROOM.again : ROOM.fresh;
  const { bavail, bsize } = statfsSync(root);
  if (bavail * bsize >= needed) return;
  const size = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new SetupError(
    `missing disk space: ${root} has ${size(bavail * bsize)} free and the set-up needs ${size(needed)}. Free some, or clone onto a larger disk.`,
  );
}

function explain(error) {
  if (error instanceof SetupError) return error.message;
  if (error.code === 'ENOSPC') return `missing disk space: ${root} is full (${error.message}).`;
  if (error.code === 'EACCES' || error.code === 'EROFS')
    return `The set-up may not write to ${error.path}: ${error.message}.`;
  return error.stack ?? String(error);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { checkNode } = await import('./node.mjs');
  checkNode();
  await ensureSetup({ browser: process.argv.includes('--browser') });
}
