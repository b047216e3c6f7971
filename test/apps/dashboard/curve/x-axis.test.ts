import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smoothed } from '../../../../apps/dashboard/src/curve/smoothing.ts';
import {
  hasX,
  inside,
  panned,
  stepsWithin,
  xOf,
  zoomed,
} from '../../../../apps/dashboard/src/curve/x-axis.ts';

const POINTS = {
  steps: [10, 20, 30, 40, 50],
  values: [1, 2, 3, 4, 5],
  epochs: [0.5, 1, 1.5, 2, 2.5],
  samples: [320, 640, 960, 1280, Number.NaN],
  seconds: [5, 10, 2, 4, 6],
};

test('seconds run on through the attempts of a run', () => {
  expect(Array.from(xOf(POINTS, 'time'))).toEqual([5, 10, 12, 14, 16]);
  expect(xOf({ ...POINTS, seconds: [1, 2, 3, 4, 5] }, 'time')).toEqual([1, 2, 3, 4, 5]);
});

test('an axis that some points lack is not offered', () => {
  expect(hasX(POINTS, 'epoch')).toBe(true);
  expect(hasX(POINTS, 'samples')).toBe(false);
  expect(hasX({ ...POINTS, epochs: [] }, 'epoch')).toBe(false);
});

test('steps are asked for so that lines reach both edges of what is shown', () => {
  expect(stepsWithin(POINTS, 'step', [12.4, 33.2])).toEqual([12, 34]);
  expect(stepsWithin(POINTS, 'epoch', [1.2, 1.8])).toEqual([20, 40]);
  expect(stepsWithin(POINTS, 'epoch', [-5, 99])).toEqual([10, 50]);
  expect(stepsWithin({ ...POINTS, steps: [] }, 'epoch', [0, 1])).toBeUndefined();
});

test('zooming keeps the middle; on a log axis the middle of its distances', () => {
  expect(zoomed([0, 100], 0.5, false)).toEqual([25, 75]);
  const [from, to] = zoomed([1, 10_000], 0.5, true);
  expect(from).toBeCloseTo(10);
  expect(to).toBeCloseTo(1000);
  expect(panned([0, 100], 0.25, false)).toEqual([25, 125]);
});

test('a range never leaves what there is, and keeps its width', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -100, max: 200, noNaN: true }),
      fc.double({ min: 0.001, max: 99, noNaN: true }),
      (from, width) => {
        const [a, b] = inside([from, from + width], [0, 100])!;
        expect(a).toBeGreaterThanOrEqual(0);
        expect(b).toBeLessThanOrEqual(100);
        expect(b - a).toBeCloseTo(width, 9);
      },
    ),
  );
  expect(inside([-10, 200], [0, 100])).toBeUndefined();
});

test('smoothing begins with the first value, stays between least and greatest, and leaves what is not finite', () => {
  expect(smoothed([1, 3], 0.5)).toEqual([1, (0.25 * 1 + 0.5 * 3) / 0.75]);
  expect(
    smoothed([2, Number.NaN, 2, Infinity, 2], 0.9).map((one) =>
      Number.isFinite(one) ? Number(one.toFixed(9)) : one,
    ),
  ).toEqual([2, Number.NaN, 2, Infinity, 2]);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 100 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (values, weight) => {
        const out = smoothed(values, weight);
        expect(out[0]).toBeCloseTo(values[0]!, 6);
        const [least, most] = [Math.min(...values), Math.max(...values)];
        for (const one of out) {
          expect(one).toBeGreaterThanOrEqual(least - 1e-6);
          expect(one).toBeLessThanOrEqual(most + 1e-6);
        }
      },
    ),
  );
});
