import { upperBound } from '../chart/sorted';
import { count, duration, number } from '../shell/format';
import type { Points } from './points';

/** What a curve is drawn over. */
export const X_AXES = {
  step: {
    name: 'step',
    column: 'steps',
    format: (x: number) => (Number.isInteger(x) ? count(x) : number(x)),
  },
  epoch: { name: 'epoch', column: 'epochs', format: number },
  samples: {
    name: 'samples seen',
    column: 'samples',
    format: (x: number) => (Number.isInteger(x) ? count(x) : number(x)),
  },
  time: { name: 'training time', column: 'seconds', format: duration },
} as const;
export type XAxis = keyof typeof X_AXES;
export const X_KINDS = Object.keys(X_AXES) as XAxis[];

/** Empty where no point has a place on this axis. */
export const xOf = (points: Points, axis: XAxis): ArrayLike<number> =>
  axis === 'time' ? throughAttempts(points.seconds) : points[X_AXES[axis].column];

/** Seconds begin anew with each attempt that goes on from a checkpoint: here they run on. */
function throughAttempts(seconds: ArrayLike<number>): ArrayLike<number> {
  let before = 0;
  let through: Float64Array | undefined;
  for (let i = 1; i < seconds.length; i++) {
    const last = seconds[i - 1]!;
    if (seconds[i]! < last) {
      through ??= Float64Array.from(seconds);
      before += last;
    }
    if (through) through[i] = before + seconds[i]!;
  }
  return through ?? seconds;
}

/** Whether every point has a place on this axis. */
export function hasX(points: Points, axis: XAxis): boolean {
  const x = points[X_AXES[axis].column];
  if (x.length < points.steps.length) return false;
  for (let i = 0; i < x.length; i++) if (!Number.isFinite(x[i]!)) return false;
  return true;
}

export type Range = readonly [from: number, to: number];

/** The steps to ask for so that a range is filled to its edges: those inside, and one more at each side. */
export function stepsWithin(points: Points, axis: XAxis, [from, to]: Range): Range | undefined {
  const { steps } = points;
  if (steps.length === 0) return undefined;
  if (axis === 'step') return [Math.max(0, Math.floor(from)), Math.max(0, Math.ceil(to))];
  const x = xOf(points, axis);
  if (x.length === 0) return undefined;
  const first = Math.max(0, upperBound(x, from) - 1);
  const last = Math.min(steps.length - 1, upperBound(x, to));
  return [steps[first]!, steps[last]!];
}

/** Nearer to the middle, or farther from it; a factor below one zooms in. On a log axis in its own distances. */
export function zoomed(range: Range, factor: number, log: boolean): Range {
  const [a, b] = log ? [Math.log(range[0]), Math.log(range[1])] : range;
  const [middle, half] = [(a + b) / 2, ((b - a) / 2) * factor];
  return back([middle - half, middle + half], log);
}

/** Moved by a part of its width. */
export function panned(range: Range, part: number, log: boolean): Range {
  const [a, b] = log ? [Math.log(range[0]), Math.log(range[1])] : range;
  const by = (b - a) * part;
  return back([a + by, b + by], log);
}

const back = ([a, b]: Range, log: boolean): Range => (log ? [Math.exp(a), Math.exp(b)] : [a, b]);

/** Inside what there is, as wide as before where that fits; all of it where the range is as wide: undefined. */
export function inside([from, to]: Range, [least, most]: Range): Range | undefined {
  const width = to - from;
  if (!(width > 0) || width >= most - least) return undefined;
  if (from < least) return [least, least + width];
  return to > most ? [most - width, most] : [from, to];
}
