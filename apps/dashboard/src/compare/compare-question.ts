import {
  createSerializer,
  type inferParserType,
  parseAsInteger,
  parseAsStringLiteral,
  useQueryStates,
} from 'nuqs';
import type { Axis } from '../axis/axis';
import { EVERYTHING, parseAsFilter } from '../filter/filter';
import { isCostValue, QUESTION } from '../question/question';
import type { VariablesOf } from '../shell/client';
import { measure, number } from '../shell/format';
import type { Comparison } from './compare-query';

/** How the pairs are drawn. */
export const DRAWINGS = { sorted: 'differences, sorted', against: 'A against B' } as const;

const place = parseAsInteger.withDefault(0).withOptions({ history: 'replace' });

/** Every part of a comparison, with what it is unless the URL says otherwise. Without both sides there is none yet. */
export const COMPARE = {
  a: parseAsFilter,
  b: parseAsFilter,
  within: parseAsFilter.withDefault(EVERYTHING),
  ignoring: QUESTION.best.withDefault([]),
  best: QUESTION.best.withDefault([]),
  select: QUESTION.select,
  metric: QUESTION.metric,
  value: QUESTION.value,
  /** Axes that the difference is broken down by; all that vary where none is named. */
  by: QUESTION.best.withDefault([]),
  drawn: parseAsStringLiteral(Object.keys(DRAWINGS) as (keyof typeof DRAWINGS)[]).withDefault('sorted'),
  /** Pairs and unmatched settings that are left out before those that are shown. */
  pairs: place,
  unmatchedA: place,
  unmatchedB: place,
};
export type CompareQuestion = inferParserType<typeof COMPARE>;
/** With both sides. */
export type Sides = CompareQuestion & {
  readonly a: NonNullable<CompareQuestion['a']>;
  readonly b: NonNullable<CompareQuestion['b']>;
};

export const useCompareQuestion = () => useQueryStates(COMPARE, { history: 'push' });
/** The address of this comparison. */
export const compareHref = (question: Partial<CompareQuestion>): string => `/compare${serialise(question)}`;
const serialise = createSerializer(COMPARE);

/** Another comparison begins at its first pairs. */
export const FIRST = { pairs: 0, unmatchedA: 0, unmatchedB: 0 } as const;

export function variablesOf(question: Sides): VariablesOf<typeof Comparison> {
  const { a, b, within, ignoring, best, select, metric, value } = question;
  return {
    a,
    b,
    within,
    metric,
    value,
    ...(ignoring.length > 0 ? { ignoring } : {}),
    ...(best.length > 0 ? { best } : {}),
    ...(best.length > 0 && select.length > 0 ? { selectSeeds: select } : {}),
  };
}

/** A value of the metric, as everywhere. */
export const formatOf = ({ metric, value }: Sides): ((y: number | null) => string) =>
  isCostValue(value) ? number : (y) => measure(metric, y);

/** A difference: of shares in points, so that nobody takes it for a part of the value; always with its sign. */
export function differenceOf({ metric, value }: Sides): (y: number | null) => string {
  const points = metric.endsWith('accuracy') && !isCostValue(value);
  return (y) => {
    if (y === null) return '–';
    const size = points ? (100 * Math.abs(y)).toFixed(2) : number(Math.abs(y));
    return `${Number(size) === 0 ? '' : y < 0 ? '−' : '+'}${size}${points ? ' points' : ''}`;
  };
}

/** Axes of settings: those that can be ignored, chosen over, and looked at one by one. */
export const SETTING_AXES = [
  'BATCH_SIZE',
  'BASE_LEARNING_RATE',
  'BATCH_NORM',
  'DATASET',
  'MODEL',
  'WIDTH',
  'AUGMENTATION',
  'WARM_UP',
  'WEIGHT_DECAY',
  'MOMENTUM',
  'NESTEROV',
  'BN_BATCH',
  'BATCH_NORM_SCOPE',
  'BATCH_SCHEDULE',
  'SCHEDULE',
  'BUDGET',
  'EVALUATE_EVERY',
  'TRAINER_VERSION',
] as const satisfies readonly Axis[];
