import type pg from 'pg';
import { lockTeam, type Meaning, meantRuns, type NotMeant, type NotYours, type Only } from './meant.ts';
import type { Db } from './open.ts';
import { LOCKED_SQL } from './read/fields.ts';
import { RUN_COLUMNS } from './sweep.ts';
import { transaction } from './transaction.ts';
import { uuidv7 } from './uuid.ts';

/** How long deleted runs can be brought back (restore.ts); then their points are removed (purge.ts). */
export const TRASH_HOURS = 24;

export type RunsDeleted = {
  readonly kind: 'deleted';
  /** Id of the deletion; undefined when nothing was deleted. */
  readonly deletionId: string | undefined;
  readonly matched: number;
  readonly runs: number;
  readonly points: number;
  readonly cells: number;
  /** Spared: locked, or of a locked sweep. */
  readonly locked: number;
  /** Spared: being trained. */
  readonly running: number;
  /** Left as they were: other members'. */
  readonly others: number;
};

/**
 * Deletes runs: in one transaction they and their summaries are gone from every answer. Their rows are kept as they were for a day, in
 * which they can be brought back; their points stay where they are, and nobody finds them any more. A sweep's cell is always answered
 * by a run: one whose run is deleted gets an empty one of the same configuration and key, cancelled, which a retry trains anew.
 * It waits for the team's lock as creating a sweep does, which could otherwise take a run at that moment.
 */
export async function deleteRuns(db: Db, teamId: string, meaning: Meaning): Promise<RunsDeleted | NotMeant> {
  let gone: string[] = [];
  const deleted = await transaction(db, async (sql): Promise<RunsDeleted | NotMeant> => {
    await lockTeam(sql, teamId);
    const meant = await meantRuns(sql, teamId, meaning);
    if ('kind' in meant) return meant;
    const { ids, matched, others } = meant;
    // A run that a worker takes at this moment is looked at again when its row is free, and is spared then.
    const { rows } = await sql.query<{ id: string }>(
      `/* deleteRuns choose */ SELECT r.id FROM run r WHERE r.id = ANY ($1) AND r.status <> 'RUNNING' AND NOT ${LOCKED_SQL} ORDER BY r.id FOR UPDATE OF r`,
      [ids],
    );
    gone = rows.map(({ id }) => id);
    const spared = await sql.query(
      `/* deleteRuns spared */ SELECT count(*)::int AS locked FROM run r WHERE r.id = ANY ($1) AND r.id <> ALL ($2) AND ${LOCKED_SQL}`,
      [ids, gone],
    );
    const { locked } = spared.rows[0];
    const counted = {
      matched,
      runs: gone.length,
      locked,
      running: ids.length - gone.length - locked,
      others,
    };
    const removed =
      gone.length > 0
        ? { deletionId: await keep(sql, teamId, gone), ...(await remove(sql, gone)) }
        : { deletionId: undefined, points: 0, cells: 0 };
    return { kind: 'deleted', ...counted, ...removed };
  });
  if (gone.length > 0) db.changed(teamId, '*', true);
  return deleted;
}

/** Writes the rows of runs down as they are. → the id of the deletion. */
async function keep(sql: pg.PoolClient, teamId: string, gone: readonly string[]): Promise<string> {
  const id = uuidv7();
  await sql.query(
    `/* deleteRuns note */ WITH made AS (
       INSERT INTO deletion (id, team_id, member_id, key, runs) VALUES ($1, $2, acting_member(), 'deletion-' || nextval('deletion_number'), $3)
       RETURNING key
     )
     INSERT INTO event (team_id, kind, member_id, detail)
     SELECT $2, 'RUNS_DELETED', acting_member(), jsonb_build_object('runs', $3::int, 'deletion', key) FROM made`,
    [id, teamId, gone.length],
  );
  await sql.query(
    `/* deleteRuns keep */ INSERT INTO deleted_run (run_id, team_id, key, deletion_id, run, metrics, attempts, rungs)
     SELECT r.id, r.team_id, r.key, $2, to_json(r), coalesce((SELECT json_agg(m) FROM run_metric m WHERE m.run_id = r.id), '[]'),
       coalesce((SELECT json_agg(a) FROM attempt a WHERE a.run_id = r.id), '[]'), coalesce((SELECT json_agg(g) FROM rung g WHERE g.run_id = r.id), '[]')
     FROM run r WHERE r.id = ANY ($1)`,
    [gone, id],
  );
  return id;
}

/** Takes the rows of runs away, and puts an empty run into each cell that one answered. */
async function remove(
  sql: pg.PoolClient,
  gone: readonly string[],
): Promise<{ points: number; cells: number }> {
  const counted = await sql.query(
    `/* deleteRuns summaries */ WITH gone AS (DELETE FROM run_metric WHERE run_id = ANY ($1) RETURNING count)
     SELECT coalesce(sum(count), 0)::int8 AS points FROM gone`,
    [gone],
  );
  await sql.query('/* deleteRuns attempts */ DELETE FROM attempt WHERE run_id = ANY ($1)', [gone]);
  await sql.query('/* deleteRuns rungs */ DELETE FROM rung WHERE run_id = ANY ($1)', [gone]);
  const answering = await sql.query<{ id: string; key: string }>(
    '/* deleteRuns answering */ SELECT id, key FROM run WHERE id = ANY ($1) AND EXISTS (SELECT FROM cell WHERE cell.run_id = run.id)',
    [gone],
  );
  let cells = 0;
  if (answering.rows.length > 0) {
    const ids = answering.rows.map(({ id }) => id);
    const empty = ids.map(() => uuidv7());
    // Its key is unique, so the old run gives it up first.
    await sql.query('/* deleteRuns rename */ UPDATE run SET key = id::text WHERE id = ANY ($1)', [ids]);
    await sql.query(
      `/* deleteRuns empty */ INSERT INTO run (id, team_id, member_id, key, sweep_id, queue_rank, duplicate, status, ended_at, reason, ${RUN_COLUMNS})
       SELECT n.id, team_id, member_id, n.key, sweep_id, queue_rank, duplicate, 'CANCELLED', now(), 'its result was deleted', ${RUN_COLUMNS}
       FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS n (old, id, key) JOIN run ON run.id = n.old`,
      [ids, empty, answering.rows.map(({ key }) => key)],
    );
    const moved = await sql.query(
      `/* deleteRuns cells */ UPDATE cell SET run_id = n.id FROM unnest($1::uuid[], $2::uuid[]) AS n (old, id) WHERE cell.run_id = n.old`,
      [ids, empty],
    );
    cells = moved.rowCount ?? 0;
  }
  await sql.query('/* deleteRuns */ DELETE FROM run WHERE id = ANY ($1)', [gone]);
  return { points: counted.rows[0].points, cells };
}

export type Deleted =
  | RunsDeleted
  | { readonly kind: 'running' }
  /** By itself, or by these sweeps. */
  | { readonly kind: 'locked'; readonly sweeps: readonly string[] }
  | NotYours
  | { readonly kind: 'unknown' };

/** The same of one run, which says why it is spared. */
export async function deleteRun(db: Db, teamId: string, key: string, only: Only = null): Promise<Deleted> {
  const deleted = await deleteRuns(db, teamId, { where: { key: { eq: key } }, only });
  if (deleted.kind === 'notYours') return deleted;
  if (deleted.kind !== 'deleted' || deleted.matched === 0) return { kind: 'unknown' };
  if (deleted.running > 0) return { kind: 'running' };
  if (deleted.locked === 0) return deleted;
  const { rows } = await db.pool.query(
    `/* deleteRun locks */ SELECT DISTINCT s.key FROM run r JOIN cell c ON c.run_id = r.id JOIN sweep s ON s.id = c.sweep_id
     WHERE r.team_id = $1 AND r.key = $2 AND s.locked ORDER BY s.key LIMIT 10`,
    [teamId, key],
  );
  return { kind: 'locked', sweeps: rows.map((row) => row.key) };
}
