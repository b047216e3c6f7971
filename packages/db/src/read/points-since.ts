import type { RunStatus } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { type CurveColumns, SAMPLES_SEEN } from './curves.ts';

/**
 * Where a reader of a run's points has come to. Writes of a run follow each other under its row's lock, so all that is there up
 * to an attempt's batch stays there until another attempt begins (`of`: the run's attempt then), which may drop some of it.
 */
export interface PointsSeen {
  readonly of: number;
  readonly attempt: number;
  readonly sequence: number;
}

export interface NewPoints {
  readonly status: RunStatus;
  readonly attempt: number;
  /** These do not go on from what was seen: they begin anew. */
  readonly reset: boolean;
  readonly seen: PointsSeen;
  /** There are more already. */
  readonly more: boolean;
  /** Each with the number of points that the whole curve has. */
  readonly curves: (CurveColumns & { readonly count: number })[];
  /** Differs when the run does. */
  readonly mark: string;
}

/** Most batches of a metric, and about the most stored bytes, of one answer. */
export const BATCHES = 200;
export const BYTES = 4_000_000;

/** Differs when something of a run does that a watcher may see. */
export const RUN_MARK = `concat_ws(':', status, attempt, sequence, step, samples_seen, device_seconds, diverged)`;

interface Row {
  readonly id: string;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly sequence: number;
  readonly mark: string;
  readonly total: number;
  readonly metric: string | null;
  readonly count: number;
  readonly batchAttempt: number;
  readonly batch: number;
  readonly nth: number;
  readonly steps: number[];
  readonly epochs: number[];
  readonly samplesSeen: number[];
  readonly wallTimes: number[];
  readonly values: number[];
}

/**
 * Points that were written after what a reader has seen, whatever their steps, in whole batches. Each metric's are one range of the chunks' primary
 * key, so a long curve costs nothing when a point comes to it.
 */
export async function pointsSince(
  db: Db,
  query: {
    readonly runId: string;
    readonly names: readonly string[] | null;
    readonly seen: PointsSeen | null;
    readonly batches?: number;
    readonly bytes?: number;
  },
): Promise<NewPoints | undefined> {
  const { runId, names, seen, batches = BATCHES, bytes = BYTES } = query;
  const { rows } = await db.pool.query<Row>(
    `/* pointsSince */ WITH mine AS (
       SELECT id, status::text AS status, attempt, sequence, ${RUN_MARK} AS mark,
         CASE WHEN attempt = $3 THEN $4::int ELSE -1 END AS from_attempt, CASE WHEN attempt = $3 THEN $5::int ELSE -1 END AS from_batch
       FROM run WHERE id = $1
     ), fresh AS MATERIALIZED (
       SELECT k.name AS metric, s.count, c.*, sum(c.bytes) OVER w AS so_far, dense_rank() OVER w AS place
       FROM mine JOIN run_metric s ON s.run_id = mine.id JOIN metric k ON k.id = s.metric_id
       CROSS JOIN LATERAL (
         SELECT c.*, pg_column_size(c.steps) + pg_column_size(c.epochs) + pg_column_size(c.samples_seen) + pg_column_size(c.wall_times) + pg_column_size(c."values") AS bytes,
           row_number() OVER (ORDER BY c.attempt, c.sequence) AS nth
         FROM (SELECT * FROM chunk WHERE chunk.run_id = mine.id AND chunk.metric_id = s.metric_id AND (chunk.attempt, chunk.sequence) > (mine.from_attempt, mine.from_batch)
           ORDER BY chunk.attempt, chunk.sequence LIMIT $6) AS c
       ) AS c
       WHERE $2::text[] IS NULL OR k.name = ANY ($2)
       WINDOW w AS (ORDER BY c.attempt, c.sequence)
     )
     SELECT mine.id, mine.status, mine.attempt, mine.sequence, mine.mark, (SELECT count(*) FROM fresh) AS total, f.metric, f.count, f.attempt AS "batchAttempt", f.sequence AS batch, f.nth,
       f.steps, f.epochs, ${SAMPLES_SEEN.replaceAll('c.', 'f.')} AS "samplesSeen", f.wall_times AS "wallTimes", f."values"
     FROM mine LEFT JOIN fresh AS f ON f.place = 1 OR f.so_far <= $7 ORDER BY f.attempt, f.sequence, f.metric`,
    [runId, names, seen?.of ?? -1, seen?.attempt ?? -1, seen?.sequence ?? -1, batches, bytes],
  );
  const [run] = rows;
  if (!run) return undefined;
  const read = rows.filter(({ metric }) => metric !== null);
  // Whole batches up to the last one that is there for every metric.
  const cut = read.find(({ nth }) => nth === batches) ?? (read.length < run.total ? read.at(-1) : undefined);
  const kept = cut
    ? read.filter(
        ({ batchAttempt, batch }) =>
          batchAttempt < cut.batchAttempt || (batchAttempt === cut.batchAttempt && batch <= cut.batch),
      )
    : read;
  return {
    status: run.status,
    attempt: run.attempt,
    reset: seen?.of !== run.attempt,
    seen: {
      of: run.attempt,
      attempt: cut?.batchAttempt ?? run.attempt,
      sequence: cut?.batch ?? run.sequence,
    },
    more: cut !== undefined,
    curves: curvesOf(run.id, kept),
    mark: run.mark,
  };
}

/** Joins each metric's batches, in the order of their steps. */
function curvesOf(runId: string, rows: readonly Row[]): NewPoints['curves'] {
  const byMetric = new Map<string, Row[]>();
  for (const row of rows) byMetric.set(row.metric!, [...(byMetric.get(row.metric!) ?? []), row]);
  return [...byMetric]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([metric, mine]) => {
      const points = mine.flatMap((row) =>
        row.steps.map((step, i) => ({
          step,
          epoch: row.epochs[i] ?? null,
          samples: row.samplesSeen[i] ?? null,
          time: row.wallTimes[i] ?? 0,
          value: row.values[i]!,
        })),
      );
      // The sort keeps the order of what is equal: points of one step stay as they were reported.
      points.sort((a, b) => a.step - b.step);
      return {
        runId,
        metric,
        count: mine[0]!.count,
        steps: points.map(({ step }) => step),
        epochs: points.map(({ epoch }) => epoch),
        samplesSeen: points.map(({ samples }) => samples),
        wallTimes: points.map(({ time }) => time),
        values: points.map(({ value }) => value),
      };
    });
}
