import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, startApi } from '@smallbatch/api';
import { createToken, type Db, migrate, openDb, startEmbedded } from '@smallbatch/db';
import pino from 'pino';
import { benchExport } from './export.ts';
import { type GeneratedTeam, generateCurves, generateTeam } from './generated.ts';

/** One measured row, as `npm run bench` prints it. */
export interface BenchRow {
  readonly bench: string;
  readonly case: string;
  readonly params: object;
  readonly value: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly n: number;
  readonly limit?: number;
}

const TEAMS: readonly GeneratedTeam[] = [
  { key: 'ten-thousand', runs: 10_000 },
  { key: 'fifty-thousand', runs: 50_000 },
  { key: 'hundred-thousand', runs: 100_000 },
  { key: 'wide', runs: 1000, moreMetrics: 498 },
  { key: 'curves', runs: 1000 },
  { key: 'million', runs: 1_000_000 },
];

const LEAN = 'n mean sd ci95 { low high } best { baseLearningRate candidates }';
const aggregateOf = (fields: string): string =>
  `{ aggregate(by: [DATASET, BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { dataset batchNorm batchSize ${fields} } } }`;
const PIVOT = `{ pivot(rows: [DATASET, BATCH_NORM], columns: [BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
  columns { batchSize } rows { dataset batchNorm cells { bestInRow bestInColumn group { n mean sd } } } } }`;
const COMPARE = `{ compare(a: { member: { eq: "fifty-thousand-2" } }, b: { member: { eq: "fifty-thousand-3" } }) {
  n mean sd ci95 { low high } wins ties losses verdict by(axes: [BATCH_NORM]) { batchNorm n mean } unmatchedCountA unmatchedCountB } }`;
const WIDE = `{ runs(first: 100) { nodes { key batchSize baseLearningRate batchNorm
  metrics(names: ["test_accuracy", "train_loss", "gradient_norm_7"]) { name last medianLast5 } } } }`;

const CURVES = '{ curves(where: {}, metric: "test_accuracy") { sampled of curves { steps values } } }';
const LONG = '{ curves(where: {}, metric: "long", maxPoints: 2000) { sampled of curves { steps values } } }';
const BANDS = `{ curveBands(where: {}, metric: "test_accuracy", by: [BATCH_NORM, BATCH_SIZE]) {
  of bands { batchNorm batchSize steps n mean sd quantiles { q values } } } }`;
const PARETO =
  '{ pareto { settings frontCount front { batchSize baseLearningRate mean cost } bestPerGpuMinute { mean cost } } }';
const IMPORTANCE = '{ importance { n of r2 axes { axis share sd } } }';

/** What is asked, of which team, and how often. */
const CASES: readonly { name: string; team: string; query: string; times: number }[] = [
  { name: 'aggregate of 10,000 runs', team: 'ten-thousand', query: aggregateOf(LEAN), times: 100 },
  { name: 'aggregate of 100,000 runs', team: 'hundred-thousand', query: aggregateOf(LEAN), times: 50 },
  { name: 'aggregate of 1,000,000 runs', team: 'million', query: aggregateOf(LEAN), times: 15 },
  {
    name: 'aggregate of 1,000,000 runs, with median',
    team: 'million',
    query: aggregateOf(`${LEAN} median`),
    times: 15,
  },
  {
    name: 'aggregate of 1,000,000 runs, with all counts',
    team: 'million',
    query: aggregateOf(`${LEAN} diverged failed unfinished duplicates`),
    times: 5,
  },
  { name: 'pivot of 10,000 runs', team: 'ten-thousand', query: PIVOT, times: 100 },
  { name: 'pivot of 100,000 runs', team: 'hundred-thousand', query: PIVOT, times: 50 },
  { name: 'pivot of 1,000,000 runs', team: 'million', query: PIVOT, times: 15 },
  { name: 'compare two members of 10,000 runs each', team: 'fifty-thousand', query: COMPARE, times: 30 },
  { name: '100 runs, 3 of their 500 metrics', team: 'wide', query: WIDE, times: 100 },
  { name: '1,000 curves of 82 points', team: 'curves', query: CURVES, times: 30 },
  { name: 'a curve of 1,000,000 points as 2,000', team: 'curves', query: LONG, times: 30 },
  { name: 'bands over 1,000 curves of 82 points', team: 'curves', query: BANDS, times: 30 },
  { name: 'Pareto front of 10,000 runs', team: 'ten-thousand', query: PARETO, times: 30 },
  { name: 'importance over 10,000 runs', team: 'ten-thousand', query: IMPORTANCE, times: 10 },
];

interface Asked {
  readonly ms: number;
  readonly bytes: number;
}

/** The API in a process of its own, on a database of its own. */
export class Server {
  readonly url: string;
  readonly #child: ChildProcess;
  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }
  static async start(databaseUrl: string, script = '../../apps/api/dist/main.js'): Promise<Server> {
    const child = fork(join(import.meta.dirname, script), {
      env: { ...process.env, DATABASE_URL: databaseUrl, PORT: '0', LOG_LEVEL: 'error' },
    });
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message: { listening: string }) => resolve(message.listening));
      child.once('exit', (code) => reject(new Error(`the API ended with ${code}`)));
    });
    return new Server(child, url);
  }
  async ask(token: string, query: string): Promise<Asked> {
    const start = performance.now();
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    const ms = performance.now() - start;
    const { errors } = JSON.parse(text);
    if (errors) throw new Error(errors[0].message);
    return { ms, bytes: text.length };
  }
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await ended;
  }
}

/**
 * The time that a request's statements take in the database, one after another, each the median of five: what the request could
 * not go below if they were not sent at once. An API in this process tells the statements, which are then sent again without it.
 */
class Statements {
  readonly #db: Db;
  readonly #api: Api;
  private constructor(db: Db, api: Api) {
    this.#db = db;
    this.#api = api;
  }
  static async start(url: string): Promise<Statements> {
    const db = await openDb({ url });
    return new Statements(db, await startApi({ db, port: 0, logger: pino({ level: 'silent' }) }));
  }
  async own(token: string, query: string): Promise<number> {
    const ask = () =>
      fetch(`${this.#api.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query }),
      });
    await (await ask()).text();
    const heard: { sql: string; values: readonly unknown[] }[] = [];
    const stop = this.#db.onQuery((_name, sql, values) => heard.push({ sql, values }));
    await (await ask()).text();
    stop();
    let total = 0;
    for (const { sql, values } of heard) {
      if (!/^\s*(\/\*|SELECT)/.test(sql)) continue;
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        await this.#db.pool.query({ text: sql, values: [...values], types: AS_IT_IS as never });
        times.push(performance.now() - start);
      }
      total += times.sort((a, b) => a - b)[2]!;
    }
    return total;
  }
  async stop(): Promise<void> {
    await this.#api.stop();
    await this.#db.close();
  }
}
const AS_IT_IS = { getTypeParser: () => (value: unknown) => value };

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]!;

/** The token of a team's first member. */
export async function tokenOf(db: Db, team: string): Promise<string> {
  const member = await db.prisma.member.findFirstOrThrow({ where: { team: { key: team } } });
  const { teamId, id: memberId } = member;
  return (await createToken(db, { teamId, memberId, name: 'bench', scopes: ['READ'] })).secret;
}

/**
 * Questions to a team of 10,000 to 1,000,000 runs, in one database, over HTTP. For each: the median and the 95th percentile of
 * the request, and the time that its statements take in the database alone, one after another, as `limit`; and the median of a server
 * without row-level security, asked by turns.
 * SMALLBATCH_BENCH_DATABASE_URL names a database (its superuser) to fill once and keep.
 */
export async function benchQuery(print: (row: BenchRow) => void): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'smallbatch-bench-'));
  const kept = process.env.SMALLBATCH_BENCH_DATABASE_URL;
  const embedded = kept ? undefined : await startEmbedded({ home, temporary: true });
  const url = kept ?? embedded!.url;
  let db: Db | undefined;
  let server: Server | undefined;
  let unwalled: Server | undefined;
  let statements: Statements | undefined;
  try {
    await migrate(url);
    db = await openDb({ url, applicationRole: false });
    await fill(db);
    server = await Server.start(url);
    unwalled = await Server.start(url, 'unwalled.mjs');
    const shares: number[] = [];
    statements = await Statements.start(url);
    for (const { name, team, query, times } of CASES) {
      const token = await tokenOf(db, team);
      // Until the process has compiled what it runs: a server that answers every day has.
      for (let i = 0; i < Math.max(5, times); i++) {
        await server.ask(token, query);
        await unwalled.ask(token, query);
      }
      const all: number[] = [];
      const without: number[] = [];
      let bytes = 0;
      // By turns, each first as often as the other.
      for (let i = 0; i < times; i++) {
        for (const one of i % 2 === 0 ? [server, unwalled] : [unwalled, server]) {
          const { ms, bytes: size } = await one.ask(token, query);
          (one === server ? all : without).push(ms);
          bytes = size;
        }
      }
      all.sort((a, b) => a - b);
      without.sort((a, b) => a - b);
      shares.push(100 * (quantile(all, 0.5) / quantile(without, 0.5) - 1));
      const limit = await statements.own(token, query);
      const row = {
        bench: 'query',
        params: { team, query, bytes },
        unit: 'ms',
        min: all[0]!,
        max: all.at(-1)!,
        n: times,
      };
      print({ ...row, limit, case: `${name}, p50`, value: quantile(all, 0.5) });
      print({ ...row, case: `${name}, p95 (${(bytes / 1000).toFixed(1)} kB)`, value: quantile(all, 0.95) });
      const [min, max] = [without[0]!, without.at(-1)!];
      print({ ...row, min, max, case: '  without row-level security, p50', value: quantile(without, 0.5) });
    }
    shares.sort((a, b) => a - b);
    print({
      bench: 'query',
      case: 'row-level security adds, of the medians above',
      params: {},
      value: quantile(shares, 0.5),
      unit: '%',
      min: shares[0]!,
      max: shares.at(-1)!,
      n: shares.length,
      limit: 5,
    });
    const exported = await tokenOf(db, 'hundred-thousand');
    await benchExport(print, { url: server.url, token: exported });
  } finally {
    await server?.stop();
    await unwalled?.stop();
    await statements?.stop();
    await db?.close();
    await embedded?.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function fill(db: Db): Promise<void> {
  for (const team of TEAMS) {
    if (await db.prisma.team.findUnique({ where: { key: team.key } })) continue;
    console.error(`generating ${team.runs} runs of team ${team.key} …`);
    await generateTeam(db, team);
    if (team.key === 'curves') await generateCurves(db, team.key);
  }
  const client = await db.pool.connect();
  await client.query('SET statement_timeout = 0');
  await client.query('VACUUM (ANALYZE)');
  client.release(true);
}
