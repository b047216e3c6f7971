import { upperBound } from '../chart/sorted';

/** Points of one curve as columns of one length, in the order of their steps. NaN and ±∞ stand in `values` as they are. */
export interface Points {
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** NaN where not reported. */
  readonly epochs: readonly number[];
  readonly samples: readonly number[];
  /** Seconds since the attempt began. */
  readonly seconds: readonly number[];
}

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
  const column = (sent: readonly (number | null)[]): number[] => steps.map((_, i) => sent[i] ?? Number.NaN);
  return {
    steps,
    values: read,
    epochs: column(epochs),
    samples: column(samplesSeen),
    seconds: column(wallTimes),
  };
}

const COLUMNS = ['steps', 'values', 'epochs', 'samples', 'seconds'] as const;
type Growing = { [Column in keyof Points]: number[] };

/**
 * A curve that grows while it is drawn: points are put in at their place, late ones too, without copying what is there, as a curve may
 * have a million. Points of equal steps stay in the order in which they came.
 */
export class GrowingCurve {
  readonly #points: Growing = { steps: [], values: [], epochs: [], samples: [], seconds: [] };

  get points(): Points {
    return this.#points;
  }

  add(more: Points): void {
    const { steps } = this.#points;
    const inOrder = more.steps.every((step, i) => step >= (more.steps[i - 1] ?? steps.at(-1) ?? step));
    if (inOrder) this.#append(more);
    else this.#merge(more);
  }

  #append(more: Points): void {
    for (const column of COLUMNS) for (const value of more[column]) this.#points[column].push(value);
  }

  /** Appends, then sorts from the first place that changes on: late points are late by little. */
  #merge(more: Points): void {
    const least = more.steps.reduce((a, b) => Math.min(a, b));
    const from = upperBound(this.#points.steps, least);
    this.#append(more);
    const tail = COLUMNS.map((column) => this.#points[column].slice(from));
    const places = tail[0]!.map((_, i) => i).sort((a, b) => tail[0]![a]! - tail[0]![b]!);
    COLUMNS.forEach((column, c) => {
      places.forEach((place, i) => {
        this.#points[column][from + i] = tail[c]![place]!;
      });
    });
  }
}
