import { userInfo } from 'node:os';
import type { Db } from './open.ts';
import { transaction } from './transaction.ts';
import { uuidv7 } from './uuid.ts';

/** Who acts: a member, and the team that it is a member of. */
export interface Identity {
  readonly teamId: string;
  readonly memberId: string;
}

/** An owner of the team "local", and the account of it. */
export interface LocalOwner extends Identity {
  readonly accountId: string;
}

const FIND = `/* localOwner */
  SELECT team.id AS "teamId", member.id AS "memberId", account.id AS "accountId"
  FROM team JOIN member ON member.team_id = team.id JOIN account ON account.id = member.account_id
  WHERE team.key = 'local' AND member.role = 'OWNER' AND member.left_at IS NULL AND account.disabled_at IS NULL
  ORDER BY member.created_at, member.id LIMIT 1`;

/** The first team "local" with its owner, as on a laptop. Repeated and concurrent calls find the same ones. */
export async function ensureLocalOwner(db: Db): Promise<LocalOwner> {
  const found = await db.pool.query<LocalOwner>(FIND);
  if (found.rows[0]) return found.rows[0];
  return transaction(db, async (sql) => {
    // Of two that start at once the second waits for the first's team, and then finds it.
    const made = await sql.query<{ id: string }>(
      `/* createLocalTeam */ INSERT INTO team (id, key, name) VALUES ($1, 'local', 'Local') ON CONFLICT (key) DO NOTHING RETURNING id`,
      [uuidv7()],
    );
    const teamId = made.rows[0]?.id;
    if (teamId) {
      await sql.query(
        `/* createLocalOwner */ WITH person AS (INSERT INTO account (id, name) VALUES ($1, $2) RETURNING id)
         INSERT INTO member (id, team_id, account_id, key, role) SELECT $3, $4, person.id, $2, 'OWNER' FROM person`,
        [uuidv7(), userName(), uuidv7(), teamId],
      );
    }
    const { rows } = await sql.query<LocalOwner>(FIND);
    if (!rows[0]) throw new Error('the team "local" has no owner: give one of its members the role OWNER');
    return rows[0];
  });
}

/** The id of the team of a key, which is made where there is none. Its name is its key. */
export async function ensureTeam(db: Db, key: string): Promise<string> {
  const { rows } = await db.pool.query<{ id: string }>(
    `/* ensureTeam */ INSERT INTO team (id, key, name) VALUES ($1, $2, $2)
     ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key RETURNING id`,
    [uuidv7(), key],
  );
  return rows[0]!.id;
}

function userName(): string {
  try {
    return userInfo().username || 'owner';
  } catch {
    return 'owner';
  }
}
