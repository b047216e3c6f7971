import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Db,
  type Embedded,
  migrate,
  openDb,
  restoreBackup,
  startEmbedded,
  writeBackup,
} from '@smallbatch/db';
import { generateCurves, generateTeam } from './generated.ts';
import type { BenchRow } from './query.ts';

const RUNS = 100_000;
const CURVES = 1_000;
const TIMES = 3;

/**
 * A backup of 100,000 runs, 1,000 of them with curves of 82 points and one with a million points, into a file, and its restoration into
 * an empty database of another embedded PostgreSQL, both with their usual settings (every commit is on disk before it is acknowledged).
 */
export async function benchBackup(print: (row: BenchRow) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'smallbatch-bench-'));
  const servers: Embedded[] = [];
  const start = async () => {
    const server = await startEmbedded({ home: join(folder, `home-${servers.length}`), temporary: true });
    servers.push(server);
    return server;
  };
  let db: Db | undefined;
  try {
    const { url } = await start();
    await migrate(url);
    db = await openDb({ url, applicationRole: false });
    console.error(`generating ${RUNS} runs …`);
    await generateTeam(db, { key: 'backup', runs: RUNS });
    await generateCurves(db, 'backup', CURVES);
    await db.pool.query('ANALYZE');
    const file = join(folder, 'backup');
    const times: { write: number[]; restore: number[] } = { write: [], restore: [] };
    const timed = async (of: number[], work: () => Promise<unknown>) => {
      const begun = performance.now();
      await work();
      of.push((performance.now() - begun) / 1000);
    };
    for (let i = 0; i < TIMES; i++) {
      await timed(times.write, () => writeBackup(url, createWriteStream(file)));
      const target = await start();
      await timed(times.restore, () => restoreBackup(target.url, file));
      await target.stop();
    }
    const row = (name: string, unit: string, values: number[]) => {
      values.sort((a, b) => a - b);
      const spread = {
        value: values[values.length >> 1]!,
        min: values[0]!,
        max: values.at(-1)!,
        n: values.length,
      };
      print({ bench: 'backup', case: name, params: { runs: RUNS, curves: CURVES }, unit, ...spread });
    };
    row(`backup of ${RUNS} runs`, 's', times.write);
    row('restore of the same', 's', times.restore);
    row('the file', 'MB', [(await stat(file)).size / 1e6]);
    const { rows } = await db.pool.query<{ bytes: number }>(
      'SELECT pg_database_size(current_database())::float8 AS bytes',
    );
    row('the database', 'MB', [rows[0]!.bytes / 1e6]);
  } finally {
    await db?.close();
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
