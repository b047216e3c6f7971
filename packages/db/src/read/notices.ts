import type { Db } from '../open.ts';

/** Most notices of one kind. */
export const MOST_NOTICES = 50;

export interface LostWorker {
  readonly id: string;
  readonly name: string;
  readonly since: Date;
  /** Runs that it has. */
  readonly runs: number;
}

/**
 * Workers that did not say goodbye and were not heard of for a lease, in the last day; the latest first. One that was started again by
 * the same name on the same machine is not missed.
 */
export async function lostWorkers({ pool }: Db, teamId: string, leaseSeconds: number): Promise<LostWorker[]> {
  const { rows } = await pool.query(
    `/* lostWorkers */ SELECT w.id, w.name, w.last_seen_at AS since, (SELECT count(*)::int FROM run r WHERE r.worker_id = w.id AND r.status = 'RUNNING') AS runs
     FROM worker w WHERE w.team_id = $1 AND w.stopped_at IS NULL AND w.trainer_version <> 'own'
       AND w.last_seen_at < now() - make_interval(secs => $2) AND w.last_seen_at > now() - interval '1 day'
       AND NOT EXISTS (SELECT FROM worker n WHERE n.team_id = w.team_id AND n.host = w.host AND n.name = w.name AND n.id <> w.id AND n.started_at > w.last_seen_at)
     ORDER BY w.last_seen_at DESC, w.id LIMIT ${MOST_NOTICES}`,
    [teamId, leaseSeconds],
  );
  return rows;
}

/** Runs of one kind that wait in a sweep of which nothing runs, nor ran for a while. */
export interface StillRuns {
  readonly sweepId: string;
  readonly key: string;
  /** When something of the sweep ended last, or it was made. */
  readonly since: Date;
  readonly runs: number;
  readonly memoryBytes: number;
  readonly trainerVersion: string;
  readonly datasetName: string;
  readonly datasetHash: string;
}

/** The sweeps that stand still though they are open and runs of them wait, by kinds of these runs. */
export async function stillRuns({ pool }: Db, teamId: string, minutes: number): Promise<StillRuns[]> {
  const { rows } = await pool.query(
    `/* stillRuns */ WITH waiting AS MATERIALIZED (
       SELECT c.sweep_id, r.dataset_id, r.trainer_version, count(*)::int AS runs, min(r.memory_bytes) AS memory
       FROM run r JOIN cell c ON c.run_id = r.id WHERE r.team_id = $1 AND r.status = 'WAITING' AND NOT r.held GROUP BY 1, 2, 3
     ), active AS MATERIALIZED (
       SELECT DISTINCT c.sweep_id FROM run r JOIN cell c ON c.run_id = r.id WHERE r.team_id = $1 AND r.status = 'RUNNING'
     ), still AS MATERIALIZED (
       SELECT o.id, o.key, (SELECT greatest(o.created_at, max(r.ended_at), max(a.ended_at)) FROM cell c JOIN run r ON r.id = c.run_id
         LEFT JOIN attempt a ON a.run_id = r.id AND a.number = r.attempt WHERE c.sweep_id = o.id) AS since
       FROM sweep o WHERE o.intent = 'OPEN' AND o.created_at < now() - make_interval(mins => $2)
         AND o.id IN (SELECT sweep_id FROM waiting) AND o.id NOT IN (SELECT sweep_id FROM active)
     )
     SELECT w.sweep_id AS "sweepId", s.key, s.since, w.runs, w.memory AS "memoryBytes", w.trainer_version AS "trainerVersion", d.name AS "datasetName", d.hash AS "datasetHash"
     FROM still s JOIN waiting w ON w.sweep_id = s.id JOIN dataset d ON d.id = w.dataset_id
     WHERE s.since < now() - make_interval(mins => $2) ORDER BY s.since DESC, s.id, w.runs DESC, d.name`,
    [teamId, minutes],
  );
  return rows;
}

/** Runs of a sweep that failed lately. */
export interface FailingSweep {
  readonly sweepId: string;
  readonly key: string;
  readonly since: Date;
  readonly runs: number;
  /** Why the last of them failed. */
  readonly reason: string | null;
}

export async function failingSweeps({ pool }: Db, teamId: string, minutes: number): Promise<FailingSweep[]> {
  const { rows } = await pool.query(
    `/* failingSweeps */ WITH failed AS MATERIALIZED (
       SELECT r.id, r.ended_at, r.reason FROM run r WHERE r.team_id = $1 AND r.status = 'FAILED' AND r.ended_at > now() - make_interval(mins => $2)
     )
     SELECT s.id AS "sweepId", s.key, min(f.ended_at) AS since, count(*)::int AS runs, (array_agg(left(f.reason, 500) ORDER BY f.ended_at DESC))[1] AS reason
     FROM failed f JOIN cell c ON c.run_id = f.id JOIN sweep s ON s.id = c.sweep_id
     GROUP BY s.id, s.key ORDER BY max(f.ended_at) DESC, s.id LIMIT ${MOST_NOTICES}`,
    [teamId, minutes],
  );
  return rows;
}
