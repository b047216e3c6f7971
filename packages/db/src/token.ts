import type { Role, Scope } from './generated/prisma/enums.ts';
import type { Db } from './open.ts';
import { hashOf, makeSecret } from './people/secret.ts';
import type { Identity } from './team.ts';
import { uuidv7 } from './uuid.ts';

export interface NewToken extends Identity {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | null;
}

export interface FoundToken extends Identity {
  readonly id: string;
  readonly accountId: string;
  readonly role: Role;
  /** As it was made; its member's role may allow less. */
  readonly scopes: Scope[];
}

/** Makes a token. `secret` is shown this once: the database keeps its SHA-256 and its first characters. */
export async function createToken(
  db: Db,
  input: NewToken,
): Promise<{ id: string; secret: string; prefix: string }> {
  const secret = makeSecret('sb_');
  const prefix = secret.slice(0, 10);
  const id = uuidv7();
  await db.pool.query(
    `/* createToken */ INSERT INTO token (id, team_id, member_id, name, prefix, hash, scopes, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7::"Scope"[], $8)`,
    [
      id,
      input.teamId,
      input.memberId,
      input.name,
      prefix,
      hashOf(secret),
      input.scopes,
      input.expiresAt ?? null,
    ],
  );
  return { id, secret, prefix };
}

/** The token of `secret`, unless revoked or expired, or its member has left or is disabled. Notes when it was last used, at most once a minute. */
export async function findToken(db: Db, secret: string): Promise<FoundToken | undefined> {
  const { rows } = await db.pool.query<FoundToken & { stale: boolean }>({
    name: 'findToken',
    text: `/* findToken */ SELECT t.id, t.team_id AS "teamId", t.member_id AS "memberId", m.account_id AS "accountId", m.role::text AS role,
       t.scopes::text[] AS scopes, (t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute') AS stale
     FROM token t JOIN member m ON m.id = t.member_id JOIN account a ON a.id = m.account_id
     WHERE t.hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
       AND m.left_at IS NULL AND a.disabled_at IS NULL`,
    values: [hashOf(secret)],
  });
  const row = rows[0];
  if (!row) return undefined;
  const { stale, ...token } = row;
  if (stale) {
    await db.pool.query(
      `/* useToken */ UPDATE token SET last_used_at = now()
       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
      [token.id],
    );
  }
  return token;
}

/** Revokes a token of the team; false when there is none, or it is revoked already. */
export async function revokeToken(db: Db, input: { teamId: string; id: string }): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    '/* revokeToken */ UPDATE token SET revoked_at = now() WHERE id = $1 AND team_id = $2 AND revoked_at IS NULL',
    [input.id, input.teamId],
  );
  return rowCount === 1;
}
