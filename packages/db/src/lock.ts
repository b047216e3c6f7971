import { lockTeam, type Meaning, meantRuns, mine, type NotMeant, type NotYours, type Only } from './meant.ts';
import type { Db } from './open.ts';
import { transaction } from './transaction.ts';

export type Locked = {
  readonly kind: 'locked';
  readonly matched: number;
  readonly changed: number;
  /** Left as they were: other members'. */
  readonly others: number;
};

/** Locks runs, so that they are not deleted, or unlocks them. */
export function lockRuns(
  db: Db,
  teamId: string,
  meaning: Meaning,
  locked: boolean,
): Promise<Locked | NotMeant> {
  return transaction(db, async (sql) => {
    await lockTeam(sql, teamId);
    const meant = await meantRuns(sql, teamId, meaning);
    if ('kind' in meant) return meant;
    const { ids, matched, others } = meant;
    const { rowCount } = await sql.query(
      `/* lockRuns */ WITH x AS MATERIALIZED (SELECT id FROM run WHERE id = ANY ($1) AND locked <> $2 ORDER BY id FOR NO KEY UPDATE)
       UPDATE run SET locked = $2 FROM x WHERE run.id = x.id`,
      [ids, locked],
    );
    return { kind: 'locked', matched, changed: rowCount ?? 0, others };
  });
}

/** → the sweep's id, undefined where there is none. It waits for the team's lock, as deleting does. */
export function lockSweep(
  db: Db,
  teamId: string,
  key: string,
  locked: boolean,
  only: Only = null,
): Promise<{ readonly kind: 'locked'; readonly id: string } | NotYours | undefined> {
  return transaction(db, async (sql) => {
    await lockTeam(sql, teamId);
    const { rows } = await sql.query<{ id: string; mine: boolean; member: string }>(
      `/* lockSweep */ WITH x AS MATERIALIZED (
         SELECT s.id, ${mine('s', '$4')} AS mine, m.key AS member FROM sweep s JOIN member m ON m.id = s.member_id WHERE s.team_id = $1 AND s.key = $2
       ), changed AS (UPDATE sweep SET locked = $3 FROM x WHERE sweep.id = x.id AND x.mine)
       SELECT id, mine, member FROM x`,
      [teamId, key, locked, only],
    );
    const [sweep] = rows;
    if (!sweep) return undefined;
    return sweep.mine ? { kind: 'locked', id: sweep.id } : { kind: 'notYours', member: sweep.member };
  });
}
