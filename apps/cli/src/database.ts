import { DatabaseProblem, type Db, migrate, openDb, runningEmbedded, startEmbedded } from '@smallbatch/db';
import { prepareHome } from './home.ts';
import { note } from './output/print.ts';
import { Problem } from './problem.ts';

/**
 * Works in the database itself: that of DATABASE_URL, else the embedded one of the home, which is started for it unless it runs.
 * For what nobody can be asked for yet.
 */
export async function inDatabase<T>(home: string, work: (db: Db) => Promise<T>): Promise<T> {
  const running = process.env.DATABASE_URL ?? runningEmbedded(home);
  let stop = async () => {};
  try {
    let url = running ?? '';
    if (running === undefined) {
      prepareHome(home);
      const embedded = await startEmbedded({ home, onStep: (text) => note(`  ${text}`) });
      stop = () => embedded.stop();
      url = embedded.url;
    }
    await migrate(url);
    const db = await openDb({ url, poolSize: 2 });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  } catch (error) {
    if (error instanceof DatabaseProblem) throw new Problem(error.message);
    throw error;
  } finally {
    await stop();
  }
}
