import { upperBound } from '../chart/sorted';

/** Points of one curve as columns of one length, in the order of their steps. NaN and ±∞ stand in `values` as they are. */
export interface Points {
  readonly steps: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  /** NaN where not reported; empty where that is so of all. */
  readonly epochs: ArrayLike<number>;
  readonly samples: ArrayLike<number>;
  /** Seconds since the attempt began. */
  readonly seconds: ArrayLike<number>;
}
export const COLUMNS = ['steps', 'values', 'epochs', 'samples', 'seconds'] as const;
export const NO_POINTS: Points = { steps: [], values: [], epochs: [], samples: [], seconds: [] };

/** A curve as the API sends it. */
export interface SentCurve {
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
  readonly nonFinite: readonly { readonly index: number; readonly kind: keyof typeof KINDS }[];
  readonly epochs: readonly (number | null)[];
  readonly samplesSeen: readonly (number | null)[];
  readonly wallTimes: readonly number[];
}
const KINDS = {
  NAN: Number.NaN,
  POSITIVE_INFINITY: Number.POSITIVE_INFINITY,
  NEGATIVE_INFINITY: Number.NEGATIVE_INFINITY,
} as const;

export function pointsOf({ steps, values, nonFinite, epochs, samplesSeen, wallTimes }: SentCurve): Points {
  const read = values.map((value) => value ?? Number.NaN);
  for (const { index, kind } of nonFinite) read[index] = KINDS[kind];
  const column = (sent: readonly (number | null)[]): number[] =>
    sent.every((one) => one === null) ? [] : steps.map((_, i) => sent[i] ?? Number.NaN);
  return {
    steps,
    values: read,
    epochs: column(epochs),
    samples: column(samplesSeen),
    seconds: column(wallTimes),
  };
}

/** Points, and those of others beyond `after` and beyond their own last step, up to a step. */
export function continued(points: Points, by: Points, after: number, upTo: number): Points {
  const last = points.steps[points.steps.length - 1] ?? after;
  const from = upperBound(by.steps, last);
  const to = Math.max(from, upperBound(by.steps, upTo));
  if (from === to) return points;
  const length = points.steps.length + to - from;
  const column = (name: keyof Points): ArrayLike<number> => {
    if (points[name].length + by[name].length === 0) return [];
    const joined = new Float64Array(length).fill(Number.NaN);
    joined.set(points[name]);
    for (let i = from; i < to; i++) joined[points.steps.length + i - from] = by[name][i] ?? Number.NaN;
    return joined;
  };
  return Object.fromEntries(COLUMNS.map((name) => [name, column(name)])) as unknown as Points;
}
