import type { Db } from '../open.ts';

/** What a member ran lately. */
export interface MemberActivity {
  readonly memberId: string;
  readonly lastRunAt: Date | null;
  /** Created in the last so many days. */
  readonly recent: number;
  readonly running: number;
}

/** Of many members in one statement, by ranges of indexes. */
export async function memberActivity(
  { pool }: Db,
  teamId: string,
  memberIds: readonly string[],
  days: number,
): Promise<MemberActivity[]> {
  const { rows } = await pool.query(
    `/* memberActivity */ SELECT m.id AS "memberId",
       (SELECT r.created_at FROM run r WHERE r.team_id = $1 AND r.member_id = m.id ORDER BY r.created_at DESC LIMIT 1) AS "lastRunAt",
       (SELECT count(*)::int FROM run r WHERE r.team_id = $1 AND r.member_id = m.id AND r.created_at > now() - make_interval(days => $3)) AS recent,
       (SELECT count(*)::int FROM run r WHERE r.team_id = $1 AND r.member_id = m.id AND r.status = 'RUNNING') AS running
     FROM unnest($2::uuid[]) AS m (id)`,
    [teamId, memberIds, days],
  );
  return rows;
}
