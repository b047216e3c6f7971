import type { CsvValue } from './csv.ts';
import type { Cell, Table, Title } from './table.ts';

type Goal = 'MAXIMISE' | 'MINIMISE' | 'NONE';
type Axes = Readonly<Record<string, unknown>>;
interface Group extends Axes {
  readonly unit: string;
  readonly n: number;
  readonly runs: number;
  readonly settings: number;
  readonly mean: number | null;
  readonly sd: number | null;
  readonly sem: number | null;
  readonly ci95: { readonly low: number; readonly high: number } | null;
  readonly min: number | null;
  readonly median: number | null;
  readonly max: number | null;
  readonly diverged: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly duplicates: number;
  readonly withoutValue: number;
  readonly varying: readonly string[];
  readonly best: ({ readonly candidates: number; readonly seeds: number } & Axes) | null;
  readonly runKeys?: { readonly keys: readonly string[]; readonly total: number };
}
export interface AggregateAnswer {
  readonly metric: string;
  readonly value: string;
  readonly goal: Goal;
  readonly runs: number;
  readonly groups: readonly (Group & { readonly params: Readonly<Record<string, unknown>> | null })[];
}
export interface PivotAnswer {
  readonly metric: string;
  readonly goal: Goal;
  readonly runs: number;
  readonly columns: readonly Axes[];
  readonly rows: readonly (Axes & {
    readonly cells: readonly PivotCell[];
  })[];
}
interface PivotCell {
  readonly state: string;
  readonly bestInRow: boolean;
  readonly bestInColumn: boolean;
  readonly group: Group | null;
}
export interface Asked {
  readonly by: readonly string[];
  readonly byParams: readonly string[];
  readonly best: readonly string[];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** The field of an axis. */
  readonly fields: (axis: string) => string;
}

const scalar = (value: unknown): CsvValue =>
  value === undefined || value === null
    ? null
    : typeof value === 'object'
      ? JSON.stringify(value)
      : (value as CsvValue);

function axisCell(field: string, value: unknown): Cell {
  if (value === undefined || value === null) return { text: '–' };
  if (field === 'baseLearningRate') return { power: Number(value) };
  if (typeof value === 'boolean') return { text: value ? 'on' : 'off' };
  if (field === 'budget') {
    const { unit, value: count, epochs } = value as { unit: string; value: number; epochs: number | null };
    const most = epochs === null ? '' : `, at most ${epochs} epochs`;
    return { text: `${count} ${unit.toLowerCase().replaceAll('_', ' ')}${most}` };
  }
  return { text: String(scalar(value)) };
}

const numeric = (lines: readonly Axes[], field: string): boolean =>
  lines.some((line) => typeof line[field] === 'number') &&
  lines.every((line) => line[field] === null || typeof line[field] === 'number');

const label = (line: Axes, fields: readonly string[]): string =>
  fields
    .map((field) => {
      const value = line[field];
      return `${field}=${field === 'budget' ? axisCell(field, value).text : (scalar(value) ?? '')}`;
    })
    .join(' ');

const SHOWN =
  'mean ± sd (n); sd has n − 1; n counts runs of one setting, or settings by their means over seeds';

const counts = (group: Group | null): CsvValue[] => [
  group?.mean ?? null,
  group?.sd ?? null,
  group?.n ?? 0,
  group?.unit ?? null,
  group?.runs ?? 0,
  group?.settings ?? 0,
  group?.sem ?? null,
  group?.ci95?.low ?? null,
  group?.ci95?.high ?? null,
  group?.min ?? null,
  group?.median ?? null,
  group?.max ?? null,
  group?.diverged ?? 0,
  group?.failed ?? 0,
  group?.unfinished ?? 0,
  group?.duplicates ?? 0,
  group?.withoutValue ?? 0,
  group?.varying.join(' ') ?? '',
];
const COUNTS = [
  'mean',
  'sd',
  'n',
  'unit',
  'runs',
  'settings',
  'sem',
  'ci95.low',
  'ci95.high',
  'min',
  'median',
  'max',
  'diverged',
  'failed',
  'unfinished',
  'duplicates',
  'withoutValue',
  'varying',
];

/** A line for each group. In bold: the best mean by the metric's goal, equal ones alike. */
export function aggregateTable(answer: AggregateAnswer, { by, byParams, best, fields }: Asked): Table {
  const { metric, value, goal, groups, runs } = answer;
  const [axes, chosen] = [by.map(fields), best.map(fields)];
  const means = groups.flatMap(({ mean }) => mean ?? []);
  const top =
    goal === 'NONE'
      ? undefined
      : means.reduce(
          (a, b) => (goal === 'MAXIMISE' ? Math.max(a, b) : Math.min(a, b)),
          means[0] ?? Number.NaN,
        );
  const others = ['diverged', 'failed', 'unfinished'] as const;
  return {
    machine: {
      names: [
        ...axes,
        ...byParams.map((name) => `params.${name}`),
        ...COUNTS,
        ...chosen.map((field) => `best.${field}`),
        ...(best.length > 0 ? ['best.candidates', 'best.seeds'] : []),
      ],
      rows: groups.map((group) => [
        ...axes.map((field) => scalar(group[field])),
        ...byParams.map((name) => scalar(group.params?.[name])),
        ...counts(group),
        ...chosen.map((field) => scalar(group.best?.[field])),
        ...(best.length > 0 ? [group.best?.candidates ?? null, group.best?.seeds ?? null] : []),
      ]),
    },
    people: {
      titles: [
        ...axes.map((axis): Title[] => [{ axis, right: numeric(groups, axis) }]),
        ...byParams.map((text): Title[] => [{ text }]),
        [{ text: heading(metric), right: true }],
        ...chosen.map((axis): Title[] => [
          { text: 'best' },
          {
            axis,
            right: numeric(
              groups.flatMap((group) => group.best ?? []),
              axis,
            ),
          },
        ]),
        ...others.map((text): Title[] => [{ text, right: true }]),
      ],
      rows: groups.map((group) => [
        ...axes.map((field) => axisCell(field, group[field])),
        ...byParams.map((name): Cell => ({ text: String(scalar(group.params?.[name]) ?? '–') })),
        valueCell(group, group.mean !== null && group.mean === top),
        ...chosen.map((field): Cell => (group.best ? axisCell(field, group.best[field]) : { text: '–' })),
        ...others.map((name): Cell => ({ text: String(group[name]) })),
      ]),
    },
    notes: [`${metric}, ${words(value)}: ${SHOWN}`, ...boldNote(goal, 'of the table')],
    runs,
    keys: groups.map((group) => ({
      of:
        [label(group, axes), ...byParams.map((name) => `${name}=${scalar(group.params?.[name]) ?? ''}`)]
          .filter(Boolean)
          .join(' ') || 'all',
      ...keysOf(group),
    })),
  };
}

/** Rows × columns, or in CSV a few columns of each column. In bold: the best of each row or of each column. */
export function pivotTable(
  answer: PivotAnswer,
  { rows, columns, fields }: Asked,
  metric: string,
  bold: string,
): Table {
  const [down, across] = [rows.map(fields), columns.map(fields)];
  const labels = answer.columns.map((column) => label(column, across));
  const best = bestWhere(answer, bold);
  return {
    machine: {
      names: [
        ...down,
        ...labels.flatMap((one) =>
          ['mean', 'sd', 'n', 'state', 'bestInRow', 'bestInColumn'].map((part) => `${one} ${part}`),
        ),
      ],
      rows: answer.rows.map((row) => [
        ...down.map((field) => scalar(row[field])),
        ...row.cells.flatMap(({ group, state, bestInRow, bestInColumn }): CsvValue[] => [
          group?.mean ?? null,
          group?.sd ?? null,
          group?.n ?? 0,
          state,
          bestInRow,
          bestInColumn,
        ]),
      ]),
    },
    people: {
      titles: [
        ...down.map((axis): Title[] => [{ axis, right: numeric(answer.rows, axis) }]),
        ...answer.columns.map((column): Title[] =>
          across.map((axis) => ({ axis, value: axisCell(axis, column[axis]), right: true })),
        ),
      ],
      rows: answer.rows.map((row) => [
        ...down.map((field) => axisCell(field, row[field])),
        ...row.cells.map((cell) =>
          cell.group?.mean == null
            ? { text: STATES[cell.state] ?? words(cell.state) }
            : valueCell(cell.group, best(cell)),
        ),
      ]),
    },
    notes: [
      `${heading(metric)}: ${SHOWN}`,
      '–: there is no run; a word: why the runs there are have no mean',
      ...(bold === 'NONE'
        ? []
        : boldNote(answer.goal, bold === 'ALL' ? 'of the whole table' : `of each ${bold.toLowerCase()}`)),
    ],
    runs: answer.runs,
    keys: answer.rows.flatMap((row) =>
      row.cells.map(({ group }, i) => ({ of: `${label(row, down)} ${labels[i]}`, ...keysOf(group) })),
    ),
  };
}

/** The best of the whole table is the best of its row, and of all those. */
function bestWhere({ goal, rows }: PivotAnswer, bold: string): (cell: PivotCell) => boolean {
  if (bold === 'ROW') return ({ bestInRow }) => bestInRow;
  if (bold === 'COLUMN') return ({ bestInColumn }) => bestInColumn;
  if (bold !== 'ALL') return () => false;
  const means = rows.flatMap(({ cells }) => cells.flatMap((one) => (one.bestInRow ? one.group!.mean! : [])));
  const best = means.reduce((a, b) => (goal === 'MINIMISE' ? Math.min(a, b) : Math.max(a, b)), means[0] ?? 0);
  return ({ bestInRow, group }) => bestInRow && group!.mean === best;
}

const STATES: Record<string, string> = { MISSING: '–' };
const words = (name: string): string => name.toLowerCase().replaceAll('_', ' ');
const heading = (metric: string): string => (metric.endsWith('accuracy') ? `${metric} in %` : metric);
const boldNote = (goal: Goal, where: string): string[] =>
  goal === 'NONE' ? [] : [`bold: the ${goal === 'MAXIMISE' ? 'greatest' : 'least'} mean ${where}`];

const valueCell = ({ mean, sd, n }: Group, bold: boolean): Cell =>
  mean === null ? { text: '–' } : { mean, sd, n, bold };
const keysOf = (group: Group | null) => ({
  keys: group?.runKeys?.keys ?? [],
  total: group?.runKeys?.total ?? 0,
});
