import type { Role, Scope } from './generated/prisma/enums.ts';
import type { Only } from './meant.ts';
import type { Db } from './open.ts';
import { tell } from './people/rights.ts';
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

export interface MadeToken {
  readonly id: string;
  readonly secret: string;
  readonly prefix: string;
}

/** Makes a token. `secret` is shown this once: the database keeps its SHA-256 and its first characters. */
export async function createToken(db: Db, input: NewToken): Promise<MadeToken> {
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

const MINE = 'team_id = $2 AND revoked_at IS NULL AND ($3::uuid IS NULL OR member_id = $3)';

/**
 * Makes a token that does what another does, for the same member and as long as that was made for; the old one is good for so many
 * minutes more. Undefined where there is none that lasts, or it is another member's than `only`.
 */
export async function rotateToken(
  db: Db,
  input: { readonly teamId: string; readonly id: string; readonly only: Only; readonly minutes: number },
): Promise<MadeToken | undefined> {
  const secret = makeSecret('sb_');
  const prefix = secret.slice(0, 10);
  const id = uuidv7();
  const { rowCount } = await db.pool.query(
    `/* rotateToken */ WITH old AS MATERIALIZED (
       SELECT * FROM token WHERE id = $1 AND ${MINE} AND (expires_at IS NULL OR expires_at > now()) FOR UPDATE
     ), ended AS (
       UPDATE token SET expires_at = least(token.expires_at, now() + make_interval(mins => $4)) FROM old WHERE token.id = old.id RETURNING token.id
     ), made AS (
       INSERT INTO token (id, team_id, member_id, name, prefix, hash, scopes, expires_at)
       SELECT $5, team_id, member_id, name, $6, $7, scopes, now() + (expires_at - created_at) FROM old
     )
     SELECT ${tell('id')} FROM ended`,
    [input.id, input.teamId, input.only, input.minutes, id, prefix, hashOf(secret)],
  );
  return rowCount === 1 ? { id, secret, prefix } : undefined;
}

/** Revokes a token of the team; false when there is none that is not revoked, or it is another member's than `only`. */
export async function revokeToken(
  db: Db,
  input: { readonly teamId: string; readonly id: string; readonly only?: Only },
): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `/* revokeToken */ WITH gone AS (UPDATE token SET revoked_at = now() WHERE id = $1 AND ${MINE} RETURNING id) SELECT ${tell('id')} FROM gone`,
    [input.id, input.teamId, input.only ?? null],
  );
  return rowCount === 1;
}
