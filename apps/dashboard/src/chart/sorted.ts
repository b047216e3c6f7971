/** The first place whose value is greater. */
export function upperBound(sorted: ArrayLike<number>, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place whose value is nearest; −1 of none. */
export function nearest(sorted: ArrayLike<number>, value: number): number {
  const after = upperBound(sorted, value);
  if (after === 0) return sorted.length > 0 ? 0 : -1;
  if (after === sorted.length) return after - 1;
  return sorted[after]! - value < value - sorted[after - 1]! ? after : after - 1;
}
