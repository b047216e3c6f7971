import { lockTeam, type Meaning, meantRuns, mine, type NotMeant } from './meant.ts';
import type { Db } from './open.ts';
import { ANSWERS } from './sweep.ts';
import { transaction } from './transaction.ts';

export type Retried = {
  readonly kind: 'retried';
  readonly matched: number;
  /** Wait again. */
  readonly runs: number;
  /** Cells that took a run which answers their configuration by now. */
  readonly taken: number;
  /** Left as they were: other members'. */
  readonly others: number;
};

/**
 * Failed and cancelled runs that answer a cell wait again, as retrying their sweep makes them; those of somebody's own script are left,
 * as no worker could train them. A cancelled sweep of which a run waits again is open again; one that may not be changed stays as it is.
 */
export async function retryRuns(db: Db, teamId: string, meaning: Meaning): Promise<Retried | NotMeant> {
  const retried = await transaction(db, async (sql): Promise<Retried | NotMeant> => {
    await lockTeam(sql, teamId);
    const meant = await meantRuns(sql, teamId, meaning);
    if ('kind' in meant) return meant;
    const { matched, others } = meant;
    const only = meaning.only ?? null;
    const { rows } = await sql.query<{ id: string }>(
      `/* retryRuns choose */ SELECT id FROM run WHERE id = ANY ($1) AND status IN ('FAILED', 'CANCELLED')
       AND EXISTS (SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = run.id AND (s.intent <> 'CANCELLED' OR ${mine('s', '$2')}))
       ORDER BY id FOR NO KEY UPDATE`,
      [meant.ids, only],
    );
    const ids = rows.map(({ id }) => id);
    await sql.query(
      `/* retryRuns open */ UPDATE sweep SET intent = 'OPEN' WHERE intent = 'CANCELLED' AND ${mine('sweep', '$2')} AND id IN (SELECT sweep_id FROM cell WHERE run_id = ANY ($1))`,
      [ids, only],
    );
    // Of several that failed at one configuration the first is trained; the others' cells take it.
    const again = await sql.query(
      `/* retryRuns */ UPDATE run SET status = 'WAITING', ended_at = NULL, reason = NULL, worker_id = NULL, lost = 0, held = NOT EXISTS (
         SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = run.id AND s.intent = 'OPEN')
       WHERE id IN (
         SELECT DISTINCT ON (CASE WHEN duplicate THEN id::text ELSE configuration_hash END) id FROM run AS r WHERE id = ANY ($1) AND (duplicate OR NOT EXISTS (
           SELECT FROM run AS o WHERE o.team_id = $2 AND o.configuration_hash = r.configuration_hash AND NOT o.duplicate AND o.status IN ${ANSWERS}))
         ORDER BY CASE WHEN duplicate THEN id::text ELSE configuration_hash END, id)`,
      [ids, teamId],
    );
    const taken = await sql.query<{ run_id: string }>(
      `/* retryRuns take */ UPDATE cell SET run_id = other.id FROM run AS old, run AS other
       WHERE cell.run_id = ANY ($1) AND old.id = cell.run_id AND old.status IN ('FAILED', 'CANCELLED') AND NOT old.duplicate
       AND other.team_id = $2 AND other.configuration_hash = old.configuration_hash AND NOT other.duplicate AND other.status IN ${ANSWERS}
       RETURNING cell.run_id`,
      [ids, teamId],
    );
    await sql.query(
      `/* retryRuns unhold */ UPDATE run SET held = false WHERE id = ANY ($1) AND status = 'WAITING' AND held AND EXISTS (
         SELECT FROM cell c JOIN sweep s ON s.id = c.sweep_id WHERE c.run_id = run.id AND s.intent = 'OPEN')`,
      [taken.rows.map(({ run_id }) => run_id)],
    );
    return { kind: 'retried', matched, runs: again.rowCount ?? 0, taken: taken.rowCount ?? 0, others };
  });
  if (retried.kind === 'retried') db.changed(teamId, '*', true);
  return retried;
}
