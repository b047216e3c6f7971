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

/** Points that there are of these metrics in these runs, by their summaries. */
export async function countPoints(
  db: Db,
  runIds: readonly string[],
  names: readonly string[] | null,
): Promise<number> {
  const { rows } = await db.pool.query(
    `/* countPoints */ SELECT coalesce(sum(s.count), 0) AS n FROM run_metric s JOIN metric k ON k.id = s.metric_id
     WHERE s.run_id = ANY ($1) AND ($2::text[] IS NULL OR k.name = ANY ($2))`,
    [runIds, names],
  );
  return Number(rows[0].n);
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
 * Complete curves of many runs in one statement, chunk after chunk. Columns travel as bytes; those beside steps and values only
 * where they are wanted, else they are empty.
 */
export async function readCurves(
  db: Db,
  runIds: readonly string[],
  names: readonly string[] | null,
  wanted: readonly CurveColumn[] = CURVE_COLUMNS,
): Promise<CurveColumns[]> {
  const more = wanted.map((column) => `, array_send(${MORE[column].sql}) AS "${column}"`).join('');
  const kinds: ColumnKind[] = ['long', 'double', ...wanted.map((column) => MORE[column].kind)];
  const { rows } = await db.pool.query<ChunkRow>({
    text: `/* readCurves */ SELECT c.run_id AS "runId", k.name AS metric, array_send(c.steps) AS steps, array_send(c."values") AS "values"${more}
     FROM chunk c JOIN metric k ON k.id = c.metric_id WHERE c.run_id = ANY ($1) AND ($2::text[] IS NULL OR k.name = ANY ($2))
     ORDER BY c.run_id, k.name, c.first_step, c.attempt, c.sequence`,
    values: [runIds, names],
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
  return curves.map(inOrder);
}

function append(into: (number | null)[], values: Numbers, count: number, absent: number | null): void {
  for (let i = 0; i < count; i++) into.push(values[i] ?? absent);
}

/** Chunks that overlap (steps that were reported late) are sorted; nearly all are in order already. */
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
