import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, migrate, openDb, startEmbedded } from '@smallbatch/db';
import { generateTeam } from './generated.ts';
import { type BenchRow, quantile, Server, tokenOf } from './query.ts';

const ATTEMPTS = 10_000;
const CONNECTIONS = 200;
const USERS = 4;
/** Between the answer to a user and what they ask next. */
const THINK_MS = 60;
const SLICE_MS = 4_000;
/** Slices of both kinds, at least: an attack that is over sooner would leave few of its own. */
const LEAST_SLICES = 4;

const TEAM = { key: 'ten-thousand', runs: 10_000 };
/** What users of the dashboard ask in turn. */
const QUESTIONS = [
  '{ runs(first: 20) { totalCount nodes { key status batchSize metrics(names: ["test_accuracy"]) { last } } } }',
  '{ viewer { scopes member { name } } }',
  '{ aggregate(by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { batchNorm batchSize n mean } } }',
];

/**
 * Wrong sign-ins from one address, as fast as 200 connections get answers, while four users ask: their times in slices with and
 * without the attack, which take turns. The limit of a row with is the same quantile without.
 */
export async function benchSignIn(print: (row: BenchRow) => void): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'smallbatch-bench-'));
  const embedded = await startEmbedded({ home, temporary: true });
  let db: Db | undefined;
  let server: Server | undefined;
  let attacker: ChildProcess | undefined;
  try {
    await migrate(embedded.url);
    db = await openDb({ url: embedded.url, applicationRole: false });
    await generateTeam(db, TEAM);
    await db.pool.query('ANALYZE');
    server = await Server.start(embedded.url);
    const token = await tokenOf(db, TEAM.key);
    const asking = { server, token };
    await slice(asking, SLICE_MS);
    attacker = fork(join(import.meta.dirname, 'sign-in-attack.mjs'), [
      server.url,
      String(ATTEMPTS),
      String(CONNECTIONS),
    ]);
    const times: { without: number[]; with: number[] } = { without: [], with: [] };
    let told = { ended: 0, statuses: {} as Record<string, number> };
    let attacked = 0;
    for (let slices = 0; told.ended < ATTEMPTS || slices < LEAST_SLICES; slices++) {
      const quiet = await slice(asking, SLICE_MS);
      const since = performance.now();
      attacker.send('go');
      const loud = await slice(asking, SLICE_MS);
      times.without.push(...quiet);
      times.with.push(...loud);
      const paused = once(attacker, 'message');
      attacker.send('pause');
      [told] = await paused;
      attacked += performance.now() - since;
      const p95 = (of: number[]) => quantile(of.sort(rising), 0.95).toFixed(0);
      console.error(`  p95 of 4 s without ${p95(quiet)} ms, with ${p95(loud)} ms; ${told.ended} attempts`);
      // What the attack has left to be done is not the users' quiet time.
      await sleep(200);
    }
    console.error(
      `${told.ended} attempts in ${(attacked / 1000).toFixed(0)} s, answered ${JSON.stringify(told.statuses)}; load ${loadavg()[0]!.toFixed(1)}`,
    );
    const sorted = { without: times.without.sort(rising), with: times.with.sort(rising) };
    for (const q of [0.5, 0.95])
      for (const [kind, all] of Object.entries(sorted))
        print({
          bench: 'sign-in',
          case: `a question ${kind} ${ATTEMPTS.toLocaleString('en')} wrong sign-ins, p${q * 100}`,
          params: { attempts: ATTEMPTS, connections: CONNECTIONS, users: USERS },
          unit: 'ms',
          value: quantile(all, q),
          min: all[0]!,
          max: all.at(-1)!,
          n: all.length,
          ...(kind === 'with' ? { limit: quantile(sorted.without, q) } : {}),
        });
  } finally {
    attacker?.kill();
    await server?.stop();
    await db?.close();
    await embedded.stop();
    await rm(home, { recursive: true, force: true });
  }
}

const rising = (a: number, b: number): number => a - b;

/** Times of what the users ask for so long. */
async function slice({ server, token }: { server: Server; token: string }, ms: number): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + ms;
  await Promise.all(
    Array.from({ length: USERS }, async (_, user) => {
      await sleep((THINK_MS / USERS) * user);
      for (let i = user; performance.now() < until; i++) {
        times.push((await server.ask(token, QUESTIONS[i % QUESTIONS.length]!)).ms);
        await sleep(THINK_MS);
      }
    }),
  );
  return times;
}
