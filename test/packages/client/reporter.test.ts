import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@smallbatch/client';
import { type Discarded, Reporter } from '@smallbatch/client/reporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testApi } from '../../apps/api/server.ts';
import { type Network, startNetwork } from '../../clients/network.ts';
import { addDataset } from '../db/new-run.ts';

const { api, db, ask, ...owner } = await testApi();
const home = mkdtempSync(join(tmpdir(), 'smallbatch-reporter-'));
let network: Network;
beforeAll(async () => {
  network = await startNetwork(api.port);
  await addDataset(db, owner.teamId);
});
afterAll(async () => {
  await network.stop();
  rmSync(home, { recursive: true, force: true });
});

let next = 0;
const newSpool = (): string => join(home, `spool ${next++}`);
const newRun = async (): Promise<{ id: string; key: string }> => {
  const axes = { model: 'resnet8', batchSize: 2, baseLearningRate: 0.01, epochs: 1 };
  const input = { name: 'own', dataset: 'shapes', axes, seed: next++ };
  const { data } = await ask(
    'mutation ($input: CreateRunInput!) { createRun(input: $input) { ... on CreateRunSuccess { claim { run { id key } } } } }',
    { input },
  );
  return data.createRun.claim.run;
};
const steps = async ({ key }: { key: string }): Promise<number[]> => {
  const { data } = await ask(
    'query ($where: RunFilter!) { curves(where: $where, metric: "test_accuracy") { curves { steps } } }',
    { where: { key: { eq: key } } },
  );
  return data.curves.curves[0]?.steps ?? [];
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const point = (step: number) => ({
  step,
  wallTime: step,
  values: { test_accuracy: step / 1e6, train_loss: 1 / step },
});
const client = () => createClient({ url: network.url, retries: 0 });
/** A reporter that flushes when it is told to. */
const reporterOf = (spool: string, discarded: Discarded[] = [], asked = client()): Reporter =>
  new Reporter({ client: asked, spool, flushMs: 1e6, onDiscard: (one) => discarded.push(one) });
const away = (): void => {
  network.seen.length = 0;
  network.fate = () => 'reset';
};
const back = (): void => {
  network.seen.length = 0;
  network.fate = () => 'forward';
};
const onlyFile = (spool: string): string => {
  const names = readdirSync(spool);
  expect(names).toHaveLength(1);
  return join(spool, names[0]!);
};

test('a script that never yields has what it logged in the spool, in few writes', async () => {
  back();
  const [spool, run] = [newSpool(), await newRun()];
  const reporter = new Reporter({ client: client(), spool, flushMs: 300 });
  for (let step = 1; step <= 10_000; step++) reporter.log(run.id, 1, point(step));
  const end = performance.now() + 400;
  while (performance.now() < end);
  reporter.log(run.id, 1, point(10_001));
  const lines = readFileSync(onlyFile(spool), 'utf8').trim().split('\n');
  const kept = lines.flatMap((line) => JSON.parse(line).report.series[0].steps);
  // The last of them is younger than the window only where the one before filled a batch.
  expect(kept.length).toBeGreaterThanOrEqual(10_000);
  expect(lines.length).toBeLessThanOrEqual(12);
  await reporter.close();
  expect(await steps(run)).toEqual(upTo(10_001));
  expect(existsSync(spool)).toBe(false);
});

test('what piles up while the API is away is sent in order, in messages below 900,000 bytes', async () => {
  const [spool, run] = [newSpool(), await newRun()];
  away();
  const reporter = reporterOf(spool);
  for (let step = 1; step <= 60_000; step++) reporter.log(run.id, 1, point(step));
  await reporter.flush();
  expect(reporter.empty).toBe(false);
  expect(reporter.problem?.message).toContain('cannot reach');
  back();
  await reporter.close(60);
  expect(reporter.empty).toBe(true);
  const bytes = network.seen.map((one) => one.bytes);
  expect(Math.max(...bytes)).toBeLessThanOrEqual(900_000);
  // Not a message for each batch either.
  const total = bytes.reduce((sum, one) => sum + one, 0);
  expect(bytes.length).toBeLessThanOrEqual(Math.ceil(total / 700_000));
  expect(await steps(run)).toEqual(upTo(60_000));
});

test('hundreds of small batches travel in one message', async () => {
  const [spool, run] = [newSpool(), await newRun()];
  away();
  const reporter = reporterOf(spool);
  for (let step = 1; step <= 500; step++) {
    reporter.log(run.id, 1, point(step));
    reporter.seal();
  }
  back();
  await reporter.close();
  expect(network.seen.map(({ operation }) => operation)).toEqual(['ReportMetrics']);
  expect(await steps(run)).toEqual(upTo(500));
});

test('an attempt that is refused takes no other with it, and its file is kept', async () => {
  back();
  const [spool, good, bad] = [newSpool(), await newRun(), await newRun()];
  const discarded: Discarded[] = [];
  const reporter = reporterOf(spool, discarded);
  // No id at all makes the whole message wrong, a metric's name only its batch.
  for (let step = 1; step <= 3; step++) {
    reporter.log(good.id, 1, point(step));
    reporter.log('nonsense', 1, point(step));
    reporter.log(bad.id, 1, { ...point(step), values: { 'a\nb': 1 } });
  }
  reporter.finish({ run: good.id, attempt: 1, outcome: 'DONE', step: 3, samplesSeen: 0, deviceSeconds: 1 });
  while (!reporter.empty) await reporter.flush();
  expect(await steps(good)).toEqual([1, 2, 3]);
  expect(discarded.map(({ run, code, batches }) => [run, code, batches])).toEqual(
    expect.arrayContaining([
      ['nonsense', 'BAD_INPUT', 1],
      [bad.id, 'InvalidInput', 1],
    ]),
  );
  expect(discarded).toHaveLength(2);
  for (const { kept } of discarded) expect(readFileSync(kept!, 'utf8')).toContain('"steps":[1,2,3]');
  // Said once: later points of it are not taken.
  reporter.log(bad.id, 1, point(4));
  expect(reporter.empty).toBe(true);
  await reporter.close();
});

test('a token that is refused costs nothing: the next process with a right one delivers', async () => {
  back();
  const [spool, run] = [newSpool(), await newRun()];
  const discarded: Discarded[] = [];
  const wrong = reporterOf(spool, discarded, createClient({ url: network.url, token: 'sb_wrong' }));
  wrong.log(run.id, 1, point(1));
  await wrong.flush();
  expect(wrong.problem).toMatchObject({ code: 'UNAUTHENTICATED' });
  await wrong.close(0);
  expect(discarded).toEqual([]);
  const right = reporterOf(spool);
  expect(right.empty).toBe(false);
  await right.close();
  expect(await steps(run)).toEqual([1]);
});

/** A line of the spool as any client writes it. */
const line = (run: string, sequence: number): string => {
  const series = [{ metric: 'test_accuracy', steps: [sequence], values: [0.5], nonFinite: [] }];
  return `${JSON.stringify({ report: { run, attempt: 1, sequence, series } })}\n`;
};
const nameOf = (run: string, pid: number): string => `${encodeURIComponent(`${run} 1`)}.${pid}.ndjson`;

test('files of the dead are taken over, also of a process that had the same number; half a line is none', async () => {
  back();
  const [spool, one, two] = [newSpool(), await newRun(), await newRun()];
  mkdirSync(spool);
  const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(
    join(spool, nameOf(one.id, dead)),
    line(one.id, 1) + line(one.id, 2) + line(one.id, 3).slice(0, 40),
  );
  writeFileSync(join(spool, nameOf(two.id, process.pid)), line(two.id, 1));
  const reporter = reporterOf(spool);
  // Nor does a second reporter of this process send them too.
  expect(reporterOf(spool).empty).toBe(true);
  // It goes on after what was whole.
  reporter.log(one.id, 1, point(3));
  await reporter.close();
  expect(await steps(one)).toEqual([1, 2, 3]);
  expect(await steps(two)).toEqual([1]);
});

test('a file of a living process is left to it, for as long as it gives a sign of life', async () => {
  back();
  const [spool, run] = [newSpool(), await newRun()];
  mkdirSync(spool);
  const path = join(spool, nameOf(run.id, process.ppid));
  writeFileSync(path, line(run.id, 1));
  const early = reporterOf(spool);
  expect(early.empty).toBe(true);
  await early.close();
  expect(existsSync(path)).toBe(true);
  const longAgo = Date.now() / 1000 - 100;
  utimesSync(path, longAgo, longAgo);
  const late = reporterOf(spool);
  expect(late.empty).toBe(false);
  await late.close();
  expect(await steps(run)).toEqual([1]);
});

test('a spool file that another process has removed is written anew with all that is not acknowledged', async () => {
  const [spool, run] = [newSpool(), await newRun()];
  away();
  const reporter = reporterOf(spool);
  reporter.log(run.id, 1, point(1));
  reporter.seal();
  const path = onlyFile(spool);
  rmSync(path);
  reporter.log(run.id, 1, point(2));
  reporter.seal();
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(2);
  back();
  await reporter.close();
  expect(await steps(run)).toEqual([1, 2]);
});

test('without a place for the spool it keeps points in memory, and says so', async () => {
  back();
  const [spool, run] = [newSpool(), await newRun()];
  const problems: string[] = [];
  const onProblem = ({ message }: Error): void => void problems.push(message);
  const reporter = new Reporter({ client: client(), spool, onProblem });
  rmSync(spool, { recursive: true });
  writeFileSync(spool, 'a file in its place');
  reporter.log(run.id, 1, point(1));
  expect(problems).toEqual([expect.stringContaining(`the spool ${spool} cannot be written`)]);
  await reporter.close();
  expect(await steps(run)).toEqual([1]);
});
