import { createHash, randomBytes } from 'node:crypto';
import type { Db } from './db.ts';
import type { Scope } from './generated/prisma/enums.ts';
import { uuidv7 } from './uuid.ts';

export interface Identity {
  readonly teamId: string;
  readonly memberId: string;
}

/** The first team, account and owner of an installation; the same again when they are there. */
export async function ensureLocalOwner({ pool }: Db): Promise<Identity> {
  await pool.query(
    `/* ensureLocalOwner */ WITH t AS (
       INSERT INTO team (id, key, name) VALUES ($1, 'local', 'Local team') ON CONFLICT (key) DO NOTHING RETURNING id
     ), a AS (
       INSERT INTO account (id, name) SELECT $2, $4 FROM t RETURNING id
     )
     INSERT INTO member (id, team_id, account_id, key, role) SELECT $3, t.id, a.id, 'owner', 'OWNER' FROM t, a`,
    [uuidv7(), uuidv7(), uuidv7(), process.env.USER || 'owner'],
  );
  const { rows } = await pool.query(
    `/* localOwner */ SELECT m.team_id AS "teamId", m.id AS "memberId" FROM member m JOIN team t ON t.id = m.team_id
     WHERE t.key = 'local' AND m.role = 'OWNER' ORDER BY m.created_at LIMIT 1`,
  );
  return rows[0];
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export interface NewToken extends Identity {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | null;
}

/** Makes a token. The secret is returned here and nowhere else; the database has its SHA-256. */
export async function createToken({ pool }: Db, token: NewToken): Promise<{ id: string; secret: string; prefix: string }> {
  const id = uuidv7();
  const secret = `sb_${randomBytes(24).toString('base64url')}`;
  const prefix = secret.slice(0, 9);
  await pool.query(
    `/* createToken */ INSERT INTO token (id, team_id, member_id, name, prefix, hash, scopes, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7::"Scope"[], $8)`,
    [id, token.teamId, token.memberId, token.name, prefix, hashOf(secret), token.scopes, token.expiresAt ?? null],
  );
  return { id, secret, prefix };
}

export interface FoundToken extends Identity {
  readonly id: string;
  readonly scopes: Scope[];
}

/** Whose a secret is, if it is valid now; its last use is noted once a minute. */
export async function findToken({ pool }: Db, secret: string): Promise<FoundToken | undefined> {
  const { rows } = await pool.query(
    `/* findToken */ WITH found AS (
       SELECT id, team_id, member_id, scopes, last_used_at FROM token
       WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
     ), used AS (
       UPDATE token SET last_used_at = now() FROM found
       WHERE token.id = found.id AND (found.last_used_at IS NULL OR found.last_used_at < now() - interval '1 minute')
     )
     SELECT id, team_id AS "teamId", member_id AS "memberId", scopes::text[] AS scopes FROM found`,
    [hashOf(secret)],
  );
  return rows[0];
}
