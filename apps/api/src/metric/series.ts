import type { Series } from '@smallbatch/db';
import type { ProblemShape } from '../builder.ts';
import { metricNameProblem } from './schema.ts';

const COLUMNS = ['values', 'epochs', 'samplesSeen', 'wallTimes'] as const;

/** Whether every number of a column is right; where one is absent (NaN) it may be, in `epochs`, `samplesSeen` and `wallTimes`. */
const RIGHT = {
  steps: (value: number) => Number.isSafeInteger(value) && value >= 0,
  samplesSeen: (value: number) => (Number.isSafeInteger(value) && value >= 0) || Number.isNaN(value),
  epochs: (value: number) => Number.isFinite(Math.fround(value)) || Number.isNaN(value),
  wallTimes: (value: number) => Number.isFinite(Math.fround(value)) || Number.isNaN(value),
} as const;
const ALLOWED = {
  steps: 'a whole number from 0 to 2^53 - 1',
  samplesSeen: 'a whole number from 0 to 2^53 - 1',
  epochs: 'a number, less than 3.4e38',
  wallTimes: 'a number, less than 3.4e38',
} as const;

/** What is wrong with a series, by whatever way it came. `at` is where it stands in the request. */
export function seriesProblems(series: Series, at: readonly (string | number)[]): ProblemShape[] {
  const problems: ProblemShape[] = [];
  const bad = (field: string, value: unknown, message: string, allowed: string): void => {
    problems.push({ path: [...at, field], value, message, allowed });
  };
  const named = metricNameProblem(series.metric, [...at, 'metric']);
  if (named) problems.push(named);
  const { length } = series.steps;
  if (length === 0) bad('steps', [], 'invalid steps: no points', 'at least one point');
  for (const field of COLUMNS) {
    const column = series[field];
    if (column && column.length !== length)
      bad(
        field,
        column.length,
        `invalid ${field}: ${column.length} numbers for ${length} steps`,
        `${length} numbers`,
      );
  }
  for (const field of ['steps', 'samplesSeen', 'epochs', 'wallTimes'] as const) {
    const column = series[field];
    const right = RIGHT[field];
    for (let i = 0; column && i < column.length; i++) {
      if (right(column[i]!)) continue;
      bad(field, column[i], `invalid ${field} at place ${i}`, ALLOWED[field]);
      break;
    }
  }
  return problems;
}

/** A metric that comes several times in one batch comes once: its points in the order in which they came. */
export function oncePerMetric(series: readonly Series[]): readonly Series[] {
  const byMetric = new Map<string, Series[]>();
  for (const one of series) {
    const before = byMetric.get(one.metric);
    if (before) before.push(one);
    else byMetric.set(one.metric, [one]);
  }
  if (byMetric.size === series.length) return series;
  return [...byMetric.values()].map((parts) => (parts.length === 1 ? parts[0]! : joined(parts)));
}

function joined(parts: readonly Series[]): Series {
  const count = parts.reduce((sum, { steps }) => sum + steps.length, 0);
  const column = (of: (part: Series) => ArrayLike<number> | null | undefined): Float64Array | null => {
    if (!parts.some(of)) return null;
    const all = new Float64Array(count).fill(Number.NaN);
    let at = 0;
    for (const part of parts) {
      const own = of(part);
      if (own) all.set(own, at);
      at += part.steps.length;
    }
    return all;
  };
  return {
    ...parts[0]!,
    steps: column(({ steps }) => steps)!,
    values: column(({ values }) => values)!,
    epochs: column(({ epochs }) => epochs),
    samplesSeen: column(({ samplesSeen }) => samplesSeen),
    wallTimes: column(({ wallTimes }) => wallTimes),
  };
}
