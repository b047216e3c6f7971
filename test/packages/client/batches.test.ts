import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BATCH_BYTES, batches, type Point } from '../../../packages/client/src/reporter/batches.ts';
import type { Series } from '../../../packages/client/src/reporter/documents.ts';

const KINDS = { NAN: Number.NaN, POSITIVE_INFINITY: Infinity, NEGATIVE_INFINITY: -Infinity };

/** Every value that batches carry, in order, as a server reads them. */
function carried(texts: readonly string[]) {
  const rows: Record<string, unknown[]> = {};
  for (const text of texts) {
    const metrics = new Set<string>();
    for (const { metric, steps, epochs, samplesSeen, wallTimes, values, nonFinite } of JSON.parse(
      text,
    ) as Series[]) {
      expect(metrics.has(metric)).toBe(false);
      metrics.add(metric);
      rows[metric] ??= [];
      for (const [i, step] of steps.entries()) {
        const kind = nonFinite?.find(({ index }) => index === i)?.kind;
        const value = kind ? KINDS[kind] : values[i];
        rows[metric].push([step, epochs?.[i], samplesSeen?.[i], wallTimes?.[i], value]);
      }
    }
  }
  return rows;
}

test('batches carry every value of every point once, in order, whatever points have', () => {
  const value = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity)).map((one) => one || 0);
  const somePoint = fc.record(
    {
      step: fc.nat(),
      wallTime: fc.nat(),
      epoch: fc.nat(),
      samplesSeen: fc.nat(),
      values: fc.dictionary(fc.constantFrom('a', 'b', 'é'), value, { noNullPrototype: true }),
    },
    { requiredKeys: ['step', 'wallTime', 'values'] },
  );
  fc.assert(
    fc.property(fc.array(somePoint, { maxLength: 30 }), (points) => {
      const wanted: Record<string, unknown[]> = {};
      for (const { step, epoch, samplesSeen, wallTime, values } of points as Point[]) {
        for (const [metric, one] of Object.entries(values)) {
          wanted[metric] ??= [];
          wanted[metric].push([step, epoch, samplesSeen, wallTime, one]);
        }
      }
      expect(carried([...batches(points as Point[])])).toEqual(wanted);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('many points, and one point of very many metrics, are cut below the limit', () => {
  const many = Array.from({ length: 30_000 }, (_, step) => ({
    step,
    wallTime: step,
    values: { loss: Math.sin(step) },
  }));
  const wide = Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [`${i}`.padEnd(150, 'é'), i]));
  for (const points of [many, [{ step: 1, wallTime: 1, values: wide }]]) {
    const texts = [...batches(points)];
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(BATCH_BYTES);
    const count = Object.values(carried(texts)).reduce((sum, rows) => sum + rows.length, 0);
    expect(count).toBe(points.reduce((sum, { values }) => sum + Object.keys(values).length, 0));
  }
});
