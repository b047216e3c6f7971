import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { urlOf } from './embedded.ts';
import { readPid } from './postmaster.ts';

/** Whether a database was made in `home`. */
export const hasEmbedded = (home: string): boolean => existsSync(join(home, 'postgres', 'PG_VERSION'));

/**
 * The URL of the embedded PostgreSQL that another process runs in `home`, once it takes connections; undefined where none does within
 * `patience` milliseconds. Only who may read the home's files gets it.
 */
export async function runningEmbedded(home: string, patience = 10_000): Promise<string | undefined> {
  for (const end = Date.now() + patience; ; await sleep(50)) {
    const running = readPid(join(home, 'postgres'));
    if (running?.status === 'ready') return urlOf(home, running.port);
    if (Date.now() >= end) return undefined;
  }
}
