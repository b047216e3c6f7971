import { type CurveColumns, pickPoints } from '@smallbatch/db';

/**
 * At most `most` points of a curve: buckets of equal count, the first and the last point and each bucket's least and greatest
 * kept. Deterministic, and no spike is lost.
 */
export function thin(curve: CurveColumns, most: number): CurveColumns {
  const n = curve.steps.length;
  if (n <= most) return curve;
  const kept = new Set<number>([0, n - 1]);
  const buckets = Math.max(1, Math.floor((most - 2) / 2));
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * n) / buckets);
    const to = Math.floor(((b + 1) * n) / buckets);
    let low = from;
    let high = from;
    for (let i = from; i < to; i++) {
      if (!(curve.values[i]! >= curve.values[low]!)) low = i;
      if (!(curve.values[i]! <= curve.values[high]!)) high = i;
    }
    kept.add(low).add(high);
  }
  const order = [...kept].sort((a, b) => a - b).slice(0, most);
  return pickPoints(curve, order);
}
