import { widthOf } from './drawing';
import type { LinesProps } from './lines';
import { ticksOf } from './ticks';

export interface Tick {
  readonly at: number;
  readonly name: string;
}
/** Where everything of a chart of lines lies, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly legend: readonly LegendItem[];
}
export interface LegendItem {
  readonly line: number;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const LEGEND_ROW = 24;
const SAMPLE = 34;

export function frameOf(props: LinesProps, { width, height }: { width: number; height: number }): Frame {
  const { lines, formatX, formatY, scale, xNames = [], yRange } = props;
  const ys = lines.flatMap(({ points, dots = [] }) => [...points, ...dots].map(({ y }) => y));
  const [yLow, yHigh, step] = yRange?.[2] !== undefined ? yRange : ticksOf(...endsOf(yRange ?? ys));
  const yValues = Array.from({ length: Math.round((yHigh - yLow) / step!) + 1 }, (_, i) =>
    Number((yLow + i * step!).toPrecision(12)),
  );
  const yNames = yValues.map(formatY);
  const legend = lines.length > 1 ? legendOf(lines, width) : { items: [], height: 0 };
  const left = Math.ceil(Math.max(...yNames.map(widthOf))) + 12;
  const [top, bottom, right] = [legend.height + 28, height - 44 + legend.height, width - 16];
  const y = (value: number): number => rounded(bottom - ((value - yLow) / (yHigh - yLow)) * (bottom - top));

  // On a log-2 axis equal factors are equal distances: the places are the logarithms, the labels the numbers.
  const place = (value: number): number => (scale === 'log2' ? Math.log2(value) : value);
  const xs = props.xRange ?? lines.flatMap(({ points, dots = [] }) => [...points, ...dots].map(({ x }) => x));
  const [least, most] = endsOf(xs.map(place));
  const [xLow, xHigh] =
    scale === 'names'
      ? [-0.5, Math.max(xNames.length, 1) - 0.5]
      : scale === 'log2'
        ? [Math.floor(least), Math.max(Math.ceil(most), Math.floor(least) + 1)]
        : least === most
          ? [least - 1, most + 1]
          : [least, most];
  const pad = scale === 'names' ? 0 : 14;
  const across = (at: number): number =>
    rounded(left + pad + ((at - xLow) / (xHigh - xLow)) * (right - left - 2 * pad));
  return {
    ...{ width, height: height + legend.height, left, right, top, bottom, y },
    x: (value) => across(place(value)),
    xTicks: thinned(
      scale === 'names'
        ? xNames.map((name, i) => ({ at: across(i), name }))
        : scale === 'log2'
          ? whole(xLow, xHigh).map((power) => ({ at: across(power), name: formatX(2 ** power) }))
          : linear(xLow, xHigh).map((value) => ({ at: across(value), name: formatX(value) })),
    ),
    yTicks: yValues.map((value, i) => ({ at: y(value), name: yNames[i]! })),
    legend: legend.items,
  };
}

/** Of whole pixels a tenth: the same on the server and in the browser, and no longer than it shows. */
const rounded = (pixels: number): number => Math.round(pixels * 10) / 10;

function endsOf(values: readonly (number | undefined)[]): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === undefined) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return least <= most ? [least, most] : [0, 1];
}

const whole = (low: number, high: number): number[] =>
  Array.from({ length: high - low + 1 }, (_, i) => low + i);

/** Round numbers inside the axis, which ends where the values do. */
function linear(low: number, high: number): number[] {
  const [first, last, step] = ticksOf(low, high);
  const count = Math.round((last - first) / step) + 1;
  return Array.from({ length: count }, (_, i) => Number((first + i * step).toPrecision(12))).filter(
    (value) => value >= low && value <= high,
  );
}

/** As many labels as have room beside each other. */
function thinned(ticks: readonly Tick[]): Tick[] {
  if (ticks.length < 2) return [...ticks];
  const room = Math.abs(ticks[1]!.at - ticks[0]!.at);
  const every = Math.ceil((Math.max(...ticks.map(({ name }) => widthOf(name))) + 8) / room);
  return ticks.filter((_, i) => i % every === 0);
}

/** Names in rows above the chart, each row as full as the width lets it be. */
function legendOf(lines: LinesProps['lines'], width: number): { items: LegendItem[]; height: number } {
  let [x, y] = [0, 0];
  const items = lines.map(({ name }, line) => {
    const wide = SAMPLE + widthOf(name) + 16;
    if (x > 0 && x + wide > width) [x, y] = [0, y + LEGEND_ROW];
    const item = { line, name, x, y, width: wide };
    x += wide;
    return item;
  });
  return { items, height: y + LEGEND_ROW };
}
