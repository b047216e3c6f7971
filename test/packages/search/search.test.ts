import { type Cell, cells, countCells, parseSweep, type SweepDefinition, sobol } from '@smallbatch/search';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const AXES = ['batchSize', 'baseLearningRate', 'batchNorm', 'bnBatch', 'width', 'epochs'];

function sweepOf(definition: Record<string, unknown>): SweepDefinition {
  const parsed = parseSweep({ name: 'a', dataset: 'shapes', model: 'resnet8', ...definition }, AXES);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.sweep;
}

function refused(definition: Record<string, unknown>): Record<string, string> {
  const parsed = parseSweep({ name: 'a', dataset: 'shapes', model: 'resnet8', ...definition }, AXES);
  if (parsed.ok) throw new Error('taken');
  return Object.fromEntries(parsed.problems.map(({ path, message }) => [path.join('.'), message]));
}

const distinct = (all: readonly Cell[]): number => new Set(all.map((cell) => JSON.stringify(cell))).size;

describe('axes that count only under a condition', () => {
  const given = {
    axes: { batchNorm: [false, true], bnBatch: [2, 4, 8], batchSize: [8, 16] },
    when: { bnBatch: { batchNorm: true } },
  };

  test('are left out where it does not hold, and their values are one cell there', () => {
    const all = [...cells(sweepOf(given))];
    expect(all.map(({ axes }) => [axes.batchNorm, axes.bnBatch, axes.batchSize])).toEqual([
      [false, undefined, 8],
      [false, undefined, 16],
      [true, 2, 8],
      [true, 2, 16],
      [true, 4, 8],
      [true, 4, 16],
      [true, 8, 8],
      [true, 8, 16],
    ]);
    expect(countCells(sweepOf(given))).toBe(8);
  });

  test('follow each other, and may depend on fixed settings', () => {
    const chained = sweepOf({
      axes: { batchNorm: [false, true], bnBatch: [2, 4], width: [8, 16] },
      when: { bnBatch: { batchNorm: true }, width: { bnBatch: 2 } },
    });
    expect([...cells(chained)].map(({ axes }) => [axes.batchNorm, axes.bnBatch, axes.width])).toEqual([
      [false, undefined, undefined],
      [true, 2, 8],
      [true, 2, 16],
      [true, 4, undefined],
    ]);
    const never = sweepOf({ axes: { width: [8, 16] }, fixed: { epochs: 3 }, when: { width: { epochs: 4 } } });
    expect(countCells(never)).toBe(1);
  });

  test('make no cell twice, whatever the conditions are', () => {
    const values = fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(values, values, values, fc.boolean(), (widths, epochs, sizes, second) => {
        const sweep = sweepOf({
          axes: { width: widths, epochs, batchSize: sizes },
          when: { width: { epochs: [1, 2] }, ...(second ? { batchSize: { width: 1 } } : {}) },
        });
        const all = [...cells(sweep)];
        expect(distinct(all)).toBe(all.length);
        expect(all.length).toBe(countCells(sweep));
        for (const { axes } of all) {
          expect('width' in axes).toBe(Number(axes.epochs) <= 2);
          if (second) expect('batchSize' in axes).toBe(axes.width === 1);
        }
      }),
    );
  });

  test('are refused when they depend on themselves or on what the sweep does not have', () => {
    expect(
      refused({
        axes: { width: [1, 2], epochs: [1, 2] },
        when: { width: { epochs: 1 }, epochs: { width: 1 } },
      }),
    ).toEqual({ 'when.width': 'invalid when: width depends on itself' });
    expect(refused({ axes: { width: [1, 2] }, when: { width: { epoch: 1 }, epochs: { width: 1 } } })).toEqual(
      {
        'when.width.epoch': 'invalid when.width.epoch: "epoch" is not an axis of this sweep',
        'when.epochs': 'invalid when: "epochs" is not varied by this sweep',
      },
    );
  });
});

describe('coupled values', () => {
  test('go together row by row, as one direction that varies fastest', () => {
    const sweep = sweepOf({
      axes: { batchNorm: [false, true] },
      coupled: [{ batchSize: [2, 4, 8], epochs: [40, 20, 20], note: ['a', 'b', 'c'] }],
    });
    expect(countCells(sweep)).toBe(6);
    expect(
      [...cells(sweep)].map(({ axes, hyper }) => [axes.batchNorm, axes.batchSize, axes.epochs, hyper.note]),
    ).toEqual(
      [false, true].flatMap((batchNorm) => [
        [batchNorm, 2, 40, 'a'],
        [batchNorm, 4, 20, 'b'],
        [batchNorm, 8, 20, 'c'],
      ]),
    );
  });

  test('are refused when columns differ in length, stand elsewhere too, or are alone', () => {
    expect(refused({ coupled: [{ batchSize: [2, 4], epochs: [1] }] })).toEqual({
      'coupled.0': 'invalid coupled.0: batchSize has 2 values, and epochs 1',
    });
    expect(refused({ axes: { width: [4] }, coupled: [{ width: [8, 16], epochs: [1, 2] }] })).toEqual({
      'coupled.0.width': 'invalid coupled.0.width: axes.width sets it too',
    });
    expect(Object.keys(refused({ coupled: [{ width: [8] }] }))).toEqual(['coupled.0']);
  });
});

describe('cells that are drawn', () => {
  const space = {
    axes: {
      baseLearningRate: { logUniform: [2 ** -12, 1] },
      batchSize: [2, 4, 8, 16],
      width: { integers: [4, 9] },
    },
    hyper: { dropout: { uniform: [0, 0.5] } },
  };

  test.each(['random', 'sobol'])('%s: as many as asked for, no two alike, each in its range', (strategy) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(), (count, searchSeed) => {
        const all = [...cells(sweepOf({ ...space, strategy, cells: count, searchSeed }))];
        expect(all.length).toBe(count);
        expect(distinct(all)).toBe(count);
        for (const { axes, hyper } of all) {
          expect(axes.baseLearningRate).toBeGreaterThanOrEqual(2 ** -12);
          expect(axes.baseLearningRate).toBeLessThanOrEqual(1);
          expect([2, 4, 8, 16]).toContain(axes.batchSize);
          expect([4, 5, 6, 7, 8, 9]).toContain(axes.width);
          expect(hyper.dropout).toBeGreaterThanOrEqual(0);
          expect(hyper.dropout).toBeLessThanOrEqual(0.5);
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each(['random', 'sobol'])(
    '%s: more cells begin with the fewer, another seed gives others',
    (strategy) => {
      const drawn = (count: number, searchSeed = 0) => [
        ...cells(sweepOf({ ...space, strategy, cells: count, searchSeed })),
      ];
      expect(drawn(40).slice(0, 10)).toEqual(drawn(10));
      expect(drawn(10, 1)).not.toEqual(drawn(10));
    },
  );

  test('a finite space gives each of its cells once, and no more than it has', () => {
    const finite = { axes: { batchSize: [2, 4, 8], width: [4, 8] }, strategy: 'random' };
    const all = [...cells(sweepOf({ ...finite, cells: 6 }))];
    const grid = [...cells(sweepOf({ ...finite, strategy: 'grid' }))];
    expect(new Set(all.map((cell) => JSON.stringify(cell)))).toEqual(
      new Set(grid.map((cell) => JSON.stringify(cell))),
    );
    expect(() => [...cells(sweepOf({ ...finite, cells: 7 }))]).toThrow(
      'the search space gave 6 different cells in place of 7',
    );
  });

  test('logarithmic draws are even in the logarithm: a quarter of them in each quarter of the exponents', () => {
    const all = [...cells(sweepOf({ ...space, strategy: 'sobol', cells: 256 }))];
    const quarters = [0, 0, 0, 0];
    for (const { axes } of all)
      quarters[Math.min(3, Math.floor(Math.log2(Number(axes.baseLearningRate)) / 3 + 4))]!++;
    for (const quarter of quarters) expect(Math.abs(quarter - 64)).toBeLessThanOrEqual(2);
  });

  test('a range has no place in a grid, and cells have none either', () => {
    expect(refused({ axes: { baseLearningRate: { logUniform: [0.1, 1] } }, cells: 3 })).toEqual({
      cells: 'invalid cells: the grid has every cell',
      'axes.baseLearningRate': 'invalid axes.baseLearningRate: a range has no list of values',
    });
    expect(refused({ strategy: 'sobol', axes: { width: { uniform: [3, 3] } } })).toEqual({
      'axes.width.uniform': 'invalid axes.width.uniform: [3,3]',
      cells: 'missing cells for strategy sobol',
    });
  });
});

describe("Sobol's sequence", () => {
  test('is the published one (new-joe-kuo-6, first points of 10 directions)', () => {
    const at = sobol(10);
    expect(Array.from({ length: 8 }, (_, i) => at(i))).toEqual([
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
      [0.75, 0.25, 0.25, 0.25, 0.75, 0.75, 0.25, 0.75, 0.75, 0.75],
      [0.25, 0.75, 0.75, 0.75, 0.25, 0.25, 0.75, 0.25, 0.25, 0.25],
      [0.375, 0.375, 0.625, 0.875, 0.375, 0.125, 0.375, 0.875, 0.875, 0.625],
      [0.875, 0.875, 0.125, 0.375, 0.875, 0.625, 0.875, 0.375, 0.375, 0.125],
      [0.625, 0.125, 0.875, 0.625, 0.625, 0.875, 0.125, 0.125, 0.125, 0.375],
      [0.125, 0.625, 0.375, 0.125, 0.125, 0.375, 0.625, 0.625, 0.625, 0.875],
    ]);
  });

  test('each direction fills every interval of 2^-k once in 2^k points, scrambled or not', () => {
    fc.assert(
      fc.property(fc.option(fc.nat(), { nil: undefined }), fc.integer({ min: 1, max: 9 }), (seed, k) => {
        let word = seed ?? 0;
        const next = (): number => {
          word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
          return (word ^ (word >>> 15)) >>> 0;
        };
        const at = sobol(21, seed === undefined ? undefined : next);
        const points = Array.from({ length: 2 ** k }, (_, i) => at(i));
        for (let direction = 0; direction < 21; direction++) {
          const places = new Set(points.map((point) => Math.floor(point[direction]! * 2 ** k)));
          expect(places.size).toBe(2 ** k);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('its first two directions fill every elementary rectangle once, scrambled or not: a (0, m, 2)-net', () => {
    for (const next of [
      undefined,
      (
        (word) => () =>
          (word = (Math.imul(word, 747796405) + 2891336453) >>> 0)
      )(9),
    ]) {
      const at = sobol(2, next);
      const points = Array.from({ length: 64 }, (_, i) => at(i));
      for (let bits = 0; bits <= 6; bits++) {
        const boxes = points.map(
          ([x, y]) => `${Math.floor(x! * 2 ** bits)} ${Math.floor(y! * 2 ** (6 - bits))}`,
        );
        expect(new Set(boxes).size).toBe(64);
      }
    }
  });
});
