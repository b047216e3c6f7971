import type { Db } from '../open.ts';
import type { Sql } from '../transaction.ts';

export interface SweepState {
  readonly sweepId: string;
  readonly total: number;
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  readonly pruned: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly diverged: number;
  readonly reused: number;
  readonly samplesDone: number;
  readonly samplesTotal: number;
  readonly samplesPerSecond: number;
  readonly workers: number;
  /** What the runs that it created have cost. */
  readonly deviceSeconds: number;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

/** Counts and progress of many sweeps in one statement. A worker's rate counts when it was heard of in the last minute. */
export async function sweepStates(
  db: { readonly pool: Sql },
  sweepIds: readonly string[],
): Promise<SweepState[]> {
  const { rows } = await db.pool.query(
    `/* sweepStates */ WITH mine AS (
       SELECT c.sweep_id, r.status, r.diverged, r.sweep_id <> c.sweep_id OR r.sweep_id IS NULL AS reused, r.planned_steps, r.step, r.samples_seen, r.batch_size,
         r.started_at, r.ended_at, r.worker_id, r.device_seconds
       FROM cell c JOIN run r ON r.id = c.run_id WHERE c.sweep_id = ANY ($1)
     ), at_work AS (
       SELECT m.sweep_id, count(*)::int AS workers, sum(w.samples_per_second) AS rate FROM (
         SELECT DISTINCT sweep_id, worker_id FROM mine WHERE status = 'RUNNING') m
       JOIN worker w ON w.id = m.worker_id AND w.last_seen_at > now() - interval '1 minute' GROUP BY m.sweep_id
     )
     SELECT m.sweep_id AS "sweepId", count(*)::int AS total,
       (count(*) FILTER (WHERE status = 'WAITING'))::int AS waiting, (count(*) FILTER (WHERE status = 'RUNNING'))::int AS running,
       (count(*) FILTER (WHERE status = 'DONE'))::int AS done, (count(*) FILTER (WHERE status = 'PRUNED'))::int AS pruned,
       (count(*) FILTER (WHERE status = 'FAILED'))::int AS failed, (count(*) FILTER (WHERE status = 'CANCELLED'))::int AS cancelled,
       (count(*) FILTER (WHERE status = 'DONE' AND diverged))::int AS diverged, (count(*) FILTER (WHERE reused))::int AS reused,
       sum(CASE WHEN status IN ('WAITING', 'RUNNING') THEN samples_seen ELSE planned_steps * batch_size END)::float8 AS "samplesDone",
       sum(planned_steps * batch_size)::float8 AS "samplesTotal",
       coalesce(max(a.rate), 0) AS "samplesPerSecond", coalesce(max(a.workers), 0) AS workers,
       coalesce(sum(device_seconds) FILTER (WHERE NOT reused), 0) AS "deviceSeconds",
       min(started_at) AS "startedAt", CASE WHEN bool_and(status NOT IN ('WAITING', 'RUNNING')) THEN max(ended_at) END AS "endedAt"
     FROM mine m LEFT JOIN at_work a ON a.sweep_id = m.sweep_id GROUP BY m.sweep_id`,
    [sweepIds],
  );
  return rows;
}

export interface RunMetricRow {
  readonly runId: string;
  readonly name: string;
  readonly goal: 'MAXIMISE' | 'MINIMISE' | 'NONE';
  readonly count: number;
  readonly nonFiniteCount: number;
  readonly last: number;
  readonly lastStep: number;
  readonly min: number | null;
  readonly minStep: number | null;
  readonly max: number | null;
  readonly maxStep: number | null;
  readonly sum: number;
  readonly medianLast5: number;
  readonly medianOf: number;
}

/** Summaries of metrics of many runs, of these names or of all, in one statement; no points are read. */
export async function runMetrics(
  db: Db,
  teamId: string,
  runIds: readonly string[],
  names: readonly string[] | null,
): Promise<RunMetricRow[]> {
  const { rows } = await db.pool.query(
    `/* runMetrics */ SELECT s.run_id AS "runId", k.name, k.goal::text, s.count, s.non_finite_count AS "nonFiniteCount", s.last, s.last_step AS "lastStep",
       s.min, s.min_step AS "minStep", s.max, s.max_step AS "maxStep", s.sum, s.median_last_5 AS "medianLast5", cardinality(s.tail) AS "medianOf"
     FROM run_metric s JOIN metric k ON k.id = s.metric_id
     WHERE s.run_id = ANY ($1) AND k.team_id = $2 ${names ? 'AND s.metric_id IN (SELECT id FROM metric WHERE team_id = $2 AND name = ANY ($3))' : ''} ORDER BY k.name`,
    [runIds, teamId, ...(names ? [names] : [])],
  );
  return rows;
}
