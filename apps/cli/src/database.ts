import {
  DatabaseProblem,
  type Db,
  hasEmbedded,
  migrate,
  openDb,
  runningEmbedded,
  startEmbedded,
} from '@smallbatch/db';
import { homeOf, prepareHome } from './home.ts';
import { note } from './output/print.ts';
import { Problem } from './problem.ts';

export interface AdministeredOptions {
  /** As --home gave it. */
  readonly home?: string;
  /** Whether a home without a database gets an empty one. */
  readonly make: boolean;
}

/**
 * Does `work` on the database that DATABASE_URL names, else on the embedded one of the home: that which runs, or it is started and
 * stopped again. What a person has to put right comes as a Problem.
 */
export async function withDatabase<T>(
  { home: given, make }: AdministeredOptions,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const external = process.env.DATABASE_URL;
  if (external && given)
    throw new Problem(
      '--home and DATABASE_URL both name a database: leave --home out, or unset DATABASE_URL',
      2,
    );
  try {
    if (external) return await work(external);
    const { url, stop } = await openHome(homeOf(given), make);
    try {
      return await work(url);
    } finally {
      await stop();
    }
  } catch (error) {
    if (error instanceof DatabaseProblem) throw new Problem(error.message);
    throw error;
  }
}

/** The same with the database migrated and open: for what nobody can be asked for yet. */
export const inDatabase = <T>(home: string | undefined, work: (db: Db) => Promise<T>): Promise<T> =>
  withDatabase({ ...(home ? { home } : {}), make: true }, async (url) => {
    await migrate(url);
    const db = await openDb({ url, poolSize: 2 });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  });

async function openHome(home: string, make: boolean): Promise<{ url: string; stop(): Promise<void> }> {
  if (!make && !hasEmbedded(home))
    throw new Problem(
      `missing database in ${home}: name its home with --home or SMALLBATCH_HOME, or a PostgreSQL of your own with DATABASE_URL`,
    );
  prepareHome(home);
  const started = await startEmbedded({ home, onStep: (text) => note(`  ${text}`) }).catch((error) => {
    if (error instanceof DatabaseProblem && error.code === 'HOME_IN_USE') return error;
    throw error;
  });
  if (!(started instanceof DatabaseProblem)) return started;
  const url = await runningEmbedded(home);
  if (!url) throw started;
  note(`  using the PostgreSQL that runs in ${home}`);
  return { url, stop: async () => {} };
}
