import type { EarlyStopping } from './sweep.ts';
import { STOP_METRICS } from './sweep.ts';

/** Larger is better, and a run that diverged (NaN) is worse than any other. */
function worth(value: number, { metric }: EarlyStopping): number {
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY;
  return STOP_METRICS[metric] === 'maximise' ? value : -value;
}

/** Epochs of the rungs of a run of so many epochs: from, from·η, from·η² … before its end. */
export function rungs({ eta, from }: EarlyStopping & { kind: 'halving' }, epochs: number): number[] {
  const found: number[] = [];
  for (let at = from; at < epochs; at *= eta) found.push(at);
  return found;
}

/**
 * Whether a run goes on at a rung: if it is one of the best ⌊n/η⌋ (at least one) of the n that have reached it so far, itself among
 * them. It waits for nobody (ASHA: L. Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, in
 * its form that stops runs). `others` are the values that the others had at this rung; equal values rank alike.
 */
export function goesOn(
  stopping: EarlyStopping & { kind: 'halving' },
  value: number,
  others: readonly number[],
): boolean {
  const own = worth(value, stopping);
  if (own === Number.NEGATIVE_INFINITY) return false;
  const best = Math.max(1, Math.floor((others.length + 1) / stopping.eta));
  return others.filter((other) => worth(other, stopping) > own).length < best;
}

/**
 * The median stopping rule (D. Golovin et al., "Google Vizier", KDD 2017): a run is stopped when the best value that it has had is
 * worse than the median of the others' running averages up to the same epoch. `averages` are those of the others that got as far.
 */
export function isBelowMedian(
  stopping: EarlyStopping & { kind: 'median' },
  values: readonly number[],
  averages: readonly number[],
): boolean {
  if (values.length < stopping.after || averages.length < stopping.least) return false;
  const best = Math.max(...values.map((value) => worth(value, stopping)));
  const sorted = averages.map((value) => worth(value, stopping)).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle)
    ? (sorted[middle - 1]! + sorted[middle]!) / 2
    : sorted[Math.floor(middle)]!;
  return best < median;
}
