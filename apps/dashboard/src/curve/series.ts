import type { DrawnCurve } from '../chart/curves';
import { type AnsweredCurve, metricWords } from './ask';
import type { LiveCurves } from './live';
import { type Points, pointsOf } from './points';
import { smoothed } from './smoothing';
import type { CurveViewState } from './view';
import { xOf } from './x-axis';

/** A curve as it is known here. */
export interface Series {
  readonly name: string;
  readonly points: Points;
  /** Points that there are of the steps asked for; more than those known where some were left out. */
  readonly of: number;
  readonly style: number;
  readonly runKey?: string;
}

export const seriesOf = (
  curve: AnsweredCurve & { run: { key: string } },
  name: string,
  style: number,
): Series => ({
  name,
  points: pointsOf({
    ...curve,
    steps: curve.steps.map(Number),
    samplesSeen: curve.samplesSeen.map(toNumber),
  }),
  of: curve.count,
  style,
  runKey: curve.run.key,
});
const toNumber = (value: unknown): number | null => (value === null ? null : Number(value));

/** Curves of these metrics as they are drawn, in their styles. */
export const liveSeries = ({ curves }: LiveCurves, metrics: readonly string[]): Series[] =>
  metrics.flatMap((metric, style) => {
    const curve = curves.get(metric);
    return curve ? [{ name: metricWords(metric), points: curve.points, of: curve.of, style }] : [];
  });

export function drawn({ name, points, style }: Series, { over, smooth }: CurveViewState): DrawnCurve {
  const x = xOf(points, over);
  return smooth > 0
    ? { name, x, y: smoothed(points.values, smooth), raw: points.values, style }
    : { name, x, y: points.values, style };
}
