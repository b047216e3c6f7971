import quantile from '@stdlib/stats-base-dists-t-quantile';

export interface Statistics {
  readonly n: number;
  readonly mean: number | null;
  readonly sd: number | null;
  readonly sem: number | null;
  readonly ci95: { low: number; high: number } | null;
  readonly min: number | null;
  readonly median: number | null;
  readonly max: number | null;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** n, mean, deviation (n − 1), standard error, 95 % interval by Student's t (null below two), minimum, median, maximum. */
export function statistics(values: readonly number[]): Statistics {
  const n = values.length;
  if (n === 0) return { n, mean: null, sd: null, sem: null, ci95: null, min: null, median: null, max: null };
  const centre = mean(values);
  const sorted = [...values].sort((a, b) => a - b);
  const median = (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
  const ends = { min: sorted[0]!, median, max: sorted[n - 1]! };
  if (n === 1) return { n, mean: centre, sd: null, sem: null, ci95: null, ...ends };
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1));
  const sem = sd / Math.sqrt(n);
  const reach = quantile(0.975, n - 1) * sem;
  return { n, mean: centre, sd, sem, ci95: { low: centre - reach, high: centre + reach }, ...ends };
}
