/**
 * Exponential moving average: each value counts `weight` times as much as the next one. Its start is corrected, so that the first value is
 * the curve's own. Values that are not finite stay where they are and do not enter the average.
 */
export function smoothed(values: ArrayLike<number>, weight: number): number[] {
  let [average, total] = [0, 0];
  return Array.from(values, (value) => {
    if (!Number.isFinite(value)) return value;
    average = weight * average + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return average / total;
  });
}
