import type { RunStatus } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';

/** A cell of a sweep that is answered by a run which the sweep did not create. */
export interface ReusedCell {
  readonly position: number;
  /** Key of the run. */
  readonly run: string;
  readonly status: RunStatus;
  readonly diverged: boolean;
  /** Key of the member whose it is. */
  readonly member: string;
}

/** Cells of one sweep whose runs are of one member and stand at one status. */
export interface ReusedFrom {
  readonly member: string;
  readonly status: RunStatus;
  readonly cells: number;
}

const FROM = `cell c JOIN run r ON r.id = c.run_id AND r.sweep_id IS DISTINCT FROM c.sweep_id JOIN member m ON m.id = r.member_id
  WHERE c.sweep_id = $1 AND c.team_id = $2`;

/** In the order of the cells. */
export async function reusedCells(
  { pool }: Db,
  teamId: string,
  sweepId: string,
  { count, skip }: { readonly count: number; readonly skip: number },
): Promise<ReusedCell[]> {
  const { rows } = await pool.query(
    `/* reusedCells */ SELECT c.position, r.key AS run, r.status::text, r.diverged, m.key AS member FROM ${FROM}
     ORDER BY c.position LIMIT $3 OFFSET $4`,
    [sweepId, teamId, count, skip],
  );
  return rows;
}

/** All of them, by whose they are and where they stand. */
export async function reusedFrom({ pool }: Db, teamId: string, sweepId: string): Promise<ReusedFrom[]> {
  const { rows } = await pool.query(
    `/* reusedFrom */ SELECT m.key AS member, r.status::text, count(*)::int AS cells FROM ${FROM}
     GROUP BY m.key, r.status ORDER BY m.key, r.status`,
    [sweepId, teamId],
  );
  return rows;
}
