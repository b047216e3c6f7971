import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createToken,
  DatabaseProblem,
  ensureLocalOwner,
  findToken,
  migrate,
  openDb,
  startEmbedded,
} from '@smallbatch/db';
import { note } from '../output/print.ts';
import { Problem } from '../problem.ts';
import { step } from './step.ts';

export interface Database {
  url: string;
  /** Of the workers that `up` starts. */
  token: string;
  stop(): Promise<void>;
}

/**
 * The database that DATABASE_URL names, else the embedded one of the home: migrated, with the first owner and a token for
 * the workers. `onEnd` hears when the embedded one ends by itself.
 */
export async function openDatabase(home: string, onEnd: (why: string) => void): Promise<Database> {
  const external = process.env.DATABASE_URL;
  let stop = async () => {};
  try {
    let url = external ?? '';
    if (!external) {
      const embedded = await step('start PostgreSQL', () =>
        startEmbedded({ home, onEnd, onStep: (text) => note(`  ${text}`) }),
      );
      url = embedded.url;
      stop = () => embedded.stop();
    }
    const { applied } = await step(
      external ? 'check the database of DATABASE_URL' : 'check the database',
      () => migrate(url),
    );
    if (applied.length > 0) note(`  applied ${applied.join(', ')}`);
    return { url, token: await workerToken(home, url), stop };
  } catch (error) {
    await stop();
    if (error instanceof DatabaseProblem) throw new Problem(error.message);
    throw error;
  }
}

/** Kept in the home, readable by its owner alone; made anew for a database that does not know it. */
async function workerToken(home: string, url: string): Promise<string> {
  const file = join(home, 'worker.token');
  const db = await openDb({ url, poolSize: 2 });
  try {
    const kept = readIfThere(file);
    if (kept && (await findToken(db, kept))) return kept;
    const owner = await ensureLocalOwner(db);
    const { secret } = await createToken(db, {
      ...owner,
      name: 'workers of smallbatch up',
      scopes: ['READ', 'WORK'],
    });
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    return secret;
  } finally {
    await db.close();
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
