import { toJson } from '../non-finite.ts';
import type { Series } from './documents.ts';

/** One point of some metrics of a run. */
export interface Point {
  readonly step: number;
  readonly epoch?: number;
  readonly samplesSeen?: number;
  /** Seconds since the attempt began. */
  readonly wallTime: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Most bytes of one batch, so that two and what is around them fit into one message. */
export const BATCH_BYTES = 440_000;

/**
 * The columns of points as JSON, in as few batches as may be: each below `BATCH_BYTES`, and in each a metric has epochs, and
 * samples seen, at all of its points or at none.
 */
export function* batches(points: readonly Point[]): Generator<string> {
  for (const alike of uniform(points)) yield* fitting(alike);
}

function* fitting(points: readonly Point[]): Generator<string> {
  const text = JSON.stringify(columns(points));
  if (Buffer.byteLength(text) <= BATCH_BYTES) {
    yield text;
    return;
  }
  const halves = points.length > 1 ? inTwo(points) : splitPoint(points[0]!);
  if (halves.length < 2) yield text;
  else for (const half of halves) yield* fitting(half);
}

const inTwo = (points: readonly Point[]): Point[][] => {
  const half = points.length >> 1;
  return [points.slice(0, half), points.slice(half)];
};

/** One point of so many metrics that they do not fit into a batch. */
function splitPoint(point: Point): Point[][] {
  const values = Object.entries(point.values);
  if (values.length < 2) return [[point]];
  const half = values.length >> 1;
  return [values.slice(0, half), values.slice(half)].map((some) => [
    { ...point, values: Object.fromEntries(some) },
  ]);
}

const shapeOf = ({ epoch, samplesSeen }: Point): number =>
  (epoch === undefined ? 0 : 1) + (samplesSeen === undefined ? 0 : 2);

/** Cuts where a metric's points begin, or cease, to have an epoch or samples seen. */
function* uniform(points: readonly Point[]): Generator<readonly Point[]> {
  let from = 0;
  let shapes = new Map<string, number>();
  for (const [i, point] of points.entries()) {
    const shape = shapeOf(point);
    const metrics = Object.keys(point.values);
    if (metrics.some((metric) => (shapes.get(metric) ?? shape) !== shape)) {
      yield points.slice(from, i);
      from = i;
      shapes = new Map();
    }
    for (const metric of metrics) shapes.set(metric, shape);
  }
  if (from < points.length) yield from === 0 ? points : points.slice(from);
}

interface Column {
  readonly points: Point[];
  readonly values: number[];
}

/** A series for each metric. */
function columns(points: readonly Point[]): Series[] {
  const byMetric = new Map<string, Column>();
  for (const point of points) {
    for (const metric in point.values) {
      let column = byMetric.get(metric);
      if (!column) {
        column = { points: [], values: [] };
        byMetric.set(metric, column);
      }
      column.points.push(point);
      column.values.push(point.values[metric]!);
    }
  }
  return [...byMetric].map(([metric, { points: mine, values }]) => ({
    metric,
    steps: mine.map(({ step }) => step),
    wallTimes: mine.map(({ wallTime }) => wallTime),
    ...toJson(values),
    ...(mine[0]!.epoch === undefined ? {} : { epochs: mine.map(({ epoch }) => epoch!) }),
    ...(mine[0]!.samplesSeen === undefined
      ? {}
      : { samplesSeen: mine.map(({ samplesSeen }) => samplesSeen!) }),
  }));
}
