import type { Role, SignInMethod } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import type { Sql } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { tell } from './rights.ts';
import { hashOf, makeSecret } from './secret.ts';

/** Days that a session lasts, and that it lasts without a use. */
export const SESSION_DAYS = 30;
const IDLE_DAYS = 7;
const LONGEST_AGENT = 300;

export interface NewSession {
  readonly accountId: string;
  /** The team that it acts for; null: the first of the account's. */
  readonly teamId: string | null;
  readonly method: SignInMethod;
  /** Where from: an address, and what the browser says that it is. */
  readonly address: string;
  readonly agent: string;
}

/** Begins a session. `secret` is given to the browser, and kept nowhere else. */
export async function createSession(
  sql: Sql,
  session: NewSession,
): Promise<{ readonly id: string; readonly secret: string }> {
  const [id, secret] = [uuidv7(), makeSecret('ses_')];
  await sql.query(
    `/* createSession */ INSERT INTO session (id, account_id, team_id, hash, method, address, agent, expires_at)
     VALUES ($1, $2, $3, $4, $5::"SignInMethod", $6, $7, now() + make_interval(days => $8))`,
    [
      id,
      session.accountId,
      session.teamId,
      hashOf(secret),
      session.method,
      session.address,
      [...session.agent].slice(0, LONGEST_AGENT).join(''),
      SESSION_DAYS,
    ],
  );
  return { id, secret };
}

export interface FoundSession {
  readonly id: string;
  readonly accountId: string;
  /** Whom it acts for; undefined where the account is in no team, or not in the one that is asked for. */
  readonly member: { readonly teamId: string; readonly memberId: string; readonly role: Role } | undefined;
  /** The next secret, where it was time for one. The given one is good for a minute more. */
  readonly secret: string | undefined;
}

/** A session that is good: not revoked, over, or long unused, of an account that is not disabled. */
const GOOD = `s.revoked_at IS NULL AND a.disabled_at IS NULL AND s.expires_at > now()
  AND s.last_seen_at > now() - interval '${IDLE_DAYS} days'`;

/**
 * The session of a secret, for the team of a key, else for the session's own, else for the account's first. Notes when it was
 * used, at most once a minute. `rotate`: the answer reaches the browser, so a secret that is a day old gives way to a new one.
 */
export async function findSession(
  db: Db,
  secret: string,
  options: { readonly team?: string | undefined; readonly rotate?: boolean } = {},
): Promise<FoundSession | undefined> {
  const hash = hashOf(secret);
  const by = "s.hash = $1 OR s.previous_hash = $1 AND s.rotated_at > now() - interval '1 minute'";
  const row = await look(db, 'findSession', by, hash, options.team);
  if (!row) return undefined;
  const rotated = row.hash.equals(hash) && row.due && options.rotate;
  return found(row, rotated ? await rotate(db, row.id, hash) : undefined);
}

/** The same of a session whose secret was seen when a connection was made; it may have another one by now. */
export async function findSessionAgain(
  db: Db,
  id: string,
  team?: string | undefined,
): Promise<FoundSession | undefined> {
  const row = await look(db, 'findSessionAgain', 's.id = $1', id, team);
  return row && found(row);
}

interface Row {
  readonly id: string;
  readonly accountId: string;
  readonly memberId: string | null;
  readonly teamId: string;
  readonly role: Role;
  readonly hash: Buffer;
  readonly stale: boolean;
  readonly due: boolean;
}
const found = ({ id, accountId, memberId, teamId, role }: Row, secret?: string): FoundSession => ({
  id,
  accountId,
  member: memberId ? { teamId, memberId, role } : undefined,
  secret,
});

async function look(
  db: Db,
  name: string,
  by: string,
  value: string | Buffer,
  team: string | undefined,
): Promise<Row | undefined> {
  const { rows } = await db.pool.query<Row>({
    name,
    text: `/* ${name} */ SELECT s.id, s.account_id AS "accountId", m.id AS "memberId", m.team_id AS "teamId", m.role::text AS role,
       s.hash, s.last_seen_at < now() - interval '1 minute' AS stale, s.rotated_at < now() - interval '1 day' AS due
     FROM session s JOIN account a ON a.id = s.account_id
     LEFT JOIN LATERAL (
       SELECT m.id, m.team_id, m.role FROM member m JOIN team t ON t.id = m.team_id
       WHERE m.account_id = a.id AND m.left_at IS NULL AND ($2::text IS NULL OR t.key = $2)
       ORDER BY m.team_id IS DISTINCT FROM s.team_id, m.created_at, m.id LIMIT 1) m ON true
     WHERE (${by}) AND ${GOOD}`,
    values: [value, team ?? null],
  });
  const [row] = rows;
  if (row?.stale)
    await db.pool.query(
      `/* useSession */ UPDATE session SET last_seen_at = now()
       WHERE id = $1 AND last_seen_at < now() - interval '1 minute'`,
      [row.id],
    );
  return row;
}

/** Of two requests that come at once one gets the new secret; the other's is then the previous one. */
async function rotate(db: Db, id: string, hash: Buffer): Promise<string | undefined> {
  const secret = makeSecret('ses_');
  const { rowCount } = await db.pool.query(
    '/* rotateSession */ UPDATE session SET previous_hash = hash, hash = $3, rotated_at = now() WHERE id = $1 AND hash = $2',
    [id, hash, hashOf(secret)],
  );
  return rowCount === 1 ? secret : undefined;
}

/** Makes a session act for a team of its account, by the team's key; false where the account is in none of that key. */
export async function chooseTeam(db: Db, sessionId: string, key: string): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `/* chooseTeam */ UPDATE session s SET team_id = m.team_id FROM member m JOIN team t ON t.id = m.team_id
     WHERE s.id = $1 AND m.account_id = s.account_id AND m.left_at IS NULL AND t.key = $2`,
    [sessionId, key],
  );
  return rowCount === 1;
}

/** Ends a session of an account; false when it has none of that id that lasts. */
export async function revokeSession(
  db: Db,
  session: { readonly accountId: string; readonly id: string },
): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `/* revokeSession */ WITH gone AS (UPDATE session SET revoked_at = now() WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL RETURNING id)
     SELECT ${tell('id')} FROM gone`,
    [session.id, session.accountId],
  );
  return rowCount === 1;
}

/** Ends all sessions of an account, or all but one. */
export async function revokeSessions(sql: Sql, accountId: string, but: string | null = null): Promise<void> {
  await sql.query(
    `/* revokeSessions */ WITH gone AS (
       UPDATE session SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL AND id IS DISTINCT FROM $2 RETURNING id)
     SELECT ${tell('id')} FROM gone`,
    [accountId, but],
  );
}

export interface SessionRow {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly method: SignInMethod;
  readonly address: string;
  readonly agent: string;
}

/** The sessions of an account that last, the one that was used last first. */
export async function listSessions(db: Db, accountId: string): Promise<SessionRow[]> {
  const { rows } = await db.pool.query<SessionRow>(
    `/* listSessions */ SELECT s.id, s.created_at AS "createdAt", s.last_seen_at AS "lastSeenAt", s.expires_at AS "expiresAt",
       s.method::text AS method, s.address, s.agent
     FROM session s JOIN account a ON a.id = s.account_id WHERE s.account_id = $1 AND ${GOOD}
     ORDER BY s.last_seen_at DESC, s.id DESC LIMIT 100`,
    [accountId],
  );
  return rows;
}

/** Forgets sessions that have been over for a month. */
export async function purgeSessions(db: Db): Promise<void> {
  await db.pool.query(
    `/* purgeSessions */ DELETE FROM session
     WHERE coalesce(revoked_at, expires_at) < now() - interval '30 days' OR expires_at < now() - interval '30 days'`,
  );
}
