import { upperBound } from './sorted';

/** A curve as it is drawn; NaN and ±∞ of `y` are marked where they are. */
export interface DrawnCurve {
  readonly name: string;
  /** Rising. */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** The values themselves, faint behind smoothed ones. */
  readonly raw?: ArrayLike<number> | undefined;
  /** Of the same length; not drawn where not finite. */
  readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> } | undefined;
  /** Which of the theme's styles. */
  readonly style: number;
}

export interface Scale {
  readonly log: boolean;
  readonly min: number;
  readonly max: number;
}
/** The plotting area and what its edges stand for. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: Scale;
  readonly y: Scale;
}

const along = ({ log, min, max }: Scale, value: number): number =>
  log ? (Math.log(value) - Math.log(min)) / (Math.log(max) - Math.log(min)) : (value - min) / (max - min);
export const placeX = ({ left, width, x }: Frame, value: number): number => left + width * along(x, value);
export const placeY = ({ top, height, y }: Frame, value: number): number =>
  top + height * (1 - along(y, value));

/** Takes a line: a canvas' path, or the text of an SVG's. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/** Indices of the points inside, and of one more at each side for the lines that leave. */
export function visible(x: ArrayLike<number>, { min, max }: Scale): [from: number, to: number] {
  return [Math.max(0, upperBound(x, min) - 1), Math.min(x.length, upperBound(x, max) + 1)];
}

const drawable = (value: number, { log }: Scale): boolean => Number.isFinite(value) && (!log || value > 0);

/** More points than this for each pixel are drawn as the least and the greatest of the pixel. */
const PER_PIXEL = 4;

/** Draws a line with a gap where a value cannot be drawn. → the points that stand alone between gaps, which a line does not show. */
export function drawLine(frame: Frame, x: ArrayLike<number>, y: ArrayLike<number>, pen: Pen): number[] {
  const [from, to] = visible(x, frame.x);
  if (to - from > PER_PIXEL * frame.width) {
    drawDense(frame, x, y, pen, from, to);
    return [];
  }
  const alone: number[] = [];
  let length = 0;
  for (let i = from; i <= to; i++) {
    const can = i < to && drawable(y[i]!, frame.y) && drawable(x[i]!, frame.x);
    if (can) {
      const [px, py] = [placeX(frame, x[i]!), placeY(frame, y[i]!)];
      if (length === 0) pen.moveTo(px, py);
      else pen.lineTo(px, py);
      length++;
      continue;
    }
    if (length === 1) alone.push(i - 1);
    length = 0;
  }
  return alone;
}

function drawDense(
  frame: Frame,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  pen: Pen,
  from: number,
  to: number,
): void {
  let [pixel, low, high, begun] = [Number.NaN, 0, 0, false];
  const flush = (): void => {
    if (Number.isNaN(pixel)) return;
    if (begun) pen.lineTo(pixel, placeY(frame, low));
    else pen.moveTo(pixel, placeY(frame, low));
    if (high !== low) pen.lineTo(pixel, placeY(frame, high));
    begun = true;
  };
  for (let i = from; i < to; i++) {
    if (!drawable(y[i]!, frame.y) || !drawable(x[i]!, frame.x)) {
      flush();
      [pixel, begun] = [Number.NaN, false];
      continue;
    }
    const at = Math.round(placeX(frame, x[i]!));
    if (at === pixel) {
      low = Math.min(low, y[i]!);
      high = Math.max(high, y[i]!);
      continue;
    }
    flush();
    [pixel, low, high] = [at, y[i]!, y[i]!];
  }
  flush();
}

/** The outline of a band; its parts are told apart by `moveTo`. */
export function drawBand(frame: Frame, { x, band }: DrawnCurve, pen: Pen): void {
  if (!band) return;
  const [from, to] = visible(x, frame.x);
  let part: number[] = [];
  const close = (): void => {
    if (part.length > 1) {
      part.forEach((i, k) => {
        const [px, py] = [placeX(frame, x[i]!), placeY(frame, band.high[i]!)];
        if (k === 0) pen.moveTo(px, py);
        else pen.lineTo(px, py);
      });
      for (const i of part.toReversed()) pen.lineTo(placeX(frame, x[i]!), placeY(frame, band.low[i]!));
    }
    part = [];
  };
  for (let i = from; i < to; i++)
    if (drawable(band.low[i]!, frame.y) && drawable(band.high[i]!, frame.y) && drawable(x[i]!, frame.x))
      part.push(i);
    else close();
  close();
}

/** A value that has no place: where it is on the x axis, and at which edge it is marked. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly kind: 'NaN' | '+∞' | '−∞' | '≤ 0';
}

export function marksOf(frame: Frame, { x, y }: DrawnCurve): Mark[] {
  const [from, to] = visible(x, frame.x);
  const [top, bottom] = [frame.top, frame.top + frame.height];
  const marks: Mark[] = [];
  for (let i = from; i < to; i++) {
    const value = y[i]!;
    if (drawable(value, frame.y) || x[i]! < frame.x.min || x[i]! > frame.x.max) continue;
    const kind = Number.isNaN(value)
      ? 'NaN'
      : value === Infinity
        ? '+∞'
        : Number.isFinite(value)
          ? '≤ 0'
          : '−∞';
    marks.push({ x: placeX(frame, x[i]!), y: kind === '+∞' ? top : bottom, kind });
  }
  return marks;
}

/** Least and greatest of what can be drawn of these curves between two places; undefined of nothing. */
export function extentY(
  curves: readonly DrawnCurve[],
  x: Scale | undefined,
  log: boolean,
): [number, number] | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (const curve of curves) {
    const [from, to] = x ? visible(curve.x, x) : [0, curve.x.length];
    for (const values of [curve.y, curve.raw, curve.band?.low, curve.band?.high])
      for (let i = from; values && i < to; i++) {
        const value = values[i]!;
        if (!Number.isFinite(value) || (log && value <= 0)) continue;
        if (value < least) least = value;
        if (value > most) most = value;
      }
  }
  return least <= most ? [least, most] : undefined;
}

export function extentX(curves: readonly DrawnCurve[], log: boolean): [number, number] | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (const { x } of curves) {
    const first = log ? upperBound(x, 0) : 0;
    if (first >= x.length) continue;
    if (x[first]! < least) least = x[first]!;
    if (x[x.length - 1]! > most) most = x[x.length - 1]!;
  }
  return least <= most ? [least, most] : undefined;
}

/** With some air, and never empty. */
export function padded([least, most]: readonly [number, number], log: boolean): [number, number] {
  if (log) {
    const air = (most / least) ** 0.05;
    return least === most ? [least / 2, most * 2] : [least / air, most * air];
  }
  const air = (most - least) * 0.05 || Math.abs(most) * 0.05 || 1;
  return [least - air, most + air];
}
