import type { Db } from './open.ts';
import { ANSWERS, type NewRun, RUN_COLUMNS, runArrays, runTypes, slug } from './sweep.ts';
import type { Identity } from './team.ts';
import { transaction } from './transaction.ts';
import { uuidv7 } from './uuid.ts';

export interface NewWorker extends Identity {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly engine: string;
  readonly device: string;
  readonly versions: unknown;
  readonly trainerVersion: string;
  readonly memoryBytes?: number;
}

export async function registerWorker(db: Db, worker: NewWorker): Promise<string> {
  const id = uuidv7();
  await db.pool.query(
    `/* registerWorker */ INSERT INTO worker (id, team_id, member_id, name, host, pid, engine, device, versions, trainer_version, memory_bytes)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      id,
      worker.teamId,
      worker.memberId,
      worker.name,
      worker.host,
      worker.pid,
      worker.engine,
      worker.device,
      JSON.stringify(worker.versions),
      worker.trainerVersion,
      worker.memoryBytes ?? 0,
    ],
  );
  db.changed(worker.teamId, [], true);
  return id;
}

export interface OwnRun extends Identity {
  readonly name: string;
  readonly workerId: string;
  readonly engine: string;
  readonly run: NewRun;
  readonly info: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | null;
  readonly duplicate: boolean;
  readonly leaseSeconds: number;
}

/**
 * A run of somebody's own training script: its creator has it at once, and no worker ever claims it (it is held).
 * → the run, and whether it is new; one that was made with the same idempotency key is returned again; `answered` is a run that
 * answers the configuration already.
 */
export async function createOwnRun(
  db: Db,
  own: OwnRun,
): Promise<{ id: string; created: boolean } | { answered: string }> {
  const { teamId, memberId, run, workerId } = own;
  const made = await transaction(db, async (sql) => {
    await sql.query('/* createOwnRun lock */ SELECT 1 FROM team WHERE id = $1 FOR NO KEY UPDATE', [teamId]);
    // Nobody but its script could go on with an own run; when that was lost, the run gives its place to the new one.
    if (!own.duplicate) {
      await sql.query(
        `/* createOwnRun lost */ WITH gone AS (
           UPDATE run SET status = 'FAILED', ended_at = now(), lease_expires_at = NULL, reason = 'its script was lost'
           WHERE team_id = $1 AND configuration_hash = $2 AND status = 'RUNNING' AND held AND sweep_id IS NULL AND lease_expires_at < now()
           AND ($3::text IS NULL OR idempotency_key IS DISTINCT FROM $3) RETURNING id, attempt
         )
         UPDATE attempt SET ended_at = now(), "end" = 'LOST', reason = 'its lease expired' FROM gone
         WHERE attempt.run_id = gone.id AND attempt.number = gone.attempt`,
        [teamId, run.configurationHash, own.idempotencyKey],
      );
    }
    const before = await sql.query(
      `/* createOwnRun before */ SELECT id, idempotency_key IS NOT DISTINCT FROM $2 AND $2 IS NOT NULL AS same FROM run
       WHERE team_id = $1 AND (idempotency_key = $2 OR (NOT $4 AND configuration_hash = $3 AND NOT duplicate AND status IN ${ANSWERS}))
       ORDER BY 2 DESC LIMIT 1`,
      [teamId, own.idempotencyKey, run.configurationHash, own.duplicate],
    );
    const [found] = before.rows;
    if (found) return found.same ? { id: found.id, created: false } : { answered: found.id };
    const counted = await sql.query(
      '/* createOwnRun number */ SELECT count(*) + 1 AS number FROM run WHERE team_id = $1 AND sweep_id IS NULL',
      [teamId],
    );
    const id = uuidv7();
    await sql.query(
      `/* createOwnRun */ INSERT INTO run (${RUN_COLUMNS}, id, team_id, member_id, key, queue_rank, held, status, attempt, worker_id, engine,
         lease_expires_at, started_at, info, idempotency_key, duplicate)
       SELECT n.*, $1, $2, $3, $4, 0, true, 'RUNNING', 1, $5, $6, now() + make_interval(secs => $7), now(), $8, $9, $10 AND EXISTS (
         SELECT FROM run r WHERE r.team_id = $2 AND r.configuration_hash = n.configuration_hash AND NOT r.duplicate AND r.status IN ${ANSWERS})
       FROM unnest(${runTypes(11)}) AS n (${RUN_COLUMNS})`,
      [
        id,
        teamId,
        memberId,
        `${slug(own.name)}-${counted.rows[0].number}`,
        workerId,
        own.engine,
        own.leaseSeconds,
        JSON.stringify(own.info),
        own.idempotencyKey,
        own.duplicate,
        ...runArrays([run]),
      ],
    );
    await sql.query(
      `/* createOwnRun attempt */ INSERT INTO attempt (run_id, number, team_id, worker_id, engine, device, versions, runs_side_by_side, slot)
       SELECT $1, 1, team_id, id, engine, device, versions, 1, 0 FROM worker WHERE id = $2`,
      [id, workerId],
    );
    return { id, created: true };
  });
  if ('id' in made && made.created) db.changed(teamId, [made.id], true);
  return made;
}

/** What a worker that is up has. */
export interface WorkerUp {
  readonly trainerVersion: string;
  readonly datasets: readonly string[];
  readonly memoryBytes: number;
}

/** Workers of a team that claim runs and were heard of within a lease. */
export async function workersUp({ pool }: Db, teamId: string, leaseSeconds: number): Promise<WorkerUp[]> {
  const { rows } = await pool.query(
    `/* workersUp */ SELECT trainer_version AS "trainerVersion", datasets, memory_bytes AS "memoryBytes" FROM worker
     WHERE team_id = $1 AND stopped_at IS NULL AND trainer_version <> 'own' AND last_seen_at > now() - make_interval(secs => $2)`,
    [teamId, leaseSeconds],
  );
  return rows;
}

/** Runs that wait and could be claimed, and that share the shape of their steps and their data set. */
export interface WaitingWork {
  /** One of them. */
  readonly runId: string;
  readonly runs: number;
  /** Samples that all of them train on. */
  readonly samples: number;
  /** Least memory that a step of one needs. */
  readonly memoryBytes: number;
}

/** What waits for a worker that has these data sets, the most work first; of one sweep if it is given. */
export async function waitingWork(
  { pool }: Db,
  teamId: string,
  {
    datasets,
    trainerVersion,
    sweep,
  }: { datasets: readonly string[]; trainerVersion: string; sweep?: string | null },
  most: number,
): Promise<WaitingWork[]> {
  const { rows } = await pool.query(
    `/* waitingWork */ SELECT min(r.id::text) AS "runId", count(*)::int AS runs, sum(r.planned_steps * r.batch_size)::float8 AS samples,
       max(r.memory_bytes) AS "memoryBytes"
     FROM run r JOIN dataset d ON d.id = r.dataset_id
     WHERE r.team_id = $1 AND r.status = 'WAITING' AND NOT r.held AND d.hash = ANY ($2) AND r.trainer_version = $5
       AND ($4::text IS NULL OR EXISTS (SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = r.id AND s.key = $4))
     GROUP BY r.shape_key, r.dataset_id ORDER BY samples DESC, "runId" LIMIT $3`,
    [teamId, datasets, most, sweep ?? null, trainerVersion],
  );
  return rows;
}
