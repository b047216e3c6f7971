import { createHash, randomBytes } from 'node:crypto';
import type { Scope } from './generated/prisma/enums.ts';
import type { Db } from './open.ts';
import type { Identity } from './team.ts';
import { uuidv7 } from './uuid.ts';

export interface NewToken extends Identity {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | null;
}

export interface FoundToken extends Identity {
  readonly id: string;
  readonly scopes: Scope[];
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Makes a token. `secret` is shown this once: the database keeps its SHA-256 and its first characters. */
export async function createToken(
  db: Db,
  input: NewToken,
): Promise<{ id: string; secret: string; prefix: string }> {
  // 256 random bits: nothing to guess, so a plain hash is enough (no salt, no stretching), and the look-up is one index probe.
  const secret = `sb_${randomBytes(32).toString('base64url')}`;
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
      hash(secret),
      input.scopes,
      input.expiresAt ?? null,
    ],
  );
  return { id, secret, prefix };
}

/** The token of `secret`, unless revoked or expired. Notes when it was last used, at most once a minute. */
export async function findToken(db: Db, secret: string): Promise<FoundToken | undefined> {
  const { rows } = await db.pool.query<FoundToken & { stale: boolean }>({
    name: 'findToken',
    text: `/* findToken */ SELECT id, team_id AS "teamId", member_id AS "memberId", scopes::text[] AS scopes,
       (last_used_at IS NULL OR last_used_at < now() - interval '1 minute') AS stale
     FROM token WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    values: [hash(secret)],
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

/** Revokes a token of the team; false when there is none. Repeating keeps the first time. */
export async function revokeToken(db: Db, input: { teamId: string; id: string }): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    '/* revokeToken */ UPDATE token SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 AND team_id = $2',
    [input.id, input.teamId],
  );
  return rowCount === 1;
}
