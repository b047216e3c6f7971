import { graphql, type ResultOf } from '../shell/client';
import { percent } from '../shell/format';

export const CurveColumns = graphql(`
  fragment CurveColumns on Curve {
    metric count steps values nonFinite { index kind } epochs samplesSeen wallTimes
  }
`);
export const CurvesAnswer = graphql(
  `
  fragment CurvesAnswer on Curves {
    metric of sampled method curves { run { key } ...CurveColumns }
  }
`,
  [CurveColumns],
);
export type Answered = ResultOf<typeof CurvesAnswer>;
export type AnsweredCurve = Answered['curves'][number];

/** Most points of a curve that are asked for at once: more than a screen has pixels. */
export const MOST_POINTS = 2000;

/** A metric's values, with as many digits as tell ticks apart. */
export const formatOf =
  (metric: string) =>
  (value: number, between = 0): string => {
    const digits = between > 0 ? Math.max(0, Math.ceil(-Math.log10(between) - 1e-9)) : undefined;
    if (metric.endsWith('accuracy')) return percent(value, Math.max(1, (digits ?? 4) - 2));
    const precise = Number(value.toPrecision(5));
    return String(
      digits === undefined ? precise : Number(value.toFixed(Math.min(digits + 1, 20))) || precise,
    );
  };

/** "test accuracy". */
export const metricWords = (metric: string): string => metric.replaceAll('_', ' ');
