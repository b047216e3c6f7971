import {
  AxisFields,
  type Dimension,
  formatValue,
  groupingOf,
  nameOf,
  scaleOf,
  valueAt,
  valuesOf,
} from '../axis/axis';
import type { ParallelAxis } from '../chart/parallel';
import { ticksOf } from '../chart/ticks';
import type { Question } from '../question/question';
import { type Kept, keeps, type Ranges } from '../question/ranges';
import { graphql, type ResultOf, type VariablesOf } from '../shell/client';
import { formatOf, type Measured, quantityOf } from './statistics';

/** Each setting with its mean. */
export const ParallelSettings = graphql(
  `
  query ExploreSettings($where: RunFilter, $by: [Axis!]!, $byParams: [String!], $metric: String!, $value: RunValue!) {
    aggregate(where: $where, by: $by, byParams: $byParams, metric: $metric, value: $value) {
      goal
      groups { ...AxisFields params n unit mean sd diverged failed unfinished }
    }
  }
`,
  [AxisFields],
);
export type Setting = ResultOf<typeof ParallelSettings>['aggregate']['groups'][number];

/** The axis of what is measured, among the ranges and axes of a question. */
export const VALUE = 'value';
/** Most free parameters that the API tells groups apart by. */
export const MOST_PARAMS = 10;

export function variablesOf(
  { where, metric, value }: Question,
  dimensions: readonly Dimension[],
): VariablesOf<typeof ParallelSettings> {
  const { by, byParams } = groupingOf(dimensions);
  return { where, by, ...(byParams.length > 0 ? { byParams } : {}), metric, value };
}

/** An axis with the place of each setting on it, and how what is brushed there is said. */
export interface Ruler {
  readonly id: string;
  readonly axis: Omit<ParallelAxis, 'brushed'>;
  readonly valueIn: (setting: Setting) => unknown;
  readonly placeOf: (value: unknown) => number;
  /** Values that there are, in order. */
  readonly values: readonly unknown[];
  readonly numeric: boolean;
  readonly format: (value: unknown) => string;
}

export function rulersOf(
  settings: readonly Setting[],
  dimensions: readonly Dimension[],
  measured: Measured,
): Ruler[] {
  return [...dimensions.map((one) => rulerOf(settings, one)), rulerOfValue(settings, measured)];
}

function rulerOf(settings: readonly Setting[], dimension: Dimension): Ruler {
  const values = valuesOf(settings, dimension);
  const [id, name] = [dimension, nameOf(dimension)];
  const valueIn = (setting: Setting): unknown => valueAt(setting, dimension);
  const format = (value: unknown): string => formatValue(dimension, value);
  const numbers = values.filter((value) => typeof value === 'number');
  const wanted = scaleOf(dimension) ?? (dimension.startsWith('param:') ? 'linear' : null);
  if (wanted === null || numbers.length < values.length || numbers.length === 0) {
    const places = new Map(values.map((value, i) => [JSON.stringify(value), i]));
    const placeOf = (value: unknown): number => places.get(JSON.stringify(value)) ?? -1;
    return {
      id,
      axis: { id, name, names: values.map(format) },
      valueIn,
      placeOf,
      values,
      numeric: false,
      format,
    };
  }
  const [least, most] = [numbers[0]!, numbers.at(-1)!];
  if (wanted === 'log2' && least > 0) {
    const [low, high] = [Math.floor(Math.log2(least)), Math.ceil(Math.log2(most))];
    const range = [low, Math.max(high, low + 1), Math.ceil((high - low) / 12) || 1] as const;
    const axis = { id, name, range, format: (place: number) => format(2 ** place) };
    return {
      id,
      axis,
      valueIn,
      placeOf: (value) => Math.log2(value as number),
      values,
      numeric: true,
      format,
    };
  }
  const axis = { id, name, range: ticksOf(least, most), format };
  return { id, axis, valueIn, placeOf: Number, values, numeric: true, format };
}

function rulerOfValue(settings: readonly Setting[], measured: Measured): Ruler {
  const means = [...new Set(settings.flatMap(({ mean }) => mean ?? []))].sort((a, b) => a - b);
  const format = formatOf(measured) as (value: unknown) => string;
  const axis = {
    id: VALUE,
    name: quantityOf(measured),
    range: ticksOf(means[0] ?? 0, means.at(-1) ?? 1),
    format,
  };
  return {
    id: VALUE,
    axis,
    valueIn: ({ mean }) => mean,
    placeOf: Number,
    values: means,
    numeric: true,
    format,
  };
}

/** What a brush keeps: numbers from the first to the last value inside of it, or the names inside of it. */
export function keptBy(ruler: Ruler, places: readonly (readonly [number, number])[]): Kept | undefined {
  if (places.length === 0) return undefined;
  const inside = ([low, high]: readonly [number, number]): unknown[] =>
    ruler.values.filter((value) => {
      const place = ruler.placeOf(value);
      return place >= low && place <= high;
    });
  if (!ruler.numeric) {
    const values = new Set(places.flatMap(inside));
    return { in: [...values] };
  }
  return {
    ranges: places.map((range): readonly [number, number] => {
      const values = inside(range) as number[];
      if (values.length > 0) return [values[0]!, values.at(-1)!];
      return ruler.placeOf(2) === 1 ? [2 ** range[0], 2 ** range[1]] : range;
    }),
  };
}

/** Where a brush is drawn: a little around its values, or one value's would have no height. */
export function brushedAt(ruler: Ruler, kept: Kept | undefined): (readonly [number, number])[] {
  if (!kept) return [];
  if ('in' in kept) {
    const places = kept.in.map(ruler.placeOf).filter((place) => place >= 0);
    return places.map((place) => [place, place]);
  }
  const [min, max] = ruler.axis.range ?? [0, 1];
  const edge = (max - min) / 200;
  return kept.ranges.map(([low, high]) => [ruler.placeOf(low) - edge, ruler.placeOf(high) + edge]);
}

export const selectedOf = (
  settings: readonly Setting[],
  rulers: readonly Ruler[],
  ranges: Ranges,
): Setting[] =>
  settings.filter((setting) => rulers.every(({ id, valueIn }) => keeps(ranges[id], valueIn(setting))));
