import type { Role } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { type Sql, transaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { joinTeam, lockTeam } from './member.ts';
import { hashOf, makeSecret } from './secret.ts';
import { createSession } from './session.ts';

/** Days that an invitation is good. */
export const INVITATION_DAYS = 7;

export interface NewInvitation {
  readonly teamId: string;
  readonly role: Role;
  /** What the form is filled with; who has the link may write otherwise. */
  readonly email: string | null;
  readonly name: string | null;
  /** The member who invites; null: somebody with the database. */
  readonly createdBy: string | null;
}

/** Makes an invitation. `secret` is shown this once. */
export async function createInvitation(
  db: Db,
  invitation: NewInvitation,
): Promise<{ readonly id: string; readonly secret: string }> {
  const [id, secret] = [uuidv7(), makeSecret('inv_')];
  await db.pool.query(
    `/* createInvitation */ INSERT INTO invitation (id, team_id, role, email, name, hash, created_by, expires_at)
     VALUES ($1, $2, $3::"Role", $4, $5, $6, $7, now() + make_interval(days => $8))`,
    [
      id,
      invitation.teamId,
      invitation.role,
      invitation.email,
      invitation.name,
      hashOf(secret),
      invitation.createdBy,
      INVITATION_DAYS,
    ],
  );
  return { id, secret };
}

export interface FoundInvitation {
  readonly id: string;
  readonly teamId: string;
  /** The team's name for people, and its key. */
  readonly team: string;
  readonly teamKey: string;
  readonly role: Role;
  readonly email: string | null;
  readonly name: string | null;
  readonly expiresAt: Date;
}

async function find(sql: Sql, secret: string, lock = ''): Promise<FoundInvitation | undefined> {
  const { rows } = await sql.query<FoundInvitation>(
    `/* findInvitation */ SELECT i.id, i.team_id AS "teamId", t.name AS team, t.key AS "teamKey", i.role::text AS role, i.email, i.name,
       i.expires_at AS "expiresAt"
     FROM invitation i JOIN team t ON t.id = i.team_id
     WHERE i.hash = $1 AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now() ${lock}`,
    [hashOf(secret)],
  );
  return rows[0];
}

/** The invitation of a secret, while it is good: not used, revoked or over. */
export const findInvitation = (db: Db, secret: string): Promise<FoundInvitation | undefined> =>
  find(db.pool, secret);

/** Takes the invitation for this transaction. The team is locked before it, as by everything that changes members. */
async function take(sql: Sql, secret: string): Promise<FoundInvitation | undefined> {
  const seen = await find(sql, secret);
  if (!seen) return undefined;
  await lockTeam(sql, seen.teamId);
  return find(sql, secret, 'FOR UPDATE OF i');
}

const use = (sql: Sql, id: string, accountId: string): Promise<unknown> =>
  sql.query('/* useInvitation */ UPDATE invitation SET used_at = now(), account_id = $2 WHERE id = $1', [
    id,
    accountId,
  ]);

export interface NewAccount {
  readonly name: string;
  readonly email: string;
  /** As stretchPassword made it. */
  readonly password: string;
}
export type Accepted =
  /** `secret` is the new session's. */
  | { readonly kind: 'accepted'; readonly secret: string }
  | { readonly kind: 'unknown' }
  /** An account has the e-mail address. */
  | { readonly kind: 'emailTaken' };

/** Makes account, member and session of an invitation at once, exactly once however many try. */
export function acceptInvitation(
  db: Db,
  secret: string,
  account: NewAccount,
  browser: { readonly address: string; readonly agent: string },
): Promise<Accepted> {
  return transaction(db, async (sql): Promise<Accepted> => {
    const invitation = await take(sql, secret);
    if (!invitation) return { kind: 'unknown' };
    const { id, teamId, role } = invitation;
    const accountId = uuidv7();
    const { rowCount } = await sql.query(
      '/* acceptInvitation */ INSERT INTO account (id, name, email, password) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [accountId, account.name, account.email, account.password],
    );
    if (rowCount === 0) return { kind: 'emailTaken' };
    await joinTeam(sql, { teamId, accountId, role, name: account.name }, { back: true });
    await use(sql, id, accountId);
    const session = await createSession(sql, { accountId, teamId, method: 'LINK', ...browser });
    return { kind: 'accepted', secret: session.secret };
  });
}

/** Joins with an account that is signed in, whose session then acts for the team. A member's invitation stays for somebody else. */
export function joinByInvitation(
  db: Db,
  secret: string,
  session: { readonly id: string; readonly accountId: string },
): Promise<'joined' | 'unknown' | 'member'> {
  return transaction(db, async (sql) => {
    const invitation = await take(sql, secret);
    if (!invitation) return 'unknown';
    const { id, teamId, role } = invitation;
    const { accountId } = session;
    const account = await sql.query('/* joinByInvitation */ SELECT name FROM account WHERE id = $1', [
      accountId,
    ]);
    const joined = await joinTeam(
      sql,
      { teamId, accountId, role, name: account.rows[0].name },
      { back: true },
    );
    if (joined.kind !== 'joined') return 'member';
    await use(sql, id, accountId);
    await sql.query('/* joinByInvitation session */ UPDATE session SET team_id = $2 WHERE id = $1', [
      session.id,
      teamId,
    ]);
    return 'joined';
  });
}

/** Ends an invitation of a team; false when it has none of that id that is open. */
export async function revokeInvitation(
  db: Db,
  invitation: { readonly teamId: string; readonly id: string },
): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `/* revokeInvitation */ UPDATE invitation SET revoked_at = now()
     WHERE id = $1 AND team_id = $2 AND revoked_at IS NULL AND used_at IS NULL`,
    [invitation.id, invitation.teamId],
  );
  return rowCount === 1;
}
