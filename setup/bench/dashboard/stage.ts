import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, ensureLocalOwner, migrate, openDb, startEmbedded } from '@smallbatch/db';
import { generateCurves, generateTeam } from '../generated.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TEAM = 'local';
export const TEAM_RUNS = 100_000;
const ALL_RUNS = 1_000_000;
/** So many runs of the team have curves, its first ones. */
export const CURVES = 1000;

/** API and dashboard as processes, on one origin, before the filled database. */
export interface Stage {
  readonly url: string;
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query, which only the case knows.
  ask(query: string, variables?: object): Promise<any>;
  /** How long the question takes by itself, over HTTP: the median of five. */
  own(query: string, variables?: object): Promise<number>;
  stop(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const home = await mkdtemp(join(tmpdir(), 'smallbatch-bench-'));
  const kept = process.env.SMALLBATCH_BENCH_DATABASE_URL;
  const embedded = kept ? undefined : await startEmbedded({ home, temporary: true });
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    await embedded?.stop();
    await rm(home, { recursive: true, force: true });
  };
  try {
    const databaseUrl = kept ?? embedded!.url;
    await migrate(databaseUrl);
    const db = await openDb({ url: databaseUrl, applicationRole: false });
    await fill(db).finally(() => db.close());

    const inner = await freePort();
    const api = serve('apps/api/dist/main.js', {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      SMALLBATCH_DASHBOARD_URL: `http://127.0.0.1:${inner}`,
    });
    children.push(api);
    const url = (await listening(api)).replace('127.0.0.1', 'localhost');
    const dashboard = serve('apps/dashboard/server.mjs', { PORT: String(inner), SMALLBATCH_URL: url });
    children.push(dashboard);
    await listening(dashboard);
    const ask = async (query: string, variables: object = {}) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        // Minutes may lie between two questions: a connection that was kept is closed by then.
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
      if (errors) throw new Error(errors[0]!.message);
      return data;
    };
    const own = async (query: string, variables: object = {}): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 6; i++) {
        const start = performance.now();
        await ask(query, variables);
        if (i > 0) times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[2]!;
    };
    return { url, ask, own, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The local owner's team, which the browser acts for, and as many runs of others as make a million. */
async function fill(db: Db): Promise<void> {
  const { teamId } = await ensureLocalOwner(db);
  const runsWhere = async (condition: string): Promise<number> =>
    Number(
      (await db.pool.query(`/* bench */ SELECT count(*) FROM run WHERE ${condition}`, [teamId])).rows[0]
        .count,
    );
  const others = ALL_RUNS - TEAM_RUNS;
  const wanted = {
    team: (await runsWhere("team_id = $1 AND key LIKE 'run-%'")) === 0,
    others: (await runsWhere('team_id <> $1')) < others,
  };
  if (wanted.team) {
    console.error(`generating ${TEAM_RUNS} runs of team ${TEAM} …`);
    await generateTeam(db, { key: TEAM, runs: TEAM_RUNS });
    await generateCurves(db, TEAM, CURVES);
  }
  if (wanted.others) {
    console.error(`generating ${others} runs of another team …`);
    await generateTeam(db, { key: 'others', runs: others });
  }
  if (!wanted.team && !wanted.others) return;
  const client = await db.pool.connect();
  await client.query('SET statement_timeout = 0');
  await client.query('VACUUM (ANALYZE)');
  client.release(true);
}

const serve = (script: string, env: Record<string, string>): ChildProcess =>
  fork(join(ROOT, script), {
    env: { ...process.env, NODE_ENV: 'production', LOG_LEVEL: 'error', NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

const listening = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once('message', (message: { listening: string }) => resolve(message.listening));
    child.once('exit', (code) => reject(new Error(`a server of the bench ended with ${code}`)));
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
