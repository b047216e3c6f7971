import { type ChildProcess, fork } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type ApiOptions, startApi } from '@smallbatch/api';
import type { Db } from '@smallbatch/db';
import pg from 'pg';
import { generateCurves, generateTeam } from '../../../setup/bench/generated.ts';
import { copyTemplate, type TestDatabase } from '../../template.ts';

export interface Dashboard {
  /** API and dashboard on one origin, as people have it. */
  readonly url: string;
  readonly teamId: string;
  readonly memberId: string;
  readonly asOwner: TestDatabase['asOwner'];
  readonly db: Db;
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query, which only the test knows.
  ask(query: string, variables?: object): Promise<any>;
  stop(): Promise<void>;
}

const silent = (): void => {};
const quiet = { level: 'silent', info: silent, warn: silent, error: silent, debug: silent } as never;

/**
 * The built dashboard before the real API, on a database of the file's own; for `test.beforeAll`. The local owner's team has this many
 * generated runs (setup/bench/generated.ts: deterministic, 520 for each BN, batch sizes and base learning rates of a data set), with curves
 * where these are asked for. It trains nothing.
 */
export async function openDashboard({
  runs = 0,
  curves = false,
  api: options = {},
}: {
  readonly runs?: number;
  readonly curves?: boolean;
  readonly api?: Partial<ApiOptions>;
} = {}): Promise<Dashboard> {
  const database = await copyTemplate();
  const { db, teamId, memberId } = await database.openOwned();
  if (runs > 0) {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const owned = { pool } as never;
    await generateTeam(owned, { key: 'local', runs });
    if (curves) await generateCurves(owned, 'local');
    await pool.query('ANALYZE');
    await pool.end();
  }
  const inner = await freePort();
  const api = await startApi({
    db,
    port: 0,
    dashboardUrl: `http://127.0.0.1:${inner}`,
    logger: quiet,
    ...options,
  });
  const url = `http://localhost:${api.port}`;
  const server = fork(join(import.meta.dirname, '../../../apps/dashboard/server.mjs'), {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: String(inner),
      SMALLBATCH_URL: `http://127.0.0.1:${api.port}`,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await listening(server);
  return {
    url,
    teamId,
    memberId,
    asOwner: database.asOwner,
    db,
    async ask(query, variables = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
      if (errors) throw new Error(errors[0]!.message);
      return data;
    },
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
      await api.stop();
      await database.drop();
    },
  };
}

const listening = (server: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('message', () => resolve());
    server.once('exit', (code) =>
      reject(new Error(`the dashboard ended with ${code}; is it built (npm run build)?`)),
    );
  });

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
