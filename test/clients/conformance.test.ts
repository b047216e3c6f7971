import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSweep } from '@smallbatch/db';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { record } from '../apps/api/results.ts';
import { testApi } from '../apps/api/server.ts';
import { addDataset, newRun, newSweep } from '../packages/db/new-run.ts';
import { type Driver, LANGUAGES, type Language, missing, startDriver } from './clients.ts';
import { type Fate, type Network, startNetwork } from './network.ts';

// The written protocol (docs/protocol.md), held by both clients against the real server.
const { api, db, asOwner, ask, ...owner } = await testApi();
const spools = mkdtempSync(join(tmpdir(), 'smallbatch-spools-'));
const sweeps: Record<'long' | 'small', string> = { long: '', small: '' };
let network: Network;
let next = 0;

beforeAll(async () => {
  network = await startNetwork(api.port);
  const dataset = await addDataset(db, owner.teamId);
  const long = Array.from({ length: 250 }, (_, seed) => newRun(dataset.id, { seed, bundleKey: 'long' }));
  sweeps.long = (await createSweep(db, newSweep(owner, long, { name: 'long' }))).key;
  const small = [true, false].flatMap((batchNorm) =>
    [2, 4, 8].flatMap((batchSize) =>
      [0.1, 0.2].flatMap((baseLearningRate) =>
        [0, 1].map((seed) =>
          newRun(dataset.id, { batchNorm, batchSize, baseLearningRate, seed, model: 'resnet20' }),
        ),
      ),
    ),
  );
  sweeps.small = (await createSweep(db, newSweep(owner, small, { name: 'small' }))).key;
  for (const [i, { batchNorm, batchSize, seed }] of small.entries())
    await record({ asOwner, teamId: owner.teamId }, `${sweeps.small}/${i + 1}`, {
      value: 0.9 - batchSize / 100 + (batchNorm ? 0.05 : 0) + seed / 1000 + (i % 3) / 500,
    });
});
afterAll(async () => {
  await network.stop();
  rmSync(spools, { recursive: true, force: true });
});

/** A run of one's own that no other test makes. */
const ownRun = () => ({
  name: 'own',
  dataset: 'shapes',
  axes: { model: 'resnet8', batchSize: 2, baseLearningRate: 0.01, epochs: 1 },
  hyper: { test: next },
  seed: next++,
});
const spool = (): string => join(spools, String(next++));
const points = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => ({
    step: from + i,
    values: { test_accuracy: String((from + i) / 1000), train_loss: String(1 / (from + i)) },
  }));
/** What the server has of a run. */
const written = async (key: string) => {
  const { data } = await ask(
    `query ($key: String!, $where: RunFilter!) {
      run(key: $key) { status reason attempt }
      curves(where: $where, metric: "test_accuracy") { curves { steps } } }`,
    { key, where: { key: { eq: key } } },
  );
  return { ...data.run, steps: data.curves.curves[0]?.steps ?? [] };
};
/** Waits for something that comes by itself. */
const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  const end = Date.now() + 60_000;
  while (!(await what())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
/** What goes through the network from now on. */
const through = (fate: (operation: string, nth: number) => Fate = () => 'forward') => {
  network.seen.length = 0;
  network.fate = fate;
  return network.seen;
};

describe.each(LANGUAGES)('the %s client', (language) => {
  const available = (skip: (condition: boolean, note?: string) => void): void => {
    if (missing[language]) console.log(missing[language]);
    skip(missing[language] !== undefined, missing[language]);
  };
  let driver: Driver;
  beforeAll(() => {
    if (!missing[language]) driver = startDriver(language, network.url);
  });
  afterAll(() => driver?.end());
  const does = (task: object) => {
    driver.send(task);
    return driver.result();
  };

  test('reads 250 runs complete and in order, in three pages', async ({ skip }) => {
    available(skip);
    const seen = through();
    const orderBy = [{ field: 'SEED', direction: 'DESC' }];
    const { result } = await does({ op: 'runs', where: { sweep: { eq: sweeps.long } }, orderBy });
    expect(result.map(({ seed }: { seed: number }) => seed)).toEqual(upTo(250).map((i) => 250 - i));
    expect(new Set(result.map(({ key }: { key: string }) => key)).size).toBe(250);
    expect(seen.map(({ operation }) => operation)).toEqual(['Runs', 'Runs', 'Runs']);
  });

  test('reads the summaries that are asked for, and no others', async ({ skip }) => {
    available(skip);
    through();
    const where = { key: { eq: `${sweeps.small}/1` } };
    const metrics = ['test_accuracy'];
    const { result } = await does({ op: 'runs', where, metrics });
    expect(result[0].metrics).toEqual([{ name: 'test_accuracy', last: expect.closeTo(0.93, 10) }]);
    expect((await does({ op: 'runs', where })).result[0].metrics).toEqual([]);
  });

  test('brings NaN, infinities, and absent epochs there and back', async ({ skip }) => {
    available(skip);
    through();
    const values = ['0.1', 'NaN', 'Infinity', '-Infinity', '1e-300', '-0.30000000000000004', '7'];
    const given = values.map((value, i) => ({
      step: i * 2 ** 44,
      values: { test_loss: value },
      // Epochs and samples cease in the middle: nothing of them is dropped or made up.
      ...(i < 4 ? { epoch: i / 4, samplesSeen: i * 2 ** 40 } : {}),
    }));
    const made = await does({ op: 'report', run: ownRun(), points: given, spool: spool() });
    expect(made.error).toBeUndefined();
    const where = { params: [{ name: 'test', eq: next - 2 }] };
    const { result } = await does({ op: 'curves', where, metric: 'test_loss' });
    expect(result).toEqual({
      of: 7,
      sampled: false,
      curves: [
        {
          run: expect.stringMatching(/^own-/),
          steps: given.map(({ step }) => step),
          values: expect.anything(),
          epochs: ['0', '0.25', '0.5', '0.75', 'NaN', 'NaN', 'NaN'],
          samplesSeen: [...upTo(4).map((i) => String((i - 1) * 2 ** 40)), 'NaN', 'NaN', 'NaN'],
          count: 7,
        },
      ],
    });
    expect(result.curves[0].values.map(Number)).toEqual(values.map(Number));
  });

  test('says when points were left out', async ({ skip }) => {
    available(skip);
    through();
    await does({ op: 'report', run: ownRun(), points: points(100), spool: spool() });
    const where = { params: [{ name: 'test', eq: next - 2 }] };
    const { result } = await does({ op: 'curves', where, metric: 'test_accuracy', maxPoints: 10 });
    expect(result).toMatchObject({ of: 100, sampled: true, curves: [{ count: 100 }] });
    expect(result.curves[0].steps.length).toBeLessThanOrEqual(10);
    expect(result.curves[0].steps.at(-1)).toBe(100);
  });

  test('gets the same groups as a plain request', async ({ skip }) => {
    available(skip);
    through();
    const where = { sweep: { eq: sweeps.small } };
    const { data } = await ask(
      `query ($where: RunFilter) { aggregate(where: $where, by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
        groups { batchNorm batchSize n mean sd ci95 { low high } best { baseLearningRate candidates } } } }`,
      { where },
    );
    expect(data.aggregate.groups).toHaveLength(6);
    expect((await does({ op: 'aggregate', where })).result).toEqual(data.aggregate.groups);
  });

  test('gets the same comparison as a plain request', async ({ skip }) => {
    available(skip);
    through();
    const side = (batchNorm: boolean) => ({ sweep: { eq: sweeps.small }, batchNorm: { eq: batchNorm } });
    const sides = { a: side(true), b: { and: [side(false), { batchSize: { in: [2, 4] } }] } };
    const { data } = await ask(
      `query ($a: RunFilter!, $b: RunFilter!) {
        compare(a: $a, b: $b) { n mean verdict ci95 { low high } pairs { difference } unmatchedA { keptBy } } }`,
      sides,
    );
    expect(data.compare.n).toBe(4);
    expect(data.compare.unmatchedA).toHaveLength(2);
    expect((await does({ op: 'compare', ...sides })).result).toEqual(data.compare);
  });

  test('gives faults their code, and asks once', async ({ skip }) => {
    available(skip);
    const seen = through();
    const where = { key: { eq: 'none' } };
    const wrong = await does({ op: 'runs', where, token: 'sb_wrong' });
    expect(wrong.error).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('Authorization'),
    });
    expect(seen).toHaveLength(1);
    const { data } = await ask(
      'mutation { createToken(name: "reader", scopes: [READ]) { ... on CreateTokenSuccess { secret } } }',
    );
    const forbidden = await does({
      op: 'create',
      run: ownRun(),
      spool: spool(),
      token: data.createToken.secret,
    });
    expect(forbidden.error).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('WRITE') });
    expect(seen).toHaveLength(2);
    const orderBy = Array.from({ length: 6 }, () => ({ field: 'SEED' }));
    const bad = await does({ op: 'runs', where, orderBy });
    expect(bad.error).toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('at most 5') });
    expect(seen).toHaveLength(3);
  });

  test('names what is wrong with a run, and the run that is there already', async ({ skip }) => {
    available(skip);
    through();
    const run = ownRun();
    const made = await does({ op: 'report', run, points: points(1), spool: spool() });
    expect(made.result).toEqual({ lost: null });
    const again = await does({ op: 'create', run, spool: spool() });
    expect(again.error).toMatchObject({ code: 'RUN_EXISTS', message: expect.stringMatching(/\(own-\d+\)/) });
    const bad = await does({ op: 'create', run: { ...run, dataset: 'nowhere' }, spool: spool() });
    expect(bad.error).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('unknown dataset'),
    });
    const step = await does({
      op: 'report',
      run: ownRun(),
      points: [{ step: 1.5, values: {} }],
      spool: spool(),
    });
    expect(step.error).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('1.5') });
  });

  test('tries again after a dropped connection, a 503 and a 429, and waits as long as it is told', async ({
    skip,
  }) => {
    available(skip);
    const fates: Fate[] = ['reset', { status: 503, retryAfter: 1 }, { status: 429 }, 'lose'];
    const seen = through((_operation, nth) => fates[nth - 1] ?? 'forward');
    const { result } = await does({ op: 'runs', where: { key: { eq: `${sweeps.small}/1` } } });
    expect(result).toHaveLength(1);
    expect(seen).toHaveLength(5);
    expect(seen[2]!.at - seen[1]!.at).toBeGreaterThan(990);
  });

  test('gives up on a server that stays away, and says where it asked', async ({ skip }) => {
    available(skip);
    const seen = through(() => 'reset');
    const { error } = await does({ op: 'runs', where: {} });
    expect(error).toMatchObject({ code: 'UNREACHABLE', message: expect.stringContaining(network.url) });
    expect(seen).toHaveLength(5);
  });

  test('reports each point once though acknowledgements are lost', async ({ skip }) => {
    available(skip);
    // The first of each kind arrives and is not acknowledged, nor is every third batch after it.
    const seen = through((operation, nth) =>
      operation === 'Runs' || (nth !== 1 && nth % 3 !== 0) ? 'forward' : 'lose',
    );
    const given = { run: ownRun(), points: points(400), more: points(400, 401), pause: true, spool: spool() };
    driver.send({ op: 'report', ...given });
    const { key } = await driver.next();
    await driver.next();
    // The first batch is sent a second time before more is logged.
    await until(() => seen.filter(({ operation }) => operation === 'ReportMetrics').length > 1);
    driver.send('go on');
    expect((await driver.result()).result).toEqual({ lost: null });
    expect(seen.filter(({ operation }) => operation === 'ReportMetrics').length).toBeGreaterThan(2);
    expect(await written(key)).toEqual({ status: 'DONE', reason: null, attempt: 1, steps: upTo(800) });
    const made = await asOwner('SELECT count(*)::int AS n FROM run WHERE seed = $1 AND sweep_id IS NULL', [
      given.run.seed,
    ]);
    expect(made[0]!.n).toBe(1);
    expect(existsSync(given.spool)).toBe(false);
  });

  test('ends a run as failed, with the reason', async ({ skip }) => {
    available(skip);
    through();
    const given = { run: ownRun(), points: points(3), failed: 'out of memory', spool: spool() };
    driver.send({ op: 'report', ...given });
    const { key } = await driver.next();
    await driver.result();
    expect(await written(key)).toMatchObject({ status: 'FAILED', reason: 'out of memory', steps: upTo(3) });
  });

  test('says aloud that its lease is lost, and writes nothing more', async ({ skip }) => {
    available(skip);
    through();
    const run = ownRun();
    const given = { run, points: points(5), more: points(5, 6), pause: true, spool: spool() };
    driver.send({ op: 'report', ...given });
    const { key } = await driver.next();
    await driver.next();
    await until(async () => (await written(key)).steps.length === 5);
    // Its lease expires, and somebody else begins the same training.
    await asOwner("UPDATE run SET lease_expires_at = now() - interval '1 second' WHERE key = $1", [key]);
    const { data } = await ask(
      'mutation ($input: CreateRunInput!) { createRun(input: $input) { __typename } }',
      { input: run },
    );
    expect(data.createRun.__typename).toBe('CreateRunSuccess');
    driver.send('go on');
    const { error } = await driver.result();
    expect(error).toMatchObject({ code: 'LEASE_LOST', message: expect.stringContaining(key) });
    expect(driver.stderr()).toContain(`${key}: attempt 1 has ended; what was not delivered is discarded`);
    expect(await written(key)).toMatchObject({
      status: 'FAILED',
      reason: 'its script was lost',
      steps: upTo(5),
    });
    expect(existsSync(given.spool)).toBe(false);
  });
});

const pairs = LANGUAGES.flatMap((writer) => LANGUAGES.map((heir): [Language, Language] => [writer, heir]));
test.concurrent.each(pairs)(
  'what a killed %s process had logged is delivered by a second process, in %s',
  async (writer, heir) => {
    const why = missing[writer] ?? missing[heir];
    if (why) return void console.log(why);
    const broken = await startNetwork(api.port);
    broken.fate = (operation) => (operation === 'ReportMetrics' ? 'reset' : 'forward');
    const folder = spool();
    const first = startDriver(writer, broken.url);
    first.send({ op: 'report', run: ownRun(), points: points(5000), pause: true, spool: folder });
    const { key } = await first.next();
    await first.next();
    // Half a second later it is all in the spool, as many batches as it may be.
    const kept = (): number[] =>
      readdirSync(folder)
        .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
        .flatMap((line) => (line.endsWith('}') ? JSON.parse(line).report.series[0].steps : []));
    await until(() => kept().length === 5000);
    first.child.kill('SIGKILL');
    await once(first.child, 'close');
    expect((await written(key)).steps).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(1);
    broken.fate = () => 'forward';
    const second = startDriver(heir, broken.url);
    second.send({ op: 'deliver', spool: folder });
    expect((await second.result()).result).toBe(true);
    await second.end();
    await broken.stop();
    expect((await written(key)).steps).toEqual(upTo(5000));
    expect(existsSync(folder)).toBe(false);
  },
);
