/**
 * Places of at most `most` points of a curve, by its values in the order of steps: buckets of equal count, the first and the last
 * point and each bucket's least and greatest kept (of a bucket that is all NaN its first). Deterministic, and no spike is lost.
 */
export function thinned(values: ArrayLike<number>, most: number): number[] {
  const n = values.length;
  if (n <= most) return Array.from(values, (_, i) => i);
  const kept = new Set<number>([0, n - 1]);
  const buckets = Math.max(1, Math.floor((most - 2) / 2));
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * n) / buckets);
    const to = Math.floor(((b + 1) * n) / buckets);
    let [low, high] = [from, from];
    for (let i = from + 1; i < to; i++) {
      const value = values[i]!;
      // A NaN is neither, and gives way to every number.
      if (value < values[low]! || (Number.isNaN(values[low]!) && !Number.isNaN(value))) low = i;
      if (value > values[high]! || (Number.isNaN(values[high]!) && !Number.isNaN(value))) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b);
}
