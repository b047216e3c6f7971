import type { Db } from './open.ts';
import { supersede } from './points.ts';
import { transaction } from './transaction.ts';

/** Leases and heartbeats in seconds; the database's clock counts them. */
export interface LeaseTimes {
  readonly lease: number;
  readonly heartbeat: number;
}
export const LEASE: LeaseTimes = { lease: 60, heartbeat: 15 };
/** Leases that a run may lose before it fails. */
const ATTEMPTS = 3;

export interface ClaimOrder {
  readonly teamId: string;
  readonly workerId: string;
  /** Hashes of the data sets that the worker has. */
  readonly datasets: readonly string[];
  readonly trainerVersion: string;
  readonly max: number;
  /** Most samples of one step, over all its runs, where the worker has not measured how many runs are good. */
  readonly maxSamples?: number;
  /** Memory that a step may take; runs that need more are left to others. */
  readonly memoryBytes?: number;
  /** How many runs side by side are good, by the shape of their step and the data set's hash, where the worker knows. */
  readonly sizes?: readonly { readonly shape: string; readonly dataset: string; readonly runs: number }[];
  /** Where the worker could go on with a run. */
  readonly checkpoints?: readonly { readonly runId: string; readonly step: number }[];
  readonly leaseSeconds: number;
  readonly sweepId?: string;
}

export interface Claimed {
  readonly runId: string;
  readonly attempt: number;
  readonly slot: number;
  readonly startStep: number;
  /** The last step up to which points of before are kept: what follows is to be reported again. */
  readonly pointsUpTo: number;
}

// What may be claimed, as conditions on run with claimRuns' parameters. An own script's run is held, so no worker gets it, unless
// a sweep has taken it. A running run of a paused sweep waits with its worker; when that is lost it waits for the sweep.
const WAITING = `run.team_id = $1 AND run.status = 'WAITING' AND NOT run.held`;
const EXPIRED = `run.team_id = $1 AND run.status = 'RUNNING' AND run.lease_expires_at < now()
  AND EXISTS (SELECT FROM cell JOIN sweep ON sweep.id = cell.sweep_id WHERE cell.run_id = run.id AND sweep.intent = 'OPEN')`;
const FITS = `run.trainer_version = $4 AND run.memory_bytes <= $9 AND ($7::uuid IS NULL OR EXISTS (SELECT FROM cell WHERE cell.sweep_id = $7 AND cell.run_id = run.id))`;

/** Where a run begins: at the newest checkpoint that the worker has of it. */
const START = `coalesce((SELECT k.step FROM kept AS k WHERE k.id = run.id), 0)`;

/**
 * Hands out a bundle: the first run in line, and its mates that can train side by side with it. A run whose lease has expired
 * comes first; taking one over is what ends the lost attempt. One statement chooses, marks and writes the attempts down, so no
 * two workers ever get the same run.
 */
export async function claimRuns(db: Db, order: ClaimOrder): Promise<Claimed[]> {
  const { teamId, workerId, datasets, trainerVersion, max, maxSamples, leaseSeconds, sweepId } = order;
  const { memoryBytes = Number.MAX_VALUE, sizes = [], checkpoints = [] } = order;
  const claims = await transaction<Claimed[]>(db, async (sql) => {
    await sql.query(
      `/* claimRuns fail */ WITH given_up AS (
         UPDATE run SET status = 'FAILED', ended_at = now(), lease_expires_at = NULL, lost = lost + 1,
           reason = 'its worker was lost ' || $2::int || ' times'
         WHERE team_id = $1 AND status = 'RUNNING' AND lease_expires_at < now() AND lost >= $2::int - 1 AND NOT held
         RETURNING id, attempt
       )
       UPDATE attempt SET ended_at = now(), "end" = 'LOST', reason = 'its lease expired' FROM given_up g
       WHERE attempt.run_id = g.id AND attempt.number = g.attempt`,
      [teamId, ATTEMPTS],
    );
    const { rows } = await sql.query(
      `/* claimRuns */ WITH mine AS (SELECT id, hash FROM dataset WHERE team_id = $1 AND hash = ANY ($3)),
       kept AS (SELECT id, max(step) AS step FROM unnest($10::uuid[], $11::int8[]) AS k (id, step) GROUP BY id),
       sizes AS (SELECT * FROM unnest($12::text[], $13::text[], $14::int[]) AS s (shape, hash, runs)),
       expired AS (
         SELECT id, bundle_key, dataset_id, batch_size, shape_key, memory_bytes, ${START} AS start FROM run
         WHERE ${EXPIRED} AND ${FITS} AND dataset_id IN (SELECT id FROM mine)
         ORDER BY queue_rank, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
       ), waiting AS (
         SELECT id, bundle_key, dataset_id, batch_size, shape_key, memory_bytes, ${START} AS start FROM run
         WHERE NOT EXISTS (SELECT FROM expired) AND ${WAITING} AND ${FITS} AND dataset_id IN (SELECT id FROM mine)
         ORDER BY queue_rank, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
       ), head AS (
         SELECT h.*, greatest(0, least($5::int, $9 / greatest(h.memory_bytes, $9 / 64), coalesce((SELECT s.runs FROM sizes AS s JOIN mine ON mine.hash = s.hash
           WHERE s.shape = h.shape_key AND mine.id = h.dataset_id LIMIT 1), $8::int / batch_size))::int - 1) AS room
         FROM (SELECT * FROM expired UNION ALL SELECT * FROM waiting) AS h
       ), expired_mates AS (
         SELECT run.id FROM run, head WHERE run.bundle_key = head.bundle_key AND run.dataset_id = head.dataset_id AND run.id <> head.id
         AND ${EXPIRED} AND ${FITS} AND ${START} = head.start
         ORDER BY run.queue_rank, run.id LIMIT (SELECT room FROM head) FOR NO KEY UPDATE OF run SKIP LOCKED
       ), waiting_mates AS (
         SELECT run.id FROM run, head WHERE run.bundle_key = head.bundle_key AND run.dataset_id = head.dataset_id AND run.id <> head.id
         AND ${WAITING} AND ${FITS} AND ${START} = head.start
         ORDER BY run.queue_rank, run.id LIMIT (SELECT room - (SELECT count(*) FROM expired_mates) FROM head) FOR NO KEY UPDATE OF run SKIP LOCKED
       ), chosen AS (
         SELECT id, (row_number() OVER () - 1)::int AS slot, count(*) OVER ()::int AS runs FROM (
           SELECT id FROM head UNION ALL SELECT id FROM expired_mates UNION ALL SELECT id FROM waiting_mates) AS c
       ), before AS (
         UPDATE attempt SET ended_at = now(), "end" = 'LOST', reason = 'its lease expired' FROM run, chosen
         WHERE run.id = chosen.id AND run.status = 'RUNNING' AND attempt.run_id = run.id AND attempt.number = run.attempt
       ), worker AS (
         UPDATE worker SET last_seen_at = now(), datasets = $3, memory_bytes = $9 WHERE id = $2 AND team_id = $1
         RETURNING engine, device, versions
       ),
       taken AS (
         UPDATE run SET lost = run.lost + (run.status = 'RUNNING')::int, status = 'RUNNING', held = false, attempt = run.attempt + 1, sequence = 0, worker_id = $2,
           lease_expires_at = now() + make_interval(secs => $6), engine = worker.engine, step = (SELECT start FROM head), samples_seen = 0,
           started_at = coalesce(run.started_at, now())
         FROM chosen, worker WHERE run.id = chosen.id RETURNING run.id, run.attempt, chosen.slot, chosen.runs
       ), written AS (
         INSERT INTO attempt (run_id, number, team_id, worker_id, engine, device, versions, runs_side_by_side, slot, start_step)
         SELECT taken.id, taken.attempt, $1, $2, worker.engine, worker.device, worker.versions, taken.runs, taken.slot, head.start FROM taken, worker, head
       )
       SELECT taken.id AS "runId", attempt, slot, head.start AS "startStep", 0 AS "pointsUpTo" FROM taken, head ORDER BY slot`,
      [
        teamId,
        workerId,
        datasets,
        trainerVersion,
        max,
        leaseSeconds,
        sweepId ?? null,
        maxSamples ?? 2 ** 30,
        memoryBytes,
        checkpoints.map(({ runId }) => runId),
        checkpoints.map(({ step }) => step),
        sizes.map(({ shape }) => shape),
        sizes.map(({ dataset }) => dataset),
        sizes.map(({ runs }) => runs),
      ],
    );
    const again = rows.filter(({ attempt }) => attempt > 1).map(({ runId }) => runId);
    if (again.length === 0) return rows;
    const startStep = Number(rows[0].startStep);
    await supersede(sql, again, startStep);
    if (startStep === 0) return rows;
    const kept = await sql.query(
      '/* claimRuns points */ SELECT run_id, max(last_step) AS step FROM run_metric WHERE run_id = ANY ($1) GROUP BY run_id',
      [again],
    );
    const upTo = new Map(kept.rows.map(({ run_id, step }) => [run_id, Number(step)]));
    return rows.map((row) => ({ ...row, pointsUpTo: upTo.get(row.runId) ?? 0 }));
  });
  if (claims.length > 0)
    db.changed(
      teamId,
      claims.map(({ runId }) => runId),
      true,
    );
  return claims;
}

export interface HeartbeatRun {
  readonly runId: string;
  readonly attempt: number;
  readonly step: number;
  readonly samplesSeen: number;
}
export type Command = 'CONTINUE' | 'PAUSE' | 'PRUNE' | 'STOP' | 'LOST';

export interface Heartbeat {
  readonly teamId: string;
  readonly workerId: string;
  readonly samplesPerSecond: number;
  readonly stopping: boolean;
  /** Name, UUID, utilisation and memory of its GPU. */
  readonly gpu?: unknown;
  readonly leaseSeconds: number;
  readonly runs: readonly HeartbeatRun[];
}

export interface HeartbeatAnswer {
  runId: string;
  attempt: number;
  command: Command;
  /** Whether every sweep that wants the run stops runs early. */
  judged: boolean;
}

/** Renews the leases of a worker, also expired ones that nobody has taken, and tells it what to do with each run. */
export async function heartbeat(db: Db, beat: Heartbeat): Promise<HeartbeatAnswer[] | undefined> {
  const known = await db.pool.query(
    `/* heartbeat worker */ UPDATE worker SET last_seen_at = now(), samples_per_second = $3, stopped_at = CASE WHEN $4 THEN now() END,
       gpu = coalesce($5, gpu)
     WHERE team_id = $1 AND id = $2`,
    [
      beat.teamId,
      beat.workerId,
      beat.samplesPerSecond,
      beat.stopping,
      beat.gpu ? JSON.stringify(beat.gpu) : null,
    ],
  );
  if (known.rowCount === 0) return undefined;
  db.changed(
    beat.teamId,
    beat.runs.map(({ runId }) => runId),
    beat.stopping,
  );
  if (beat.runs.length === 0) return [];
  const { rows } = await db.pool.query(
    `/* heartbeat */ WITH asked AS (SELECT * FROM unnest($2::uuid[], $3::int[], $4::int8[], $5::int8[]) WITH ORDINALITY AS a (id, attempt, step, samples, place)),
     renewed AS (
       UPDATE run SET lease_expires_at = now() + make_interval(secs => $6), step = greatest(run.step, asked.step),
         samples_seen = greatest(run.samples_seen, asked.samples)
       FROM asked WHERE run.id = asked.id AND run.team_id = $1 AND run.attempt = asked.attempt AND run.status = 'RUNNING' RETURNING run.id
     ), wanted AS (
       SELECT r.id, bool_or(s.intent = 'OPEN') AS open, bool_or(s.intent = 'PAUSED') AS paused,
         bool_and(s.stopping IS NOT NULL) FILTER (WHERE s.intent <> 'CANCELLED') AS judged
       FROM renewed r JOIN cell c ON c.run_id = r.id JOIN sweep s ON s.id = c.sweep_id GROUP BY r.id
     )
     SELECT asked.id AS "runId", asked.attempt, CASE
       WHEN renewed.id IS NOT NULL AND wanted.paused AND NOT wanted.open THEN 'PAUSE'
       WHEN renewed.id IS NOT NULL THEN 'CONTINUE'
       WHEN run.status = 'CANCELLED' AND run.attempt = asked.attempt THEN 'STOP'
       ELSE 'LOST' END AS command, coalesce(wanted.judged, false) AS judged
     FROM asked LEFT JOIN renewed USING (id) LEFT JOIN wanted USING (id) LEFT JOIN run ON run.id = asked.id AND run.team_id = $1
     ORDER BY asked.place`,
    [
      beat.teamId,
      beat.runs.map(({ runId }) => runId),
      beat.runs.map(({ attempt }) => attempt),
      beat.runs.map(({ step }) => step),
      beat.runs.map(({ samplesSeen }) => samplesSeen),
      beat.leaseSeconds,
    ],
  );
  return rows;
}
