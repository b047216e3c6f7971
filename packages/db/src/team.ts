import { userInfo } from 'node:os';
import type { Db } from './open.ts';
import { uuidv7 } from './uuid.ts';

const LOCK = 72_707_370;

/** The first team "local" with its owner, as on a laptop. Repeated and concurrent calls find the same ones. */
export async function ensureLocalOwner(db: Db): Promise<{ teamId: string; memberId: string }> {
  const find = `/* localOwner */
    SELECT team.id AS "teamId", member.id AS "memberId" FROM team JOIN member ON member.team_id = team.id
    WHERE team.key = 'local' AND member.role = 'OWNER' ORDER BY member.created_at, member.id LIMIT 1`;
  const found = await db.pool.query<{ teamId: string; memberId: string }>(find);
  if (found.rows[0]) return found.rows[0];

  const client = await db.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('/* lockLocalOwner */ SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const again = await client.query<{ teamId: string; memberId: string }>(find);
    let owner = again.rows[0];
    if (!owner) {
      owner = { teamId: uuidv7(), memberId: uuidv7() };
      const accountId = uuidv7();
      const name = userName();
      await client.query(
        `/* createLocalOwner */ WITH
           new_team AS (INSERT INTO team (id, key, name) VALUES ($1, 'local', 'Local')),
           new_account AS (INSERT INTO account (id, name) VALUES ($2, $4))
         INSERT INTO member (id, team_id, account_id, key, role) VALUES ($3, $1, $2, $4, 'OWNER')`,
        [owner.teamId, accountId, owner.memberId, name],
      );
    }
    await client.query('COMMIT');
    return owner;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

function userName(): string {
  try {
    return userInfo().username || 'owner';
  } catch {
    return 'owner';
  }
}
