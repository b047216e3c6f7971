import { createParser, parseAsArrayOf } from 'nuqs';
import { ALL_AXES, AXES, type Axis, formatValue } from '../axis/axis';
import { VALUES } from '../question/question';
import type { SchemaType } from '../shell/client';
import { count, duration, measure, number, rate } from '../shell/format';
import type { Row } from './rows';

/** A run's own values of a metric; what it has cost is no metric. */
export const METRIC_VALUES = {
  MEDIAN_LAST_5: 'medianLast5',
  LAST: 'last',
  BEST: 'best',
  MAX: 'max',
  MIN: 'min',
  MEAN: 'mean',
} as const;
export type MetricValue = keyof typeof METRIC_VALUES;

export interface Column {
  /** In the URL: an axis, a field, `param:NAME` or `metric:NAME:VALUE`. */
  readonly id: string;
  readonly name: string;
  /** In pixels: all rows stand under each other without being measured. */
  readonly width: number;
  readonly right: boolean;
  readonly cell: (run: Row) => string;
  /** Of a moment: when, to be shown in the reader's zone. */
  readonly at?: (run: Row) => string | null;
  /** What orders runs by it; undefined where the API cannot. */
  readonly order: Omit<SchemaType<'RunOrder'>, 'direction'> | undefined;
}
type Field = SchemaType<'RunOrderField'>;

const field = (
  id: string,
  name: string,
  width: number,
  cell: Column['cell'],
  { right = false, order = undefined as Field | undefined } = {},
): Column => ({ id, name, width, right, cell, order: order && { field: order } });
const right = (order: Field) => ({ right: true, order });
const moment = (id: Field, name: string, at: (run: Row) => string | null): Column => ({
  ...field(id, name, 165, (run) => at(run) ?? '–', { order: id }),
  at,
});

const AXIS_WIDTHS: Partial<Record<Axis, number>> = {
  DATASET: 150,
  MEMBER: 140,
  SWEEP: 170,
  BATCH_SCHEDULE: 220,
  SCHEDULE: 220,
  BUDGET: 130,
  BASE_LEARNING_RATE: 140,
};
function axisColumn(axis: Axis): Column {
  const { name, field, scale } = AXES[axis];
  return {
    id: axis,
    name,
    width: AXIS_WIDTHS[axis] ?? Math.max(90, 40 + 7.5 * name.length),
    right: scale !== null,
    cell: (run) => {
      const value =
        field === 'dataset'
          ? run.dataset.name
          : field === 'member'
            ? run.member.name
            : field === 'sweep'
              ? run.sweep?.key
              : (run as Readonly<Record<string, unknown>>)[field];
      return value === null || value === undefined ? '–' : formatValue(axis, value);
    },
    order: { field: axis },
  };
}

/** Columns that every run has, in the order in which they are offered. */
export const COLUMNS: readonly Column[] = [
  field('STATUS', 'status', 120, statusOf, { order: 'STATUS' }),
  ...ALL_AXES.map(axisColumn),
  field('LEARNING_RATE', 'learning rate', 120, (run) => rate(run.learningRate), { right: true }),
  field('STEP', 'steps done', 110, (run) => count(run.step), right('STEP')),
  field('PLANNED_STEPS', 'planned steps', 120, (run) => count(run.plannedSteps), right('PLANNED_STEPS')),
  field('SAMPLES_SEEN', 'samples seen', 125, (run) => count(run.samplesSeen), right('SAMPLES_SEEN')),
  field(
    'DEVICE_SECONDS',
    'device time',
    115,
    (run) => duration(run.deviceSeconds || null),
    right('DEVICE_SECONDS'),
  ),
  moment('CREATED_AT', 'created', (run) => run.createdAt),
  moment('STARTED_AT', 'started', (run) => run.startedAt),
  moment('ENDED_AT', 'ended', (run) => run.endedAt),
  field('TAGS', 'tags', 180, (run) => run.tags.join(', ')),
  field('NOTE', 'note', 220, (run) => run.note ?? ''),
  field('REASON', 'reason', 220, (run) => run.reason ?? ''),
  field('LOCKED', 'locked', 90, (run) => (run.locked ? 'locked' : '')),
  field('DUPLICATE', 'duplicate', 110, (run) => (run.duplicate ? 'duplicate' : '')),
];
const known = new Map(COLUMNS.map((column) => [column.id, column]));

/** How a run stands in one word. */
export function statusOf(run: Pick<Row, 'status' | 'diverged'>): string {
  return run.diverged ? 'diverged' : run.status.toLowerCase();
}

export const metricColumnId = (name: string, value: MetricValue): string => `metric:${name}:${value}`;
export const paramColumnId = (name: string): string => `param:${name}`;

/** The column of an id; null where there is none of it. */
export function columnOf(id: string): Column | null {
  const column = known.get(id);
  if (column) return column;
  if (id.startsWith('param:') && id.length > 6) return paramColumn(id, id.slice(6));
  const [, name, value] = /^metric:(.+):([A-Z_0-9]+)$/s.exec(id) ?? [];
  return name !== undefined && value !== undefined && Object.hasOwn(METRIC_VALUES, value)
    ? metricColumn(id, name, value as MetricValue)
    : null;
}

function paramColumn(id: string, name: string): Column {
  return {
    id,
    name,
    width: Math.max(110, 40 + 7.5 * name.length),
    right: false,
    cell: ({ hyper, info }) => {
      const value = (hyper as Record<string, unknown>)[name] ?? (info as Record<string, unknown>)[name];
      return value === undefined || value === null
        ? '–'
        : typeof value === 'number'
          ? number(value)
          : typeof value === 'object'
            ? JSON.stringify(value)
            : String(value);
    },
    order: { param: name },
  };
}

function metricColumn(id: string, name: string, value: MetricValue): Column {
  const words = VALUES[value].replace('median of the last five epochs', 'median of 5');
  const said = `${name.replaceAll('_', ' ')}, ${words}`;
  return {
    id,
    name: said,
    width: 40 + 7.5 * said.length,
    right: true,
    cell: ({ metrics }) => {
      const found = metrics.find((one) => one.name === name);
      if (!found) return '–';
      const shown = found[METRIC_VALUES[value]];
      if (shown === null && value === 'LAST' && found.lastNonFinite) return NON_FINITE[found.lastNonFinite];
      const few = value === 'MEDIAN_LAST_5' && shown !== null && found.medianOf < 5;
      return measure(name, shown) + (few ? ` (of ${found.medianOf})` : '');
    },
    order: { metric: { name, value } },
  };
}
const NON_FINITE: Record<SchemaType<'NonFinite'>, string> = {
  NAN: 'NaN',
  POSITIVE_INFINITY: '∞',
  NEGATIVE_INFINITY: '−∞',
};

export const FIRST_COLUMNS: readonly string[] = [
  'STATUS',
  metricColumnId('test_accuracy', 'MEDIAN_LAST_5'),
  'DATASET',
  'MODEL',
  'BATCH_SIZE',
  'BASE_LEARNING_RATE',
  'BATCH_NORM',
  'SEED',
  'MEMBER',
  'DEVICE_SECONDS',
  'TAGS',
  'CREATED_AT',
];

/** One thing that rows are sorted by; in the URL its column's id, with "-" before it for downwards. */
export interface Sorting {
  readonly id: string;
  readonly down: boolean;
}
/** The API takes no more. */
export const MOST_SORTINGS = 5;

const sortable = (id: string): boolean => id === 'KEY' || columnOf(id)?.order !== undefined;
export const parseAsColumns = parseAsArrayOf(
  createParser<string>({ parse: (text) => (columnOf(text) ? text : null), serialize: String }),
);
export const parseAsSorting = parseAsArrayOf(
  createParser<Sorting>({
    parse: (text) => {
      const id = text.replace(/^-/, '');
      return sortable(id) ? { id, down: text !== id } : null;
    },
    serialize: ({ id, down }) => `${down ? '-' : ''}${id}`,
    eq: (a, b) => a.id === b.id && a.down === b.down,
  }),
);

/** As the API takes it; the newest first unless something is said. */
export const orderOf = (sorting: readonly Sorting[]): SchemaType<'RunOrder'>[] =>
  sorting.flatMap(({ id, down }) => {
    const order = id === 'KEY' ? { field: 'KEY' as const } : columnOf(id)?.order;
    return order ? [{ ...order, direction: down ? ('DESC' as const) : ('ASC' as const) }] : [];
  });

/** A click on a column's head sorts by it alone, upwards, downwards, not; with Shift beside what is there. */
export function sortedBy(sorting: readonly Sorting[], id: string, beside: boolean): Sorting[] {
  const now = sorting.find((one) => one.id === id);
  const next: Sorting[] = !now
    ? [{ id, down: startsDown(id) }]
    : now.down === startsDown(id)
      ? [{ id, down: !now.down }]
      : [];
  if (!beside) return next;
  return now
    ? sorting.flatMap((one) => (one.id === id ? next : [one]))
    : [...sorting, ...next].slice(0, MOST_SORTINGS);
}
/** Of results, costs and times the greatest is looked for first. */
const startsDown = (id: string): boolean =>
  id.startsWith('metric:') || id.endsWith('_AT') || id === 'DEVICE_SECONDS' || id === 'SAMPLES_SEEN';

/** Names of the metrics that these columns show. */
export const metricsOf = (ids: readonly string[]): string[] => [
  ...new Set(ids.flatMap((id) => /^metric:(.+):[A-Z_0-9]+$/s.exec(id)?.[1] ?? [])),
];
