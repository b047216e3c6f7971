import type { Db } from './open.ts';
import { RUN_COLUMNS } from './sweep.ts';
import { transaction } from './transaction.ts';
import { uuidv7 } from './uuid.ts';

/** Its process removes what deleted runs have left behind when it hears this. */
export const DELETED_CHANNEL = 'smallbatch_deleted';

export type Deleted =
  | { readonly kind: 'deleted'; readonly runId: string; readonly points: number; readonly cells: number }
  | { readonly kind: 'running' }
  | { readonly kind: 'unknown' };

/**
 * Deletes a run: in one transaction it and its summaries are gone from every answer; its points, which nobody finds any more, are
 * removed afterwards (purge.ts). A sweep's cell is always answered by a run: one whose run is deleted gets an empty one of the same
 * configuration and key, cancelled, which a retry of the sweep trains anew. It waits for the team's lock as creating a sweep does,
 * which could otherwise take the run at that moment.
 */
export async function deleteRun(db: Db, teamId: string, key: string): Promise<Deleted> {
  const deleted = await transaction(db, async (sql): Promise<Deleted> => {
    await sql.query('/* deleteRun lock */ SELECT FROM team WHERE id = $1 FOR NO KEY UPDATE', [teamId]);
    const { rows } = await sql.query(
      `/* deleteRun run */ SELECT id, status, (SELECT count(*) FROM cell WHERE cell.run_id = run.id) AS cells
       FROM run WHERE team_id = $1 AND key = $2 FOR UPDATE`,
      [teamId, key],
    );
    const [run] = rows;
    if (!run) return { kind: 'unknown' };
    if (run.status === 'RUNNING') return { kind: 'running' };
    const { id, cells } = run;
    const counted = await sql.query(
      `/* deleteRun summaries */ WITH gone AS (DELETE FROM run_metric WHERE run_id = $1 RETURNING count)
       SELECT coalesce(sum(count), 0)::int8 AS points FROM gone`,
      [id],
    );
    const { points } = counted.rows[0];
    if (points > 0)
      await sql.query(
        '/* deleteRun note */ INSERT INTO deleted_run (run_id, team_id, key) VALUES ($1, $2, $3)',
        [id, teamId, key],
      );
    await sql.query('/* deleteRun attempts */ DELETE FROM attempt WHERE run_id = $1', [id]);
    await sql.query('/* deleteRun rungs */ DELETE FROM rung WHERE run_id = $1', [id]);
    if (cells > 0) {
      // Its key is unique, so the old run gives it up first.
      const empty = uuidv7();
      await sql.query('/* deleteRun rename */ UPDATE run SET key = id::text WHERE id = $1', [id]);
      await sql.query(
        `/* deleteRun empty */ INSERT INTO run (id, team_id, member_id, key, sweep_id, queue_rank, duplicate, status, ended_at, reason, ${RUN_COLUMNS})
         SELECT $2, team_id, member_id, $3, sweep_id, queue_rank, duplicate, 'CANCELLED', now(), 'its result was deleted', ${RUN_COLUMNS} FROM run WHERE id = $1`,
        [id, empty, key],
      );
      await sql.query('/* deleteRun cells */ UPDATE cell SET run_id = $2 WHERE run_id = $1', [id, empty]);
    }
    await sql.query('/* deleteRun */ DELETE FROM run WHERE id = $1', [id]);
    return { kind: 'deleted', runId: id, points, cells };
  });
  if (deleted.kind === 'deleted') {
    db.changed(teamId, [deleted.runId], true);
    db.notify(DELETED_CHANNEL, '');
  }
  return deleted;
}
