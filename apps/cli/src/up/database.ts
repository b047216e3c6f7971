import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  anyoneCanSignIn,
  createToken,
  DatabaseProblem,
  type Db,
  ensureLocalOwner,
  findToken,
  migrate,
  openDb,
  ownerMayCome,
  revokeToken,
  startEmbedded,
} from '@smallbatch/db';
import { note } from '../output/print.ts';
import { Problem } from '../problem.ts';
import { step } from './step.ts';

export interface Database {
  url: string;
  /** Of the workers that `up` starts. */
  token: string;
  /** For setting up what everybody finds here, where the API takes nobody for the local owner; it is to be ended then. */
  setUp: { readonly token: string; end(): Promise<void> } | undefined;
  stop(): Promise<void>;
}

/** A set-up that takes longer has failed. */
const SET_UP_MS = 600_000;

/**
 * The database that DATABASE_URL names, else the embedded one of the home: migrated, with the first owner and a token for
 * the workers. `wide`: other machines come to it, which needs an owner who can sign in. `onEnd` hears when the embedded one ends by itself.
 */
export async function openDatabase(
  home: string,
  wide: boolean,
  onEnd: (why: string) => void,
): Promise<Database> {
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
    return { url, stop, ...(await tokens(home, url, wide)) };
  } catch (error) {
    await stop();
    if (error instanceof DatabaseProblem) throw new Problem(error.message);
    throw error;
  }
}

async function tokens(home: string, url: string, wide: boolean): Promise<Pick<Database, 'token' | 'setUp'>> {
  const db = await openDb({ url, poolSize: 2 });
  try {
    if (wide && !(await ownerMayCome(db)))
      throw new Problem(
        'missing owner: other machines would come to a server that nobody can sign in to. Run "npx smallbatch member add NAME --role owner", start again, and open the link that it printed',
        2,
      );
    const token = await workerToken(db, home);
    const known = wide || (await anyoneCanSignIn(db));
    return { token, setUp: known ? await setUpToken(db, url) : undefined };
  } finally {
    await db.close();
  }
}

async function setUpToken(db: Db, url: string): Promise<Database['setUp']> {
  const owner = await ensureLocalOwner(db);
  const { id, secret } = await createToken(db, {
    ...owner,
    name: 'set-up of smallbatch up',
    scopes: ['READ', 'WRITE'],
    expiresAt: new Date(Date.now() + SET_UP_MS),
  });
  return {
    token: secret,
    async end() {
      const own = await openDb({ url, poolSize: 1 });
      await revokeToken(own, { teamId: owner.teamId, id }).finally(() => own.close());
    },
  };
}

/** Kept in the home, readable by its owner alone; made anew for a database that does not know it. */
async function workerToken(db: Db, home: string): Promise<string> {
  const file = join(home, 'worker.token');
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
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
