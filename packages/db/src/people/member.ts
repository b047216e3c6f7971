import type { Role } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { slug } from '../sweep.ts';
import { type Sql, transaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { CAN_SIGN_IN } from './account.ts';
import { tellRights } from './rights.ts';

/** Changes of one team's members follow each other: what one has counted stays true until it is done. */
export async function lockTeam(sql: Sql, teamId: string): Promise<void> {
  await sql.query('/* lockTeam */ SELECT FROM team WHERE id = $1 FOR NO KEY UPDATE', [teamId]);
}

export interface NewMember {
  readonly teamId: string;
  readonly accountId: string;
  readonly role: Role;
  /** Of the person; the member's key is made of it. */
  readonly name: string;
}
export type Joined =
  | { readonly kind: 'joined'; readonly memberId: string }
  /** The account is in the team already, or was. */
  | { readonly kind: 'member' }
  | { readonly kind: 'left' };

/** Makes an account a member. Under lockTeam. Who left comes back only where `back` says so, with the new role and what was theirs. */
export async function joinTeam(
  sql: Sql,
  member: NewMember,
  { back }: { readonly back: boolean },
): Promise<Joined> {
  const { teamId, accountId, role } = member;
  const known = await sql.query(
    '/* joinTeam known */ SELECT id, left_at IS NOT NULL AS left FROM member WHERE team_id = $1 AND account_id = $2',
    [teamId, accountId],
  );
  const [old] = known.rows;
  if (old && !old.left) return { kind: 'member' };
  if (old && !back) return { kind: 'left' };
  if (old) {
    await sql.query('/* joinTeam back */ UPDATE member SET left_at = NULL, role = $2::"Role" WHERE id = $1', [
      old.id,
      role,
    ]);
    return { kind: 'joined', memberId: old.id };
  }
  const base = slug(member.name, 'member');
  const { rows } = await sql.query<{ key: string }>(
    "/* joinTeam keys */ SELECT key FROM member WHERE team_id = $1 AND (key = $2 OR starts_with(key, $2 || '-'))",
    [teamId, base],
  );
  const taken = new Set(rows.map(({ key }) => key));
  let key = base;
  for (let number = 2; taken.has(key); number++) key = `${base}-${number}`;
  const memberId = uuidv7();
  await sql.query(
    '/* joinTeam */ INSERT INTO member (id, team_id, account_id, key, role) VALUES ($1, $2, $3, $4, $5::"Role")',
    [memberId, teamId, accountId, key, role],
  );
  return { kind: 'joined', memberId };
}

interface OfTeam {
  readonly teamId: string;
  readonly memberId: string;
}
export type MemberChanged = 'changed' | 'unknown' | 'lastOwner';

/** Gives a member another role. */
export function changeRole(db: Db, change: OfTeam & { readonly role: Role }): Promise<MemberChanged> {
  return transaction(db, async (sql) => {
    const found = await standing(sql, change);
    if (found !== 'changed' && (found === 'unknown' || change.role !== 'OWNER')) return found;
    await sql.query('/* changeRole */ UPDATE member SET role = $2::"Role" WHERE id = $1', [
      change.memberId,
      change.role,
    ]);
    await tellRights(sql, change.memberId);
    return 'changed';
  });
}

/** Takes a member out of the team, with all that would let them in again: tokens, and links that they made. Their runs stay. */
export function removeMember(db: Db, member: OfTeam): Promise<MemberChanged> {
  return transaction(db, async (sql) => {
    const found = await standing(sql, member);
    if (found !== 'changed') return found;
    for (const statement of [
      '/* removeMember */ UPDATE member SET left_at = now() WHERE id = $1',
      '/* removeMember tokens */ UPDATE token SET revoked_at = now() WHERE member_id = $1 AND revoked_at IS NULL',
      '/* removeMember invitations */ UPDATE invitation SET revoked_at = now() WHERE created_by = $1 AND revoked_at IS NULL AND used_at IS NULL',
      '/* removeMember links */ UPDATE password_link SET used_at = now() WHERE created_by = $1 AND used_at IS NULL',
      '/* removeMember sessions */ UPDATE session s SET team_id = NULL FROM member m WHERE m.id = $1 AND s.account_id = m.account_id AND s.team_id = m.team_id',
    ])
      await sql.query(statement, [member.memberId]);
    await tellRights(sql, member.memberId);
    return 'changed';
  });
}

/**
 * Whether a member may lose its place among the owners. Under the team's lock, which this takes. Owners who can sign in are what
 * counts; where none can (a laptop's local team), any owner is.
 */
export async function standing(sql: Sql, { teamId, memberId }: OfTeam): Promise<MemberChanged> {
  await lockTeam(sql, teamId);
  const { rows } = await sql.query<{ id: string; owner: boolean; can: boolean }>(
    `/* memberStanding */ SELECT m.id, m.role = 'OWNER' AND a.disabled_at IS NULL AS owner, ${CAN_SIGN_IN} AS can
     FROM member m JOIN account a ON a.id = m.account_id WHERE m.team_id = $1 AND m.left_at IS NULL AND (m.role = 'OWNER' OR m.id = $2)`,
    [teamId, memberId],
  );
  const member = rows.find(({ id }) => id === memberId);
  if (!member) return 'unknown';
  if (!member.owner) return 'changed';
  const others = rows.filter(({ id, owner }) => owner && id !== memberId);
  return others.some(({ can }) => can || !member.can) ? 'changed' : 'lastOwner';
}

export interface TeamOfAccount {
  readonly key: string;
  readonly name: string;
  readonly role: Role;
}

/** The teams that an account is in, with its role in each, in the order of their names. */
export async function teamsOfAccount(db: Db, accountId: string): Promise<TeamOfAccount[]> {
  const { rows } = await db.pool.query<TeamOfAccount>(
    `/* teamsOfAccount */ SELECT t.key, t.name, m.role::text AS role FROM member m JOIN team t ON t.id = m.team_id
     WHERE m.account_id = $1 AND m.left_at IS NULL ORDER BY t.name, t.key`,
    [accountId],
  );
  return rows;
}

/** A team by its key, and a member of it by theirs, for who has the database itself. */
export async function teamOfKey(db: Db, key: string): Promise<{ id: string } | undefined> {
  const { rows } = await db.pool.query('/* teamOfKey */ SELECT id FROM team WHERE key = $1', [key]);
  return rows[0];
}
export async function memberOfKey(db: Db, teamId: string, key: string): Promise<{ id: string } | undefined> {
  const { rows } = await db.pool.query(
    '/* memberOfKey */ SELECT id FROM member WHERE team_id = $1 AND key = $2 AND left_at IS NULL',
    [teamId, key],
  );
  return rows[0];
}
