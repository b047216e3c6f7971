import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LiveCurves, withMessage } from '../../../../apps/dashboard/src/curve/live.ts';
import {
  continued,
  NO_POINTS,
  pointsOf,
  type SentCurve,
} from '../../../../apps/dashboard/src/curve/points.ts';

/** Of typed arrays, too. */
const list = (column: ArrayLike<number>): number[] => Array.from(column);
const sent = (steps: readonly number[], value = (step: number): number | null => step / 10): SentCurve => ({
  steps,
  values: steps.map(value),
  nonFinite: steps.flatMap((step, index) => (value(step) === null ? [{ index, kind: 'NAN' as const }] : [])),
  epochs: steps.map((step) => step / 100),
  samplesSeen: steps.map((step) => step * 32),
  wallTimes: steps.map((step) => step / 1000),
});
const message = (metric: string, steps: readonly number[], reset = false) => ({
  reset,
  curves: [{ metric, ...sent(steps) }],
});

test('what is not finite is read as what it is', () => {
  const { values } = pointsOf({
    ...sent([1, 2, 3, 4]),
    values: [null, 0.5, null, null],
    nonFinite: [
      { index: 0, kind: 'NAN' },
      { index: 2, kind: 'POSITIVE_INFINITY' },
      { index: 3, kind: 'NEGATIVE_INFINITY' },
    ],
  });
  expect(values).toEqual([Number.NaN, 0.5, Infinity, -Infinity]);
});

test('what was not reported is unknown, not zero, and takes no column where that is all of it', () => {
  const { epochs, samples } = pointsOf({ ...sent([1, 2]), epochs: [null, null], samplesSeen: [null, 64] });
  expect(epochs).toEqual([]);
  expect(samples).toEqual([Number.NaN, 64]);
});

test('late points get their place, in all columns', () => {
  let seen = withMessage(undefined, message('loss', [1, 2, 5, 6], true));
  seen = withMessage(seen, message('loss', [3, 4, 7]));
  const { points } = seen.curves.get('loss')!;
  expect(list(points.steps)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(list(points.values)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  expect(list(points.samples)).toEqual([1, 2, 3, 4, 5, 6, 7].map((step) => step * 32));
});

test('a reset forgets every metric, also those that it does not name', () => {
  let seen: LiveCurves | undefined = withMessage(undefined, message('loss', [1, 2], true));
  seen = withMessage(seen, message('accuracy', [1]));
  seen = withMessage(seen, message('loss', [1], true));
  expect([...seen.curves.keys()]).toEqual(['loss']);
  expect(list(seen.curves.get('loss')!.points.steps)).toEqual([1]);
});

test('points that were drawn before are not changed by a reset', () => {
  const seen = withMessage(undefined, message('loss', [1, 2], true));
  const { points } = seen.curves.get('loss')!;
  withMessage(seen, message('loss', [9], true));
  expect(list(points.steps)).toEqual([1, 2]);
});

test('in whatever order and parts points arrive, each is there once, in the order of the steps', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 200 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 200 }),
      (steps, sizes) => {
        let seen: LiveCurves | undefined;
        for (let at = 0, part = 0; at < steps.length; part++) {
          const size = sizes[part % sizes.length]!;
          // A chunk is in order by itself.
          const chunk = steps.slice(at, at + size).sort((a, b) => a - b);
          seen = withMessage(seen, message('loss', chunk, at === 0));
          at += size;
        }
        const { points } = seen!.curves.get('loss')!;
        const inOrder = steps.toSorted((a, b) => a - b);
        expect(list(points.steps)).toEqual(inOrder);
        expect(list(points.values)).toEqual(inOrder.map((step) => step / 10));
        expect(list(points.seconds)).toEqual(inOrder.map((step) => step / 1000));
      },
    ),
  );
});

test('points of equal steps stay in the order in which they came', () => {
  let seen = withMessage(undefined, {
    reset: true,
    curves: [{ metric: 'loss', ...sent([1, 2, 2, 3], (step) => step) }],
  });
  const later = { ...sent([2, 4]), values: [20, 40] };
  seen = withMessage(seen, { reset: false, curves: [{ metric: 'loss', ...later }] });
  expect(list(seen.curves.get('loss')!.points.values)).toEqual([1, 2, 2, 20, 3, 40]);
});

test('a part that was fetched goes on with what came after it, up to a step', () => {
  const fetched = pointsOf(sent([10, 11, 12]));
  const growing = withMessage(undefined, message('loss', [0, 6, 11, 12, 13, 14, 15], true));
  const { points } = growing.curves.get('loss')!;
  const { steps, values, samples } = continued(fetched, points, 9, 14);
  expect(list(steps)).toEqual([10, 11, 12, 13, 14]);
  expect(list(values)).toEqual([1, 1.1, 1.2, 1.3, 1.4]);
  expect(list(samples)).toEqual([10, 11, 12, 13, 14].map((step) => step * 32));
  expect(continued(fetched, points, 9, 12)).toBe(fetched);
  expect(list(continued(NO_POINTS, points, 11, 14).steps)).toEqual([12, 13, 14]);
  const bare = { ...fetched, epochs: [] };
  expect(list(continued(bare, { ...points, epochs: [] }, 9, 14).epochs)).toEqual([]);
  expect(list(continued(bare, points, 9, 13).epochs)).toEqual([Number.NaN, Number.NaN, Number.NaN, 0.13]);
});
