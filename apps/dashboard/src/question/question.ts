import {
  createParser,
  createSerializer,
  type inferParserType,
  parseAsArrayOf,
  parseAsFloat,
  parseAsInteger,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
} from 'nuqs';
import { type Axis, type Dimension, isAxis, isDimension } from '../axis/axis';
import { EVERYTHING, parseAsFilter } from '../filter/filter';
import type { SchemaType } from '../shell/client';
import { NO_RANGES, parseAsRanges } from './ranges';

export type RunValue = SchemaType<'RunValue'>;
export type Cost = SchemaType<'Cost'>;

/** What a run's value is called. */
export const VALUES: Readonly<Record<RunValue, string>> = {
  MEDIAN_LAST_5: 'median of the last five epochs',
  LAST: 'last',
  BEST: 'best',
  MAX: 'greatest',
  MIN: 'least',
  MEAN: 'mean',
  GPU_SECONDS: 'device seconds',
  SAMPLES: 'samples seen',
  STEPS: 'steps',
  STEPS_TO_GOAL: 'steps to the goal',
};
/** Values of the run itself, whatever the metric. */
export const isCostValue = (value: RunValue): boolean =>
  ['GPU_SECONDS', 'SAMPLES', 'STEPS', 'STEPS_TO_GOAL'].includes(value);

export const COSTS: Readonly<Record<Cost, string>> = {
  GPU_SECONDS: 'device seconds',
  SAMPLES: 'samples seen',
  STEPS: 'steps',
  STEPS_TO_GOAL: 'steps to the goal',
};
/** As the sentence says them: "Show a heat map of …". */
export const CHARTS = {
  lines: 'lines',
  heat: 'a heat map',
  pareto: 'the trade-off with cost',
  parallel: 'parallel coordinates',
  importance: 'the importance of axes',
  seeds: 'the distribution over seeds',
} as const;
export const BANDS = {
  sd: 'standard deviation',
  sem: 'standard error',
  ci95: '95 % interval',
  range: 'least to greatest',
  none: 'nothing',
} as const;

const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T & string)[];
const parseAsDimension = createParser<Dimension>({
  parse: (text) => (isDimension(text) ? text : null),
  serialize: String,
});
const parseAsAxis = createParser<Axis>({ parse: (text) => (isAxis(text) ? text : null), serialize: String });
const parseAsFacet = createParser<Dimension | 'NONE'>({
  parse: (text) => (text === 'NONE' || isDimension(text) ? text : null),
  serialize: String,
});

/** Every part of a question, with what it is unless the URL says otherwise. */
export const QUESTION = {
  chart: parseAsStringLiteral(keys(CHARTS)).withDefault('lines'),
  metric: parseAsString.withDefault('test_accuracy'),
  value: parseAsStringLiteral(keys(VALUES)).withDefault('MEDIAN_LAST_5'),
  x: parseAsDimension.withDefault('BATCH_SIZE'),
  /** Of the heat map. */
  y: parseAsDimension.withDefault('BASE_LEARNING_RATE'),
  series: parseAsArrayOf(parseAsDimension).withDefault(['BATCH_NORM']),
  rows: parseAsFacet.withDefault('NONE'),
  columns: parseAsFacet.withDefault('DATASET'),
  best: parseAsArrayOf(parseAsAxis).withDefault(['BASE_LEARNING_RATE']),
  /** Seeds to choose the best on; the others are reported. */
  select: parseAsArrayOf(parseAsInteger).withDefault([]),
  seeds: parseAsStringLiteral(['averaged', 'shown']).withDefault('averaged'),
  band: parseAsStringLiteral(keys(BANDS)).withDefault('sd'),
  cost: parseAsStringLiteral(keys(COSTS)).withDefault('GPU_SECONDS'),
  /** Of the trade-off: the best that takes at most so much is named. */
  within: parseAsFloat,
  /** Of the heat map: cells whose mean is within so much of the best are outlined. */
  near: parseAsFloat,
  /** Of parallel coordinates: what was brushed. */
  ranges: parseAsRanges.withDefault(NO_RANGES),
  where: parseAsFilter.withDefault(EVERYTHING),
};
export type Question = inferParserType<typeof QUESTION>;

export const useQuestion = () => useQueryStates(QUESTION, { history: 'push' });
/** The address of Explore with this question. */
export const exploreHref = createSerializer(QUESTION);

/** Axes that the best is chosen over: those that the question does not show anyway. */
export const bestOf = ({ best, chart, x, y, series, rows, columns }: Question): Axis[] => {
  const shown: Readonly<Record<Question['chart'], readonly (Dimension | 'NONE')[]>> = {
    lines: [x, ...series, rows, columns],
    seeds: [x, ...series, rows, columns],
    heat: [x, y, rows, columns],
    pareto: series,
    parallel: best,
    importance: best,
  };
  return best.filter((axis) => !shown[chart].includes(axis));
};

/** The panels' dimensions: rows and columns. */
export const facetsOf = ({ rows, columns }: Question): Dimension[] =>
  [rows, columns].filter((facet) => facet !== 'NONE');
