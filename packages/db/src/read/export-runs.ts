import type pg from 'pg';
import type { Goal } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { ColumnArrays, type ColumnKind, type ColumnValues, columnTypes } from './binary.ts';
import { compileFilter, Values } from './filter.ts';
import { type ExportQuery, fromSnapshot, type Snapshot } from './snapshot.ts';

export interface ExportColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Whether a text is JSON. */
  readonly json?: boolean;
  /** Whether every row has a value. */
  readonly required?: boolean;
}
/** Some rows as columns, in the order of the export's. It holds until the next page is asked for. */
export interface ExportPage {
  readonly count: number;
  readonly columns: readonly ColumnValues[];
}

/** The columns of every run, by the names that they have in the API, and the SQL of each over run, data set, member and sweep. */
const RUN: Record<string, readonly [kind: ColumnKind | 'json', sql: string]> = {
  key: ['text', 'r.key'],
  status: ['text', 'r.status::text'],
  diverged: ['boolean', 'r.diverged'],
  divergedStep: ['long', 'r.diverged_step'],
  reason: ['text', 'r.reason'],
  dataset: ['text', 'd.name'],
  datasetHash: ['text', 'd.hash'],
  model: ['text', 'r.model'],
  width: ['int', 'r.width'],
  batchSize: ['int', 'r.batch_size'],
  batchSchedule: ['json', 'r.batch_schedule::text'],
  baseLearningRate: ['double', 'r.base_learning_rate'],
  learningRate: ['double', 'r.base_learning_rate * r.batch_size'],
  schedule: ['json', 'r.schedule'],
  warmUp: ['boolean', 'r.warm_up'],
  momentum: ['double', 'r.momentum'],
  nesterov: ['boolean', 'r.nesterov'],
  weightDecay: ['double', 'r.weight_decay'],
  batchNorm: ['boolean', 'r.batch_norm'],
  batchNormScope: ['text', 'r.batch_norm_scope::text'],
  bnBatch: ['int', 'r.bn_batch'],
  augmentation: ['boolean', 'r.augmentation'],
  budgetUnit: ['text', 'r.budget_unit::text'],
  budgetValue: ['double', 'r.budget_value'],
  budgetEpochs: ['double', 'r.budget_epochs'],
  evaluateEvery: ['int', 'r.evaluate_every'],
  seed: ['long', 'r.seed'],
  configurationHash: ['text', 'r.configuration_hash'],
  settingHash: ['text', 'r.setting_hash'],
  trainerVersion: ['text', 'r.trainer_version'],
  duplicate: ['boolean', 'r.duplicate'],
  member: ['text', 'm.key'],
  sweep: ['text', 's.key'],
  engine: ['text', 'r.engine'],
  attempt: ['int', 'r.attempt'],
  step: ['long', 'r.step'],
  plannedSteps: ['long', 'r.planned_steps'],
  samplesSeen: ['long', 'r.samples_seen'],
  deviceSeconds: ['double', 'r.device_seconds'],
  createdAt: ['time', 'r.created_at'],
  startedAt: ['time', 'r.started_at'],
  endedAt: ['time', 'r.ended_at'],
};

/** Columns of every run that may be null. */
const NULLABLE = new Set([
  'divergedStep',
  'reason',
  'batchSchedule',
  'batchNormScope',
  'bnBatch',
  'budgetEpochs',
  'sweep',
  'engine',
  'startedAt',
  'endedAt',
]);
const RUN_COLUMNS: readonly ExportColumn[] = Object.entries(RUN).map(([name, [kind]]) => ({
  name,
  kind: kind === 'json' ? 'text' : kind,
  json: kind === 'json',
  required: !NULLABLE.has(name),
}));

/** What is told of each metric of a run, as `METRIC.last`. */
export const SUMMARY_PARTS = [
  'count',
  'nonFiniteCount',
  'last',
  'lastStep',
  'min',
  'max',
  'mean',
  'best',
  'bestStep',
  'medianLast5',
  'medianOf',
] as const;
export type SummaryPart = (typeof SUMMARY_PARTS)[number];
const PART_KIND: Partial<Record<SummaryPart, ColumnKind>> = {
  count: 'long',
  nonFiniteCount: 'long',
  lastStep: 'long',
  bestStep: 'long',
  medianOf: 'int',
};

export interface ExportRunsQuery extends ExportQuery {
  /** Only these metrics; all that a run of the filter has unless said. */
  readonly metrics?: readonly string[] | undefined;
  /** Only these free parameters; all unless said. */
  readonly params?: readonly string[] | undefined;
  readonly parts?: readonly SummaryPart[] | undefined;
  /** Most columns; `tooWide` makes the error of more. */
  readonly maxColumns: number;
  readonly tooWide: (columns: number, metrics: number, params: number) => Error;
}

export interface ExportedRuns {
  readonly time: Date;
  readonly columns: readonly ExportColumn[];
  readonly pages: AsyncGenerator<ExportPage>;
}

interface Param {
  readonly of: 'hyper' | 'info';
  readonly name: string;
  readonly kind: ColumnKind;
}
interface Metric {
  readonly id: number;
  readonly name: string;
  readonly goal: Goal;
}
type Head = { readonly time: Date; readonly columns: readonly ExportColumn[] };

/**
 * All runs of a filter, whole and from one moment, as pages of columns. Which columns there are is known before the first page:
 * two statements look for the names of the filter's metrics and free parameters.
 */
export async function exportRuns(db: Db, query: ExportRunsQuery): Promise<ExportedRuns> {
  const parts = query.parts ?? SUMMARY_PARTS;
  const stream = fromSnapshot<Head | ExportPage>(db, query, async function* (snapshot) {
    const metrics = await metricsOf(snapshot, query);
    const params = await paramsOf(snapshot, query);
    const columns: ExportColumn[] = [
      ...RUN_COLUMNS,
      ...params.map(({ of, name, kind }) => ({ name: `${of}.${name}`, kind })),
      ...metrics.flatMap(({ name }) =>
        parts.map((part) => ({ name: `${name}.${part}`, kind: PART_KIND[part] ?? ('double' as const) })),
      ),
    ];
    if (columns.length > query.maxColumns) throw query.tooWide(columns.length, metrics.length, params.length);
    yield { time: snapshot.time, columns };
    yield* pagesOf(snapshot, columns.length, metrics, params, parts, query.metrics !== undefined);
  });
  const { time, columns } = (await stream.next()).value as Head;
  return { time, columns, pages: stream as AsyncGenerator<ExportPage> };
}

/** Runs of a page: fewer when there are many columns. Nothing else is answered while a page is written, about 20 ms. */
const rowsOfPage = (columns: number): number => Math.max(512, Math.min(4096, Math.floor(200_000 / columns)));

async function* pagesOf(
  snapshot: Snapshot,
  width: number,
  metrics: readonly Metric[],
  params: readonly Param[],
  parts: readonly SummaryPart[],
  chosen: boolean,
): AsyncGenerator<ExportPage> {
  const arrays = new ColumnArrays();
  const load = async (): Promise<ExportPage | undefined> => {
    arrays.turn();
    const ids = await snapshot.next(rowsOfPage(width));
    if (ids.length === 0) return undefined;
    const columns = await runColumns(snapshot, ids, params, arrays);
    columns.push(...(await summaryColumns(snapshot, ids, metrics, parts, chosen, arrays)));
    return { count: ids.length, columns };
  };
  // The database reads the next page while this one is written.
  let next = load();
  try {
    for (;;) {
      const page = await next;
      if (!page) return;
      next = load();
      next.catch(() => {});
      yield page;
    }
  } finally {
    // Nothing may use the connection once it is given back.
    await next.catch(() => {});
  }
}

const SELECTED = Object.values(RUN);
const KINDS = [
  ...SELECTED.map(([kind]) => (kind === 'json' ? 'text' : kind)),
  'text' as const,
  'text' as const,
];
/** A column a row: a row with them all would be one message of megabytes, which the driver would put together by doubling. */
const inRows = (columns: readonly string[]): string =>
  `unnest(ARRAY[${columns.map((column) => `array_send(array_agg(${column}))`).join(', ')}])`;

const PAGE_OF_RUNS = `/* exportRuns */ SELECT ${inRows([...SELECTED.map((_, i) => `c${i}`), 'hyper', 'info'])}
  FROM (
    SELECT ${SELECTED.map(([, sql], i) => `${sql} AS c${i}`).join(', ')},
      CASE WHEN $2 AND r.hyper <> '{}' THEN r.hyper::text END AS hyper, CASE WHEN $2 AND r.info <> '{}' THEN r.info::text END AS info
    FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, place) JOIN run r ON r.id = q.id JOIN dataset d ON d.id = r.dataset_id
    JOIN member m ON m.id = r.member_id LEFT JOIN sweep s ON s.id = r.sweep_id ORDER BY q.place
  ) AS page`;

async function runColumns(
  { sql }: Snapshot,
  ids: readonly string[],
  params: readonly Param[],
  arrays: ColumnArrays,
): Promise<ColumnValues[]> {
  const { rows } = await sql.query<[ColumnValues]>(
    columns(PAGE_OF_RUNS, [ids, params.length > 0], KINDS, arrays),
  );
  const read = rows.slice(0, SELECTED.length).map(([column]) => column);
  if (params.length === 0) return read;
  const given = {
    hyper: paramsOfRows(rows[SELECTED.length]![0]),
    info: paramsOfRows(rows[SELECTED.length + 1]![0]),
  };
  for (const { of, name, kind } of params) {
    read.push(
      given[of].map((one) => {
        const value = one && Object.hasOwn(one, name) ? one[name]! : null;
        return value === null || kind !== 'text' || typeof value === 'string' ? value : JSON.stringify(value);
      }),
    );
  }
  return read;
}

type Params = Record<string, string | number | boolean>;
const paramsOfRows = (texts: ColumnValues): (Params | null)[] =>
  Array.from(texts, (text) => (text === null ? null : (JSON.parse(text as string) as Params)));

/** Columns of a summary: what `partOf` takes, by their SQL. */
const SUMMARY = {
  'q.place': 'long',
  's.count': 'long',
  's.non_finite_count': 'long',
  's.last': 'double',
  's.last_step': 'long',
  's.min': 'double',
  's.min_step': 'long',
  's.max': 'double',
  's.max_step': 'long',
  's.sum': 'double',
  's.median_last_5': 'double',
  'cardinality(s.tail)': 'int',
} as const satisfies Record<string, ColumnKind>;
type Summary = Record<keyof typeof SUMMARY, ColumnValues>;
const SUMMARY_COLUMNS = Object.keys(SUMMARY) as (keyof typeof SUMMARY)[];

/** OFFSET 0 keeps the planner from a join that reads the summaries of all runs for each page. */
const pageOfSummaries = (
  condition: string,
): string => `/* exportSummaries */ SELECT s.metric_id, ${inRows(SUMMARY_COLUMNS)}
  FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, place)
  CROSS JOIN LATERAL (SELECT * FROM run_metric WHERE run_id = q.id ${condition} OFFSET 0) AS s GROUP BY s.metric_id`;

async function summaryColumns(
  { sql }: Snapshot,
  ids: readonly string[],
  metrics: readonly Metric[],
  parts: readonly SummaryPart[],
  chosen: boolean,
  arrays: ColumnArrays,
): Promise<ColumnValues[]> {
  if (metrics.length === 0 || parts.length === 0) return [];
  const values = chosen ? [ids, metrics.map(({ id }) => id)] : [ids];
  const text = pageOfSummaries(chosen ? 'AND metric_id = ANY ($2)' : '');
  const { rows } = await sql.query<[string, ColumnValues]>(
    columns(text, values, Object.values(SUMMARY), arrays),
  );
  const byId = new Map<number, Partial<Summary>>();
  rows.forEach(([id, column], i) => {
    const found = byId.get(Number(id)) ?? {};
    found[SUMMARY_COLUMNS[i % SUMMARY_COLUMNS.length]!] = column;
    byId.set(Number(id), found);
  });
  return metrics.flatMap(({ id, goal }) => {
    const found = byId.get(id) as Summary | undefined;
    if (!found) return parts.map(() => arrays.any(ids.length).fill(null));
    const places = found['q.place'] as ArrayLike<number>;
    const whole = places.length === ids.length;
    return parts.map((part) => scatter(partOf(part, goal, found, arrays), places, whole, ids.length, arrays));
  });
}

/** Values of a part in the order of the summaries that were read. */
function partOf(part: SummaryPart, goal: Goal, found: Summary, arrays: ColumnArrays): ColumnValues {
  switch (part) {
    case 'count':
      return found['s.count'];
    case 'nonFiniteCount':
      return found['s.non_finite_count'];
    case 'last':
      return found['s.last'];
    case 'lastStep':
      return found['s.last_step'];
    case 'min':
      return found['s.min'];
    case 'max':
      return found['s.max'];
    case 'mean': {
      const [count, without, sum] = [found['s.count'], found['s.non_finite_count'], found['s.sum']];
      const mean = arrays.any(sum.length);
      for (let i = 0; i < mean.length; i++) {
        const finite = Number(count[i]) - Number(without[i]);
        mean[i] = finite > 0 ? Number(sum[i]) / finite : null;
      }
      return mean;
    }
    case 'best':
      return goal === 'NONE' ? [] : found[goal === 'MAXIMISE' ? 's.max' : 's.min'];
    case 'bestStep':
      return goal === 'NONE' ? [] : found[goal === 'MAXIMISE' ? 's.max_step' : 's.min_step'];
    case 'medianLast5':
      return found['s.median_last_5'];
    case 'medianOf':
      return found['cardinality(s.tail)'];
  }
}

/** Puts values where their runs are; runs without the metric, and metrics without a best, have null. */
function scatter(
  values: ColumnValues,
  places: ArrayLike<number>,
  whole: boolean,
  count: number,
  arrays: ColumnArrays,
): ColumnValues {
  if (values.length === 0) return arrays.any(count).fill(null);
  const into = whole && values instanceof Float64Array ? arrays.numbers(count) : arrays.any(count).fill(null);
  for (let i = 0; i < places.length; i++) into[places[i]! - 1] = values[i]!;
  return into;
}

async function metricsOf({ sql }: Snapshot, query: ExportRunsQuery): Promise<Metric[]> {
  const { metrics, teamId, where } = query;
  if (metrics) {
    const { rows } = await sql.query<Metric>(
      '/* exportMetricsNamed */ SELECT id, name, goal::text FROM metric WHERE team_id = $1 AND name = ANY ($2) ORDER BY name',
      [teamId, metrics],
    );
    return rows;
  }
  const values = new Values();
  const condition = compileFilter(where, teamId, values);
  const { rows } = await sql.query<Metric>({
    text: `/* exportMetrics */ SELECT k.id, k.name, k.goal::text FROM metric k WHERE k.id IN (
        SELECT s.metric_id FROM run r JOIN run_metric s ON s.run_id = r.id WHERE ${condition})
      ORDER BY k.name`,
    values: values.list,
  });
  return rows;
}

async function paramsOf({ sql }: Snapshot, query: ExportRunsQuery): Promise<Param[]> {
  if (query.params?.length === 0) return [];
  const values = new Values();
  const condition = compileFilter(query.where, query.teamId, values);
  const only = query.params ? `AND p.key = ANY (${values.add(query.params)})` : '';
  const { rows } = await sql.query<{ of: 'hyper' | 'info'; name: string; types: string[] }>({
    text: `/* exportParams */ SELECT q.of, p.key AS name, array_agg(DISTINCT jsonb_typeof(p.value)) AS types
      FROM run r CROSS JOIN LATERAL (VALUES ('hyper', r.hyper), ('info', r.info)) AS q (of, params) CROSS JOIN LATERAL jsonb_each(q.params) AS p
      WHERE q.params <> '{}' ${only} AND ${condition} GROUP BY q.of, p.key ORDER BY q.of, p.key`,
    values: values.list,
  });
  return rows.map(({ of, name, types }) => ({ of, name, kind: kindOf(types) }));
}

/** Of a parameter whose values are of several types, text: a text as it is, a number or yes and no as JSON. */
const kindOf = (types: readonly string[]): ColumnKind =>
  types.length > 1 ? 'text' : types[0] === 'number' ? 'double' : types[0] === 'boolean' ? 'boolean' : 'text';

const columns = (
  text: string,
  values: unknown[],
  kinds: readonly ColumnKind[],
  arrays: ColumnArrays,
): pg.QueryArrayConfig => ({ text, values, rowMode: 'array', types: columnTypes(kinds, () => arrays) });
