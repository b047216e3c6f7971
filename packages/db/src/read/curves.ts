import type { Db } from '../open.ts';

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

interface ChunkRow {
  runId: string;
  metric: string;
  steps: number[];
  epochs: number[];
  samplesSeen: number[];
  /** Where samples seen are steps times this, there are none stored. */
  samplesPerStep: number | null;
  wallTimes: number[];
  values: number[];
}

/** Complete curves of many runs in one statement, chunk after chunk. */
export async function readCurves(
  db: Db,
  runIds: readonly string[],
  names: readonly string[] | null,
): Promise<CurveColumns[]> {
  const { rows } = await db.pool.query<ChunkRow>(
    `/* readCurves */ SELECT c.run_id AS "runId", k.name AS metric, c.steps, c.epochs, c.samples_seen AS "samplesSeen", c.samples_per_step AS "samplesPerStep", c.wall_times AS "wallTimes", c."values"
     FROM chunk c JOIN metric k ON k.id = c.metric_id WHERE c.run_id = ANY ($1) AND ($2::text[] IS NULL OR k.name = ANY ($2))
     ORDER BY c.run_id, k.name, c.first_step, c.attempt, c.sequence`,
    [runIds, names],
  );
  const curves: CurveColumns[] = [];
  for (const row of rows) {
    let curve = curves.at(-1);
    if (curve?.runId !== row.runId || curve.metric !== row.metric) {
      curve = {
        runId: row.runId,
        metric: row.metric,
        steps: [],
        epochs: [],
        samplesSeen: [],
        wallTimes: [],
        values: [],
      };
      curves.push(curve);
    }
    const { samplesPerStep } = row;
    row.steps.forEach((step, i) => {
      curve.steps.push(step);
      curve.epochs.push(row.epochs[i] ?? null);
      curve.samplesSeen.push(samplesPerStep === null ? (row.samplesSeen[i] ?? null) : step * samplesPerStep);
      curve.wallTimes.push(row.wallTimes[i] ?? 0);
      curve.values.push(row.values[i]!);
    });
  }
  return curves.map(inOrder);
}

/** Chunks that overlap (steps that were reported late) are sorted; nearly all are in order already. */
function inOrder(curve: CurveColumns): CurveColumns {
  if (curve.steps.every((step, i) => i === 0 || step >= curve.steps[i - 1]!)) return curve;
  const order = curve.steps.map((_, i) => i).sort((a, b) => curve.steps[a]! - curve.steps[b]! || a - b);
  const pick = <T>(column: T[]): T[] => order.map((i) => column[i]!);
  return {
    ...curve,
    steps: pick(curve.steps),
    epochs: pick(curve.epochs),
    samplesSeen: pick(curve.samplesSeen),
    wallTimes: pick(curve.wallTimes),
    values: pick(curve.values),
  };
}
