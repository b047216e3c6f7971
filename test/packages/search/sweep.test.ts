import { cells, countCells, parseSweep, ranks } from '@smallbatch/search';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const axisNames = ['model', 'batchSize', 'baseLearningRate', 'batchNorm', 'epochs'];
const parse = (definition: unknown) => parseSweep(definition, axisNames);
const good = { name: 'grid', dataset: ['shapes'], model: 'resnet8', axes: { batchSize: [2, 4] }, fixed: { epochs: 1 } };

describe('a sweep file', () => {
  test('is expanded in listed order, the last axis fastest', () => {
    const parsed = parse({ ...good, axes: { batchSize: [2, 4], baseLearningRate: { powersOfTwo: [-2, -1] }, seed: [0, 1] } });
    if (!parsed.ok) throw new Error('refused');
    const listed = [...cells(parsed.sweep)].map(({ axes, seed }) => [axes.batchSize, axes.baseLearningRate, seed]);
    expect(listed).toEqual([
      [2, 0.25, 0],
      [2, 0.25, 1],
      [2, 0.5, 0],
      [2, 0.5, 1],
      [4, 0.25, 0],
      [4, 0.25, 1],
      [4, 0.5, 0],
      [4, 0.5, 1],
    ]);
  });

  test.each([
    [{ ...good, axes: { batchsize: [2] } }, 'unknown axis "batchsize"; did you mean "batchSize"?', ['axes', 'batchsize']],
    [{ ...good, axes: { batchSize: [] } }, 'invalid axis: an empty list leaves an empty grid', ['axes', 'batchSize']],
    [{ ...good, axes: { batchSize: [2, 4, 2] } }, 'invalid axis: the value is listed twice (also at place 1)', ['axes', 'batchSize', 2]],
    [{ ...good, fixed: { batchSize: 2 } }, 'invalid axis: "batchSize" is given in axes too', ['fixed', 'batchSize']],
    [{ ...good, name: 'a\u0000b' }, 'invalid name', ['name']],
    [{ ...good, name: 'x'.repeat(10_000) }, 'invalid name', ['name']],
    [{ ...good, strategy: 'sobol' }, 'unsupported strategy "sobol" in this version', ['strategy']],
    [{ ...good, axes: { seed: [-1] } }, 'invalid seed', ['axes', 'seed', 0]],
    [{ ...good, axes: { baseLearningRate: { powersOfTwo: [3, 1] } } }, 'invalid powersOfTwo', ['axes', 'baseLearningRate', 'powersOfTwo']],
    [{ ...good, sweeps: 1 }, 'unknown field "sweeps"', ['sweeps']],
    [[], 'invalid sweep: not a mapping', []],
  ])('%j is refused by name and place', (definition, message, path) => {
    const parsed = parse(definition);
    if (parsed.ok) throw new Error('taken');
    expect(parsed.problems).toContainEqual(expect.objectContaining({ message, path }));
    for (const { allowed } of parsed.problems) expect(allowed).not.toBe('');
  });

  test('a grid of 10 million cells is counted without being written down', () => {
    const values = Array.from({ length: 3200 }, (_, i) => i);
    const parsed = parse({ ...good, axes: { batchSize: values, seed: values } });
    if (!parsed.ok) throw new Error('refused');
    expect(countCells(parsed.sweep)).toBe(3200 ** 2);
  });

  test('no cell comes twice, whatever the axes', () => {
    const values = fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(values, values, values, (batchSize, baseLearningRate, seed) => {
        const parsed = parse({ ...good, axes: { batchSize, baseLearningRate, seed } });
        if (!parsed.ok) throw new Error('refused');
        const listed = [...cells(parsed.sweep)].map((cell) => JSON.stringify(cell));
        expect(listed.length).toBe(countCells(parsed.sweep));
        expect(new Set(listed).size).toBe(listed.length);
      }),
    );
  });
});

describe('the order of training', () => {
  test('is a permutation that depends on its seed alone, and spreads early runs over the grid', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 1e6 }), (n, seed) => {
        const rank = ranks(n, 'shuffled', seed);
        expect([...rank].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        expect(ranks(n, 'shuffled', seed)).toEqual(rank);
      }),
    );
    const rank = ranks(1000, 'shuffled', 0);
    const early = [...rank.keys()].filter((position) => rank[position]! < 100);
    const quarters = [0, 250, 500, 750].map((from) => early.filter((p) => p >= from && p < from + 250).length);
    expect(Math.min(...quarters)).toBeGreaterThan(10);
  });

  test('listed means as listed', () => {
    expect([...ranks(4, 'listed', 3)]).toEqual([0, 1, 2, 3]);
  });
});
