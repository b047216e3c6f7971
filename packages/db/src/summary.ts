import type { Numbers } from './rows.ts';

/** What is kept of one metric of one run beside its points; as run_metric has it. */
export interface Summary {
  readonly count: number;
  readonly nonFinite: number;
  readonly last: number;
  readonly lastStep: number;
  readonly min: number | null;
  readonly minStep: number | null;
  readonly max: number | null;
  readonly maxStep: number | null;
  readonly sum: number;
  /** The last five by step, oldest first. */
  readonly tail: readonly number[];
}

/**
 * Of points in the order in which they came. As mergeSummaries in points.ts works it out in SQL: of equal extremes the least
 * step counts, of equal steps the later point; values that are not finite enter no extreme and no sum.
 */
export function summarise(steps: Numbers, values: Numbers): Summary {
  const count = values.length;
  let [nonFinite, sum, lastAt, rising] = [0, 0, 0, true];
  let [least, greatest] = [-1, -1];
  for (let i = 0; i < count; i++) {
    const step = steps[i]!;
    if (i > 0 && step < steps[i - 1]!) rising = false;
    if (step >= steps[lastAt]!) lastAt = i;
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    sum += value;
    if (least < 0 || value < values[least]! || (value === values[least] && step < steps[least]!)) least = i;
    if (greatest < 0 || value > values[greatest]! || (value === values[greatest] && step < steps[greatest]!))
      greatest = i;
  }
  const at = (place: number, column: Numbers): number | null => (place < 0 ? null : column[place]!);
  const places = Array.from({ length: count > 5 && rising ? 5 : count }, (_, i) => i);
  const tail = rising
    ? places.map((i) => values[count - places.length + i]!)
    : places.sort((a, b) => steps[a]! - steps[b]! || a - b).map((i) => values[i]!);
  return {
    count,
    nonFinite,
    last: values[lastAt]!,
    lastStep: steps[lastAt]!,
    min: at(least, values),
    minStep: at(least, steps),
    max: at(greatest, values),
    maxStep: at(greatest, steps),
    sum,
    tail: tail.slice(-5),
  };
}

/** A summary and that of points that came after; as the conflict of mergeSummaries merges them. */
export function merge(before: Summary, after: Summary): Summary {
  const lower = after.min !== null && (before.min === null || after.min < before.min);
  const higher = after.max !== null && (before.max === null || after.max > before.max);
  return {
    count: before.count + after.count,
    nonFinite: before.nonFinite + after.nonFinite,
    last: after.lastStep >= before.lastStep ? after.last : before.last,
    lastStep: Math.max(before.lastStep, after.lastStep),
    min: lower ? after.min : before.min,
    minStep: lower ? after.minStep : before.minStep,
    max: higher ? after.max : before.max,
    maxStep: higher ? after.maxStep : before.maxStep,
    sum: before.sum + after.sum,
    tail: [...before.tail, ...after.tail].slice(-5),
  };
}
