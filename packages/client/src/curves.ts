import type { Client } from './client.ts';
import { graphql, type VariablesOf } from './documents.ts';
import { fromJson, numbers } from './non-finite.ts';

const AskCurves = graphql(`
  query Curves($where: RunFilter!, $metric: String!, $maxPoints: Int) {
    curves(where: $where, metric: $metric, maxPoints: $maxPoints) {
      metric sampled of method
      curves { run { key } steps epochs samplesSeen wallTimes values nonFinite { index kind } count }
    }
  }
`);

/** Points of one metric of one run in the order of their steps: columns of one length. */
export interface Curve {
  /** Key of the run. */
  readonly run: string;
  /** Whole numbers, exact up to 2^53. */
  readonly steps: Float64Array;
  /** NaN and ±∞ as they were reported. */
  readonly values: Float64Array;
  /** NaN where none was reported. */
  readonly epochs: Float64Array;
  /** NaN where none was reported. */
  readonly samplesSeen: Float64Array;
  /** Seconds since the attempt began. */
  readonly wallTimes: Float64Array;
  /** Points that there are, before any thinning. */
  readonly count: number;
}

export interface Curves {
  readonly metric: string;
  readonly curves: readonly Curve[];
  /** Whether points were left out, which happens only where `maxPoints` is given. */
  readonly sampled: boolean;
  /** Points that there are. */
  readonly of: number;
  /** How they were left out. */
  readonly method: string | null;
}

/** Complete curves of a metric as typed arrays, unless `maxPoints` asks for fewer points of each. */
export async function curves(client: Client, variables: VariablesOf<typeof AskCurves>): Promise<Curves> {
  const { curves: answer } = await client.query(AskCurves, variables);
  return {
    ...answer,
    curves: answer.curves.map(({ run, steps, epochs, samplesSeen, wallTimes, values, nonFinite, count }) => ({
      run: run.key,
      steps: numbers(steps),
      values: fromJson(values, nonFinite),
      epochs: numbers(epochs),
      samplesSeen: numbers(samplesSeen),
      wallTimes: numbers(wallTimes),
      count,
    })),
  };
}
