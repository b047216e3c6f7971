import type { Db } from '../open.ts';
import { type Sql, transaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import type { Person } from './account.ts';
import { hashOf, makeSecret } from './secret.ts';
import { revokeSessions } from './session.ts';
import { forgetTries } from './throttle.ts';

/** Hours that a link to set a password is good. */
export const PASSWORD_LINK_HOURS = 24;

export type PasswordLinkMade =
  /** `secret` is shown this once. */
  | { readonly kind: 'made'; readonly secret: string }
  | { readonly kind: 'unknown' }
  /** The account has no e-mail address to sign in with. */
  | { readonly kind: 'noEmail' }
  /** The account is in a team of which who asks is no owner: its password opens that one too. */
  | { readonly kind: 'otherTeams' };

/** Whether the account of a member m is in a team of which the account $3 is no owner. */
export const OTHER_TEAMS = `EXISTS (
  SELECT FROM member other WHERE other.account_id = m.account_id AND other.left_at IS NULL AND NOT EXISTS (
    SELECT FROM member mine WHERE mine.team_id = other.team_id AND mine.account_id = $3 AND mine.role = 'OWNER' AND mine.left_at IS NULL))`;

/** Makes a link by which a member sets a new password. `by`: the owner who asks; null: somebody with the database. */
export async function createPasswordLink(
  db: Db,
  member: { readonly teamId: string; readonly memberId: string },
  by: { readonly memberId: string; readonly accountId: string } | null,
): Promise<PasswordLinkMade> {
  const { rows } = await db.pool.query(
    `/* createPasswordLink member */ SELECT a.id, a.email, ${OTHER_TEAMS} AS others
     FROM member m JOIN account a ON a.id = m.account_id
     WHERE m.id = $1 AND m.team_id = $2 AND m.left_at IS NULL AND a.disabled_at IS NULL`,
    [member.memberId, member.teamId, by?.accountId ?? null],
  );
  const [account] = rows;
  if (!account) return { kind: 'unknown' };
  if (account.email === null) return { kind: 'noEmail' };
  if (by && account.others) return { kind: 'otherTeams' };
  const secret = makeSecret('pwl_');
  await db.pool.query(
    `/* createPasswordLink */ INSERT INTO password_link (id, account_id, hash, created_by, expires_at)
     VALUES ($1, $2, $3, $4, now() + make_interval(hours => $5))`,
    [uuidv7(), account.id, hashOf(secret), by?.memberId ?? null, PASSWORD_LINK_HOURS],
  );
  return { kind: 'made', secret };
}

const GOOD = 'l.hash = $1 AND l.used_at IS NULL AND l.expires_at > now() AND a.disabled_at IS NULL';

/** Whose password a link sets, while it is good: not used or over. */
export async function findPasswordLink(
  db: Db,
  secret: string,
): Promise<Pick<Person, 'id' | 'name' | 'email'> | undefined> {
  const { rows } = await db.pool.query(
    `/* findPasswordLink */ SELECT a.id, a.name, a.email FROM password_link l JOIN account a ON a.id = l.account_id WHERE ${GOOD}`,
    [hashOf(secret)],
  );
  return rows[0];
}

/** Sets the password of a link, once; all sessions of the account end. False when the link is not good any more. */
export function usePasswordLink(db: Db, secret: string, password: string): Promise<boolean> {
  return transaction(db, async (sql) => {
    const { rows } = await sql.query(
      `/* usePasswordLink */ UPDATE password_link l SET used_at = now() FROM account a
       WHERE a.id = l.account_id AND ${GOOD} RETURNING a.id, a.email`,
      [hashOf(secret)],
    );
    const [account] = rows;
    if (!account) return false;
    await setPassword(sql, account.id, password);
    if (account.email) await forgetTries(sql, account.email);
    return true;
  });
}

/** Sets the password of an account that is signed in; its other sessions end. */
export const changePassword = (
  db: Db,
  session: { readonly id: string; readonly accountId: string },
  password: string,
): Promise<void> => transaction(db, (sql) => setPassword(sql, session.accountId, password, session.id));

/** Whoever knew the old password, or has another link, is out: all sessions but one end, and no other link is good. */
async function setPassword(sql: Sql, accountId: string, password: string, but?: string): Promise<void> {
  await sql.query('/* setPassword */ UPDATE account SET password = $2 WHERE id = $1', [accountId, password]);
  await spendLinks(sql, accountId);
  await revokeSessions(sql, accountId, but);
}

/** No open link of an account is good any more. */
export async function spendLinks(sql: Sql, accountId: string): Promise<void> {
  await sql.query(
    '/* spendLinks */ UPDATE password_link SET used_at = now() WHERE account_id = $1 AND used_at IS NULL',
    [accountId],
  );
}
