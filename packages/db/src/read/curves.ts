import type { Db } from '../open.ts';
import { ColumnArrays, type ColumnKind, columnTypes } from './binary.ts';

/** Points of one metric of one run, in the order of their steps, as columns of one length. */
export interface CurveColumns {
  readonly runId: string;
  readonly metric: string;
  readonly steps: number[];
  readonly epochs: (number | null)[];
  readonly samplesSeen: (number | null)[];
  readonly wallTimes: number[];
  readonly values: number[];
}

/** Steps from one to another, both included. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}
/** Chunks `c` that may have points in a range. */
const reaches = (from: string, to: string): string =>
  `c.last_step >= ${from}::int8 AND c.first_step <= ${to}::int8`;

/** Points that there are of a metric in these runs, by their summaries; of a range of steps, those of the chunks that reach into it. */
export async function countPoints(
  db: Db,
  runIds: readonly string[],
  metric: string,
  steps?: StepRange,
): Promise<Map<string, number>> {
  if (steps) {
    const { rows } = await db.pool.query(
      `/* countPointsBetween */ SELECT c.run_id AS id, sum(cardinality(c.steps))::int8 AS count FROM chunk c JOIN metric k ON k.id = c.metric_id
       WHERE c.run_id = ANY ($1) AND k.name = $2 AND ${reaches('$3', '$4')} GROUP BY c.run_id`,
      [runIds, metric, steps.from, steps.to],
    );
    return new Map(rows.map(({ id, count }) => [id, count]));
  }
  const { rows } = await db.pool.query(
    `/* countPoints */ SELECT s.run_id AS id, s.count FROM run_metric s JOIN metric k ON k.id = s.metric_id
     WHERE s.run_id = ANY ($1) AND k.name = $2`,
    [runIds, metric],
  );
  return new Map(rows.map(({ id, count }) => [id, count]));
}

type Numbers = ArrayLike<number | null>;
interface ChunkRow extends Partial<Record<CurveColumn, Numbers>> {
  readonly runId: string;
  readonly metric: string;
  readonly steps: Numbers;
  readonly values: Numbers;
}

/** Samples seen of a chunk `c`: where they are its steps times one number, that alone is stored. */
export const SAMPLES_SEEN =
  'CASE WHEN c.samples_per_step IS NULL THEN c.samples_seen ELSE ARRAY(SELECT s * c.samples_per_step FROM unnest(c.steps) AS s) END';

/** Columns beside steps and values, and how each is stored. */
const MORE = {
  epochs: { sql: 'c.epochs', kind: 'float' },
  samplesSeen: { sql: SAMPLES_SEEN, kind: 'long' },
  wallTimes: { sql: 'c.wall_times', kind: 'float' },
} as const satisfies Record<string, { sql: string; kind: ColumnKind }>;
export type CurveColumn = keyof typeof MORE;
export const CURVE_COLUMNS = Object.keys(MORE) as CurveColumn[];

/**
 * Complete curves of many runs, or their points in a range of steps, in one statement, chunk after chunk. Columns travel as bytes; those beside steps and values only
 * where they are wanted, else they are empty.
 */
export async function readCurves(
  db: Db,
  runIds: readonly string[],
  names: readonly string[] | null,
  wanted: readonly CurveColumn[] = CURVE_COLUMNS,
  steps?: StepRange,
): Promise<CurveColumns[]> {
  const more = wanted.map((column) => `, array_send(${MORE[column].sql}) AS "${column}"`).join('');
  const kinds: ColumnKind[] = ['long', 'double', ...wanted.map((column) => MORE[column].kind)];
  const { rows } = await db.pool.query<ChunkRow>({
    text: `/* readCurves */ SELECT c.run_id AS "runId", k.name AS metric, array_send(c.steps) AS steps, array_send(c."values") AS "values"${more}
     FROM chunk c JOIN metric k ON k.id = c.metric_id WHERE c.run_id = ANY ($1) AND ($2::text[] IS NULL OR k.name = ANY ($2))
       ${steps ? `AND ${reaches('$3', '$4')}` : ''}
     ORDER BY c.run_id, k.name, c.attempt, c.sequence`,
    values: [runIds, names, ...(steps ? [steps.from, steps.to] : [])],
    // Arrays of their own for each column: a chunk is kept until all are here.
    types: columnTypes(kinds, () => new ColumnArrays()) as never,
  });
  const curves: CurveColumns[] = [];
  for (const row of rows) {
    let curve = curves.at(-1);
    if (curve?.runId !== row.runId || curve.metric !== row.metric) {
      const { runId, metric } = row;
      curve = { runId, metric, steps: [], epochs: [], samplesSeen: [], wallTimes: [], values: [] };
      curves.push(curve);
    }
    const { steps, values } = row;
    append(curve.steps as (number | null)[], steps, steps.length, 0);
    append(curve.values as (number | null)[], values, steps.length, 0);
    for (const column of wanted)
      append(curve[column] as number[], row[column]!, steps.length, column === 'wallTimes' ? 0 : null);
  }
  const sorted = curves.map(inOrder);
  return steps
    ? sorted.map((curve) => between(curve, steps)).filter((curve) => curve.steps.length > 0)
    : sorted;
}

/** The points of a curve, which are in order, in a range of steps. */
function between(curve: CurveColumns, { from, to }: StepRange): CurveColumns {
  const places = curve.steps.flatMap((step, i) => (step >= from && step <= to ? [i] : []));
  return places.length === curve.steps.length ? curve : pickPoints(curve, places);
}

function append(into: (number | null)[], values: Numbers, count: number, absent: number | null): void {
  for (let i = 0; i < count; i++) into.push(values[i] ?? absent);
}

/** Chunks come in the order in which they were written; steps that were reported late are sorted in, those of one step as they came. */
function inOrder(curve: CurveColumns): CurveColumns {
  if (curve.steps.every((step, i) => i === 0 || step >= curve.steps[i - 1]!)) return curve;
  const order = curve.steps.map((_, i) => i).sort((a, b) => curve.steps[a]! - curve.steps[b]! || a - b);
  return pickPoints(curve, order);
}

/** A curve's points at these places; columns that were not read stay empty. */
export function pickPoints(curve: CurveColumns, places: readonly number[]): CurveColumns {
  const pick = <T>(column: readonly T[]): T[] => (column.length ? places.map((i) => column[i]!) : []);
  return {
    ...curve,
    steps: pick(curve.steps),
    epochs: pick(curve.epochs),
    samplesSeen: pick(curve.samplesSeen),
    wallTimes: pick(curve.wallTimes),
    values: pick(curve.values),
  };
}

interface ValuesRow {
  readonly runId: string;
  readonly metricId: string;
  readonly attempt: string;
  readonly sequence: string;
  readonly firstStep: string;
  readonly lastStep: string;
  readonly values: Numbers;
}

/**
 * A part of the points of long curves: all values are looked at, and `places` says which points to keep, by the values in order of
 * steps; only of those the rest is read. Curves whose chunks overlap are read whole.
 */
export async function readCurveParts(
  db: Db,
  runIds: readonly string[],
  metric: string,
  wanted: readonly CurveColumn[],
  places: (values: ArrayLike<number>) => readonly number[],
): Promise<CurveColumns[]> {
  if (runIds.length === 0) return [];
  const { rows } = await db.pool.query<ValuesRow>({
    text: `/* readCurveParts values */ SELECT c.run_id AS "runId", c.metric_id AS "metricId", c.attempt, c.sequence, c.first_step AS "firstStep", c.last_step AS "lastStep", array_send(c."values") AS "values"
     FROM chunk c JOIN metric k ON k.id = c.metric_id WHERE c.run_id = ANY ($1) AND k.name = $2
     ORDER BY c.run_id, c.attempt, c.sequence`,
    values: [runIds, metric],
    types: columnTypes(['double'], () => new ColumnArrays()) as never,
  });
  const whole: string[] = [];
  const parts: { row: ValuesRow; own: number[] }[] = [];
  for (let from = 0, to = 0; from < rows.length; from = to) {
    const { runId } = rows[from]!;
    let overlap = false;
    for (to = from + 1; rows[to]?.runId === runId; to++)
      if (Number(rows[to]!.firstStep) < Number(rows[to - 1]!.lastStep)) overlap = true;
    if (overlap) whole.push(runId);
    else parts.push(...keptOf(rows.slice(from, to), places));
  }
  const [read, curves] = [
    whole.length > 0 ? await readCurves(db, whole, [metric], wanted) : [],
    new Map<string, CurveColumns>(),
  ];
  for (const { row, own } of parts) {
    const { runId } = row;
    const curve = curves.get(runId) ?? {
      runId,
      metric,
      steps: [],
      epochs: [],
      samplesSeen: [],
      wallTimes: [],
      values: [],
    };
    curves.set(runId, curve);
    for (const place of own) curve.values.push(row.values[place]!);
  }
  // As eight bytes, so that a number reads as in a curve that is complete.
  const more = wanted
    .map(
      (column) =>
        `, ${pickSql(MORE[column].sql)}${MORE[column].kind === 'float' ? '::float8[]' : ''} AS "${column}"`,
    )
    .join('');
  const kept = await db.pool.query<Record<string, (number | null)[]> & { runId: string }>({
    text: `/* readCurveParts rest */ SELECT c.run_id AS "runId", ${pickSql('c.steps')} AS steps${more}
     FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::text[]) WITH ORDINALITY AS q (run_id, metric_id, attempt, sequence, places, nth)
     JOIN chunk c USING (run_id, metric_id, attempt, sequence) ORDER BY q.nth`,
    values: [
      parts.map(({ row }) => row.runId),
      parts.map(({ row }) => row.metricId),
      parts.map(({ row }) => row.attempt),
      parts.map(({ row }) => row.sequence),
      parts.map(({ own }) => `{${own.map((place) => place + 1).join(',')}}`),
    ],
  });
  const moved = new Set<string>();
  for (const row of kept.rows) {
    const curve = curves.get(row.runId)!;
    const { steps } = row;
    if (steps!.includes(null)) moved.add(row.runId);
    append(curve.steps as (number | null)[], steps!, steps!.length, 0);
    for (const column of wanted)
      append(
        curve[column] as (number | null)[],
        row[column]!,
        steps!.length,
        column === 'wallTimes' ? 0 : null,
      );
  }
  // Points may have been superseded or deleted between the two statements: what there is now of such a curve is read whole.
  for (const { runId, steps, values } of curves.values())
    if (moved.has(runId) || steps.length !== values.length) {
      moved.add(runId);
      curves.delete(runId);
    }
  const again = moved.size > 0 ? await readCurves(db, [...moved], [metric], wanted) : [];
  return [...[...read, ...again].map((curve) => pickPoints(curve, places(curve.values))), ...curves.values()];
}

/** Elements of an array at places that rise. Joined with nothing, the array is unpacked once, and not for each place. */
const pickSql = (array: string): string =>
  `ARRAY(SELECT (a.whole)[i] FROM (SELECT (${array}) || '{}' AS whole OFFSET 0) AS a, unnest(q.places::int[]) AS i)`;

/** Of the chunks of one curve, in order: the places that are kept, each in its chunk. */
function keptOf(
  rows: readonly ValuesRow[],
  places: (values: ArrayLike<number>) => readonly number[],
): { row: ValuesRow; own: number[] }[] {
  const values = new Float64Array(rows.reduce((sum, row) => sum + row.values.length, 0));
  let at = 0;
  for (const row of rows) {
    values.set(row.values as ArrayLike<number>, at);
    at += row.values.length;
  }
  const kept = places(values);
  let [from, next] = [0, 0];
  return rows.flatMap((row) => {
    const own: number[] = [];
    for (; next < kept.length && kept[next]! < from + row.values.length; next++) own.push(kept[next]! - from);
    from += row.values.length;
    return own.length > 0 ? [{ row, own }] : [];
  });
}
