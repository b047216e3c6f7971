import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrowingCurve, ROOM } from '../../../../apps/dashboard/src/curve/growing.ts';
import type { Points } from '../../../../apps/dashboard/src/curve/points.ts';

const pointsOf = (steps: readonly number[], values: readonly number[]): Points => ({
  steps,
  values,
  epochs: [],
  samples: steps.map((step) => step * 32),
  seconds: steps.map((step) => step / 8),
});
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const list = (column: ArrayLike<number>): number[] => Array.from(column);

/** Values of each kind, in parts as messages bring them: some in order, some late. */
const VALUE = fc.oneof(
  { weight: 20, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);
const VALUES = fc.array(VALUE, { minLength: ROOM + 1, maxLength: 6 * ROOM, size: 'max' });
const grown = (values: readonly number[], size: number, order = upTo(values.length)): GrowingCurve => {
  const curve = new GrowingCurve();
  for (let at = 0; at < order.length; at += size) {
    const steps = order.slice(at, at + size).sort((a, b) => a - b);
    curve.add(
      pointsOf(
        steps,
        steps.map((step) => values[step]!),
      ),
    );
  }
  return curve;
};

test('a curve keeps every point until it has no room', () => {
  const curve = grown(upTo(ROOM), 7);
  expect(list(curve.points.steps)).toEqual(upTo(ROOM));
  expect([curve.of, curve.thinned, curve.revision]).toEqual([ROOM, false, 0]);
  curve.add(pointsOf([ROOM], [0]));
  expect([curve.of, curve.thinned]).toEqual([ROOM + 1, true]);
  expect(curve.revision).toBeGreaterThan(0);
});

test('thinned once, it has the least and the greatest of each four neighbours', () => {
  const values = upTo(ROOM + 1).map((i) => Math.sin(i * i));
  const { steps } = grown(values, 100).points;
  const wanted = upTo(ROOM / 4).flatMap((part) => {
    const four = [0, 1, 2, 3].map((i) => 4 * part + i);
    const by = four.toSorted((a, b) => values[a]! - values[b]!);
    return [by[0]!, by[3]!];
  });
  expect(list(steps)).toEqual([...new Set([0, ...wanted, ROOM - 1, ROOM])].sort((a, b) => a - b));
});

test('however long it is, it keeps its first and last point, the least, the greatest and each kind that is not finite, all columns and the order, in bounded room', () => {
  fc.assert(
    fc.property(VALUES, fc.integer({ min: 1, max: 3000 }), (values, size) => {
      const curve = grown(values, size);
      const { steps, values: kept, samples, seconds, epochs } = curve.points;
      expect(curve.of).toBe(values.length);
      expect(steps.length).toBeLessThanOrEqual(2 * ROOM);
      expect(steps[0]).toBe(0);
      expect(steps[steps.length - 1]).toBe(values.length - 1);
      for (let i = 0; i < steps.length; i++) {
        if (i > 0) expect(steps[i]).toBeGreaterThan(steps[i - 1]!);
        expect(kept[i]).toBe(values[steps[i]!]);
        expect(samples[i]).toBe(steps[i]! * 32);
        expect(seconds[i]).toBe(steps[i]! / 8);
      }
      expect(epochs.length).toBe(0);
      const finite = (all: ArrayLike<number>) => list(all).filter(Number.isFinite);
      const least = (all: ArrayLike<number>) => finite(all).reduce((a, b) => Math.min(a, b), Infinity);
      const greatest = (all: ArrayLike<number>) => finite(all).reduce((a, b) => Math.max(a, b), -Infinity);
      expect(least(kept)).toBe(least(values));
      expect(greatest(kept)).toBe(greatest(values));
      const kinds = (all: ArrayLike<number>) =>
        [...new Set(list(all).filter((one) => !Number.isFinite(one)))].map(String).sort();
      expect(kinds(kept)).toEqual(kinds(values));
    }),
    { numRuns: 30 },
  );
});

test('where nearly nothing can be left out it grows instead, once', () => {
  const values = upTo(20 * ROOM).map((i) => [i, Number.NaN, Infinity, -Infinity, -i][i % 5]!);
  const curve = new GrowingCurve();
  for (const step of upTo(ROOM + 1)) curve.add(pointsOf([step], [values[step]!]));
  expect(list(curve.points.steps)).toEqual(upTo(ROOM + 1));
  for (const step of upTo(20 * ROOM).slice(ROOM + 1)) {
    curve.add(pointsOf([step], [values[step]!]));
    if (curve.points.steps.length > 2 * ROOM) expect.fail(`${curve.points.steps.length} points`);
  }
});

test('its early part stays as fine as its late one, however often it was thinned', () => {
  const n = 100 * ROOM;
  const { steps } = grown(upTo(n).map(Math.sin), 500).points;
  const inPart = (part: number) => list(steps).filter((step) => Math.floor((8 * step) / n) === part).length;
  for (const part of upTo(8)) expect(inPart(part)).toBeGreaterThan(ROOM / 20);
});

test('late points get their place in what was thinned, too', () => {
  const n = 3 * ROOM;
  const late = fc.uniqueArray(fc.integer({ min: 1, max: n - 2 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(late, fc.integer({ min: 1, max: 100 }), (later, size) => {
      const values = upTo(n).map((i) => (later[0] === i ? 2 : Math.sin(i)));
      const order = [...upTo(n).filter((step) => !later.includes(step)), ...later];
      const curve = grown(values, size, order);
      const { steps, values: kept } = curve.points;
      expect(list(steps)).toEqual(list(steps).sort((a, b) => a - b));
      list(steps).forEach((step, i) => {
        expect(kept[i]).toBe(values[step]);
      });
      expect(list(steps)).toContain(later[0]);
      expect(curve.of).toBe(n);
    }),
    { numRuns: 30 },
  );
});

test('a column that is reported later is unknown before', () => {
  const curve = new GrowingCurve();
  curve.add(pointsOf([1, 2], [1, 2]));
  expect(curve.points.epochs.length).toBe(0);
  curve.add({ ...pointsOf([3], [3]), epochs: [0.5] });
  curve.add(pointsOf([4], [4]));
  expect(list(curve.points.epochs)).toEqual([Number.NaN, Number.NaN, 0.5, Number.NaN]);
});
