import {
  cells,
  countCells,
  locate,
  parseSweep,
  type SweepDefinition,
  shuffledOrder,
} from '@smallbatch/search';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const AXES = ['batchSize', 'baseLearningRate', 'batchNorm', 'width', 'epochs'];

function sweepOf(definition: Record<string, unknown>): SweepDefinition {
  const parsed = parseSweep({ name: 'a', dataset: 'shapes', model: 'resnet8', ...definition }, AXES);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.sweep;
}

test('cells come in listed order, later axes vary fastest, and carry the fixed settings', () => {
  const sweep = sweepOf({
    dataset: ['shapes', 'shapes-hard'],
    axes: { batchSize: [8, 2], seed: [0, 1] },
    hyper: { tag: 'x' },
    fixed: { epochs: 6 },
  });
  const all = [...cells(sweep)];
  expect(all.map(({ dataset, axes, seed }) => [dataset, axes.batchSize, seed])).toEqual([
    ['shapes', 8, 0],
    ['shapes', 8, 1],
    ['shapes', 2, 0],
    ['shapes', 2, 1],
    ['shapes-hard', 8, 0],
    ['shapes-hard', 8, 1],
    ['shapes-hard', 2, 0],
    ['shapes-hard', 2, 1],
  ]);
  expect(all[3]).toEqual({
    dataset: 'shapes',
    axes: { model: 'resnet8', batchSize: 2, epochs: 6 },
    hyper: { tag: 'x' },
    seed: 1,
  });
});

test('any grid has as many cells as it counts, and none of them twice', () => {
  const list = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.record({ batchSize: list, width: list, seed: list }, { requiredKeys: [] }),
      fc.record(
        { a: list, b: fc.uniqueArray(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 3 }) },
        { requiredKeys: [] },
      ),
      (axes, hyper) => {
        const parsed = parseSweep({ name: 'a', dataset: ['x', 'y'], model: 'm', axes, hyper }, AXES);
        fc.pre(parsed.ok);
        const all = [...cells(parsed.sweep)].map((cell) => JSON.stringify(cell));
        expect(all.length).toBe(countCells(parsed.sweep));
        expect(new Set(all).size).toBe(all.length);
      },
    ),
    { numRuns: 200 },
  );
});

test('ten million cells are counted without making one', () => {
  const many = Array.from({ length: 200 }, (_, i) => i + 1);
  const sweep = sweepOf({ axes: { batchSize: many, width: many, seed: many, epochs: many } });
  const started = performance.now();
  expect(countCells(sweep)).toBe(200 ** 4);
  expect(performance.now() - started).toBeLessThan(100);
  expect(cells(sweep).next().value).toMatchObject({ axes: { batchSize: 1, width: 1, epochs: 1 }, seed: 1 });
});

test('a setting of a cell is found again in the file', () => {
  const sweep = sweepOf({
    axes: { batchSize: [8, 2], baseLearningRate: { powersOfTwo: [-3, -1] }, batchNorm: true },
    fixed: { epochs: 6 },
    hyper: { depth: 3 },
  });
  expect(locate(sweep, 'batchSize', 2)).toEqual(['axes', 'batchSize', 1]);
  expect(locate(sweep, 'batchSize')).toEqual(['axes', 'batchSize']);
  expect(locate(sweep, 'baseLearningRate', 0.25)).toEqual(['axes', 'baseLearningRate']);
  expect(locate(sweep, 'batchNorm', true)).toEqual(['axes', 'batchNorm']);
  expect(locate(sweep, 'epochs', 6)).toEqual(['fixed', 'epochs']);
  expect(locate(sweep, 'model', 'resnet8')).toEqual(['model']);
  expect(locate(sweep, 'width', 16)).toEqual(['axes']);
});

test('a shuffled order is a permutation, the same for one seed, and stays what it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.maxSafeNat(), (n, seed) => {
      const order = shuffledOrder(n, seed);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      expect(shuffledOrder(n, seed)).toEqual(order);
    }),
  );
  expect([...shuffledOrder(10, 0)]).toEqual([3, 4, 6, 1, 2, 9, 7, 0, 5, 8]);
  expect([...shuffledOrder(10, 1)]).toEqual([5, 7, 3, 1, 6, 0, 8, 9, 4, 2]);
  expect(shuffledOrder(10, 2 ** 32)).not.toEqual(shuffledOrder(10, 0));
});

test('a shuffle favours no place: each value lands in each place about equally often', () => {
  const n = 6;
  const seeds = 6000;
  const hits = Array.from({ length: n * n }, () => 0);
  for (let seed = 0; seed < seeds; seed++) {
    shuffledOrder(n, seed).forEach((value, place) => {
      hits[value * n + place]! += 1;
    });
  }
  const expected = seeds / n;
  const chiSquare = hits.reduce((sum, hit) => sum + (hit - expected) ** 2 / expected, 0);
  // 25 degrees of freedom: 52.6 is exceeded once in a thousand; the seeds are fixed, so this cannot flicker.
  expect(chiSquare).toBeLessThan(52.6);
});
