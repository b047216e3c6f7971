import type { Db } from './open.ts';
import type { Identity } from './team.ts';
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
