import type { Db } from './open.ts';

/** A run in a sweep that stops runs early. */
export interface Judged {
  readonly runId: string;
  readonly sweepId: string;
  readonly stopping: unknown;
}

/** What a run of a sweep had reached at an epoch, and whether it went on. */
export interface ReachedRung {
  readonly sweepId: string;
  readonly epoch: number;
  readonly runId: string;
  readonly value: number;
  readonly goesOn: boolean;
}

/** The sweeps that want these runs and stop runs early. */
export async function judgedRuns(db: Db, teamId: string, runIds: readonly string[]): Promise<Judged[]> {
  const { rows } = await db.pool.query<Judged>(
    `/* judgedRuns */ SELECT c.run_id AS "runId", s.id AS "sweepId", s.stopping FROM cell c JOIN sweep s ON s.id = c.sweep_id
     WHERE c.team_id = $1 AND c.run_id = ANY ($2) AND s.intent <> 'CANCELLED' AND s.stopping IS NOT NULL`,
    [teamId, runIds],
  );
  return rows;
}

/** Everything that was recorded of these sweeps. */
export async function rungsOf(db: Db, sweepIds: readonly string[]): Promise<ReachedRung[]> {
  const { rows } = await db.pool.query<ReachedRung>(
    `/* rungsOf */ SELECT sweep_id AS "sweepId", epoch, run_id AS "runId", value, goes_on AS "goesOn" FROM rung WHERE sweep_id = ANY ($1)`,
    [sweepIds],
  );
  return rows;
}

/** Records what is not recorded yet: a decision stands. */
export async function recordRungs(db: Db, teamId: string, rungs: readonly ReachedRung[]): Promise<void> {
  await db.pool.query(
    `/* recordRungs */ INSERT INTO rung (sweep_id, epoch, run_id, team_id, value, goes_on)
     SELECT n.sweep_id, n.epoch, n.run_id, $1, n.value, n.goes_on
     FROM unnest($2::uuid[], $3::float8[], $4::uuid[], $5::float8[], $6::bool[]) AS n (sweep_id, epoch, run_id, value, goes_on)
     ON CONFLICT DO NOTHING`,
    [
      teamId,
      rungs.map(({ sweepId }) => sweepId),
      rungs.map(({ epoch }) => epoch),
      rungs.map(({ runId }) => runId),
      rungs.map(({ value }) => value),
      rungs.map(({ goesOn }) => goesOn),
    ],
  );
}
