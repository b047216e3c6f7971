import { lockTeam, type Meaning, meantRuns, type NotMeant } from './meant.ts';
import type { Db } from './open.ts';
import { transaction } from './transaction.ts';

export type Locked = { readonly kind: 'locked'; readonly matched: number; readonly changed: number };

/** Locks runs, so that they are not deleted, or unlocks them. */
export function lockRuns(
  db: Db,
  teamId: string,
  meaning: Meaning,
  locked: boolean,
): Promise<Locked | NotMeant> {
  return transaction(db, async (sql) => {
    await lockTeam(sql, teamId);
    const ids = await meantRuns(sql, teamId, meaning);
    if ('kind' in ids) return ids;
    const { rowCount } = await sql.query(
      `/* lockRuns */ WITH x AS MATERIALIZED (SELECT id FROM run WHERE id = ANY ($1) AND locked <> $2 ORDER BY id FOR NO KEY UPDATE)
       UPDATE run SET locked = $2 FROM x WHERE run.id = x.id`,
      [ids, locked],
    );
    return { kind: 'locked', matched: ids.length, changed: rowCount ?? 0 };
  });
}

/** → the sweep's id, undefined where there is none. It waits for the team's lock, as deleting does. */
export function lockSweep(db: Db, teamId: string, key: string, locked: boolean): Promise<string | undefined> {
  return transaction(db, async (sql) => {
    await lockTeam(sql, teamId);
    const { rows } = await sql.query(
      '/* lockSweep */ UPDATE sweep SET locked = $3 WHERE team_id = $1 AND key = $2 RETURNING id',
      [teamId, key, locked],
    );
    return rows[0]?.id;
  });
}
