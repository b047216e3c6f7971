import {
  createSerializer,
  type inferParserType,
  parseAsBoolean,
  parseAsInteger,
  parseAsStringLiteral,
  useQueryStates,
} from 'nuqs';
import type { Axis } from '../axis/axis';
import { QUESTION } from '../question/question';

/** Where the best is marked. */
export const MARKS = {
  row: 'of each row',
  column: 'of each column',
  all: 'of the whole table',
  none: 'nowhere',
} as const;
export type Mark = keyof typeof MARKS;

/** Every part of a table's question, with what it is unless the URL says otherwise. */
export const PIVOT = {
  rows: QUESTION.best.withDefault(['BATCH_SIZE']),
  columns: QUESTION.best.withDefault(['DATASET', 'BATCH_NORM']),
  best: QUESTION.best,
  select: QUESTION.select,
  metric: QUESTION.metric,
  value: QUESTION.value,
  where: QUESTION.where,
  mark: parseAsStringLiteral(Object.keys(MARKS) as Mark[]).withDefault('row'),
  /** Whether each cell says which setting is its best. */
  settings: parseAsBoolean.withDefault(false),
  /** First row and column that are shown, from 1, of a table that is larger than a page. */
  row: parseAsInteger.withDefault(1),
  column: parseAsInteger.withDefault(1),
};
export type PivotQuestion = inferParserType<typeof PIVOT>;

export const usePivotQuestion = () => useQueryStates(PIVOT, { history: 'push' });
/** The address of a table with this question. */
export const pivotHref = createSerializer(PIVOT, {});

/** Axes that the best of a cell is chosen over: those that are neither rows nor columns. */
export const bestOf = ({ best, rows, columns }: PivotQuestion): Axis[] =>
  best.filter((axis) => !rows.includes(axis) && !columns.includes(axis));
