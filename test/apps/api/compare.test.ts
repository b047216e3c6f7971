import { createSweep, type NewRun } from '@smallbatch/db';
import { fillNormal } from '@smallbatch/program';
import { beforeAll, describe, expect, test } from 'vitest';
import { choose } from '../../../apps/api/src/aggregate/best.ts';
import { mean } from '../../../apps/api/src/aggregate/statistics.ts';
import { differenceOf } from '../../../apps/api/src/compare/compare.ts';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { record } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
let datasetId: string;
beforeAll(async () => {
  own = await testApi();
  datasetId = (await addDataset(own.db, own.teamId)).id;
});

/** A sweep of done runs. → its key */
async function sweepOf(
  results: readonly (Partial<NewRun> & { readonly value: number | null })[],
): Promise<string> {
  const runs = results.map(({ value: _value, ...given }) => newRun(datasetId, given));
  const owner = { teamId: own.teamId, memberId: own.memberId };
  const { key } = await createSweep(own.db, newSweep(owner, runs));
  for (const [i, { value }] of results.entries())
    await record(own, `${key}/${i + 1}`, value === null ? { diverged: true } : { value });
  return key;
}

const DIFFERENCE = 'n mean sd ci95 { low high } wins ties losses verdict';
async function compare(args: string, more = ''): Promise<Record<string, Answer>> {
  const { data, errors } = await own.ask(
    `{ compare(${args}) { ${DIFFERENCE} goal ignored inBoth unmatchedCountA unmatchedCountB withoutValueA withoutValueB
         pairs { difference a { batchSize batchNorm bnBatch baseLearningRate mean runs settings keys } b { batchSize batchNorm mean runs } }
         unmatchedA { batchSize model keptBy } unmatchedB { batchSize model keptBy } ${more} } }`,
  );
  expect(errors).toEqual([]);
  return data.compare;
}

test('two sweeps are paired by setting, over seeds: difference, deviation, interval, wins and what did not match and why', async () => {
  const a = await sweepOf([
    ...[0.8, 0.82].map((value, seed) => ({ batchSize: 2, seed, value })),
    { batchSize: 4, value: 0.7 },
    { batchSize: 8, value: 0.6 },
    { batchSize: 16, value: 0.5 },
    { batchSize: 32, value: null },
  ]);
  const b = await sweepOf([
    ...[0.75, 0.77, 0.79].map((value, seed) => ({ batchSize: 2, seed: 10 + seed, value })),
    { batchSize: 4, seed: 10, value: 0.71 },
    { batchSize: 8, seed: 10, value: 0.6 },
    { batchSize: 64, seed: 10, value: 0.4 },
    { batchSize: 64, seed: 10, model: 'resnet20', value: 0.4 },
  ]);
  own.statements();
  const found = await compare(
    `a: { sweep: { eq: "${a}" } }, b: { sweep: { eq: "${b}" } }`,
    `by(axes: [BATCH_SIZE]) { batchSize ${DIFFERENCE} }`,
  );
  // The metric, three for the settings of each side, and theirs the first time.
  expect(own.statements().length).toBeLessThanOrEqual(9);
  expect(found.pairs.map(({ a: one }: Answer) => one.batchSize)).toEqual([2, 4, 8]);
  const differences = [0.81 - 0.77, 0.7 - 0.71, 0];
  for (const [i, { difference }] of found.pairs.entries())
    expect(difference).toBeCloseTo(differences[i]!, 12);
  expect(found).toMatchObject({
    n: 3,
    wins: 1,
    ties: 1,
    losses: 1,
    verdict: 'UNDECIDED',
    goal: 'MAXIMISE',
    inBoth: 0,
  });
  const centre = 0.03 / 3;
  const sd = Math.sqrt(differences.reduce((sum, one) => sum + (one - centre) ** 2, 0) / 2);
  expect(found.mean).toBeCloseTo(centre, 12);
  expect(found.sd).toBeCloseTo(sd, 12);
  // t of 2 degrees of freedom at 97.5 %.
  expect(found.ci95.high - found.mean).toBeCloseTo((4.30265273 * sd) / Math.sqrt(3), 8);
  expect(found.unmatchedA).toEqual([{ batchSize: 16, model: 'resnet8', keptBy: ['BATCH_SIZE'] }]);
  expect(found.unmatchedB).toEqual([
    { batchSize: 64, model: 'resnet20', keptBy: ['MODEL', 'BATCH_SIZE'] },
    { batchSize: 64, model: 'resnet8', keptBy: ['BATCH_SIZE'] },
  ]);
  expect(found).toMatchObject({ withoutValueA: 1, withoutValueB: 0, unmatchedCountA: 1, unmatchedCountB: 2 });
  expect(found.by.map(({ batchSize, n, verdict }: Answer) => [batchSize, n, verdict])).toEqual([
    [2, 1, null],
    [4, 1, null],
    [8, 1, null],
  ]);
});

test('what the filters fix is not matched, nor what exists on one side only because of it', async () => {
  const key = await sweepOf(
    [2, 4, 8].flatMap((batchSize) => [
      { batchSize, width: 3, batchNorm: false, value: 0.5 + batchSize / 100 },
      ...[0, 1].map((seed) => ({
        batchSize,
        width: 3,
        batchNorm: true,
        bnBatch: 2,
        seed,
        value: 0.7 + seed / 100,
      })),
    ]),
  );
  const sides = `a: { batchNorm: { eq: true } }, b: { batchNorm: { eq: false } }, within: { sweep: { eq: "${key}" } }`;
  const found = await compare(sides);
  expect(found.ignored).toEqual(['BATCH_NORM', 'BATCH_NORM_SCOPE', 'BN_BATCH']);
  expect(found).toMatchObject({ n: 3, wins: 3, verdict: 'A', unmatchedCountA: 0, unmatchedCountB: 0 });
  expect(found.pairs[0].a).toMatchObject({ bnBatch: 2, runs: 2, settings: 1 });
  // The same runs on both sides differ by nothing, and that is said.
  const same = await compare(`a: { sweep: { eq: "${key}" } }, b: { sweep: { eq: "${key}" } }`);
  expect(same).toMatchObject({ n: 6, ties: 6, mean: 0, inBoth: 9, verdict: 'UNDECIDED' });
  const one = await compare(
    `a: { sweep: { eq: "${key}" }, batchNorm: { eq: true } }, b: { sweep: { eq: "${key}" }, batchNorm: { eq: false }, batchSize: { eq: 2 } }`,
  );
  // m is fixed on one side, so all of the other's go together against it.
  expect(one).toMatchObject({ n: 1, ci95: null, verdict: null });
  expect(one.pairs[0].a.settings).toBe(3);
});

test('with best each side takes its best setting first, and the axes of the choice need not match', async () => {
  const make = (rates: readonly number[], add: number, seed: number) =>
    [2, 4].flatMap((batchSize) =>
      rates.map((baseLearningRate, i) => ({
        batchSize,
        baseLearningRate,
        width: 5,
        seed,
        value: add + i / 10,
      })),
    );
  const a = await sweepOf(make([0.001, 0.002, 0.004], 0.5, 0));
  const b = await sweepOf(make([0.003, 0.005], 0.5, 1));
  const sides = `a: { sweep: { eq: "${a}" } }, b: { sweep: { eq: "${b}" } }`;
  expect(await compare(sides)).toMatchObject({ n: 0, unmatchedCountA: 6, unmatchedCountB: 4 });
  const found = await compare(`${sides}, best: [BASE_LEARNING_RATE]`);
  expect(found).toMatchObject({ n: 2, wins: 2, unmatchedCountA: 0 });
  expect(found.pairs.map(({ a: one }: Answer) => one.baseLearningRate)).toEqual([0.004, 0.004]);
  for (const { difference } of found.pairs) expect(difference).toBeCloseTo(0.1, 12);
});

describe('simulated, 1,000 times each', () => {
  /** Standard normal numbers, `count` at a time. */
  function normals(seed: number): (count: number) => number[] {
    let stream = 0;
    return (count) => {
      const target = new Float32Array(count);
      fillNormal(target, seed, 'noise', stream++);
      return [...target];
    };
  }

  test.each([2, 3, 5, 10, 30])(
    'the interval of %i pairs covers a known effect in 93 to 97 of 100, and without an effect at most 7 in 100 verdicts are false',
    (pairs) => {
      const draw = normals(pairs);
      let covered = 0;
      let wrong = 0;
      const repetitions = 1000;
      for (let i = 0; i < repetitions; i++) {
        const noise = draw(pairs);
        const effect = differenceOf(
          noise.map((one) => 0.3 + one),
          'MAXIMISE',
        );
        if (effect.ci95!.low <= 0.3 && 0.3 <= effect.ci95!.high) covered++;
        if (differenceOf(noise, 'MAXIMISE').verdict !== 'UNDECIDED') wrong++;
      }
      expect(covered / repetitions).toBeGreaterThanOrEqual(0.93);
      expect(covered / repetitions).toBeLessThanOrEqual(0.97);
      expect(wrong / repetitions).toBeLessThanOrEqual(0.07);
    },
  );

  test('the best of 5 equal settings is optimistic by its own seeds, and unbiased when some seeds choose and others report', () => {
    const draw = normals(99);
    const chosenMean = (selectSeeds: readonly number[] | null): number => {
      const settings = Array.from({ length: 5 }, (_, place) => {
        const values = draw(6);
        const of = (seeds: readonly number[]) => ({
          n: seeds.length,
          mean: mean(seeds.map((seed) => values[seed]!)),
        });
        const seeds = [0, 1, 2, 3, 4, 5];
        const reported = of(selectSeeds ? seeds.filter((seed) => !selectSeeds.includes(seed)) : seeds);
        const choice = selectSeeds ? of(selectSeeds) : reported;
        return {
          rows: { settings: { keyOver: () => () => 0 } },
          place,
          diverged: 0,
          choiceN: choice.n,
          choiceMean: choice.mean,
          ...reported,
          axis: () => 2 ** -place,
        };
      });
      const [one] = choose(settings as never, ['BASE_LEARNING_RATE'], true);
      return one!.setting.mean;
    };
    const over = (selectSeeds: readonly number[] | null): number =>
      mean(Array.from({ length: 1000 }, () => chosenMean(selectSeeds)));
    // The greatest of five means of six: 1.163 deviations of 1/√6.
    expect(over(null)).toBeCloseTo(1.163 / Math.sqrt(6), 1);
    expect(Math.abs(over([0, 1, 2]))).toBeLessThan(3 / Math.sqrt(3 * 1000));
  });
});
