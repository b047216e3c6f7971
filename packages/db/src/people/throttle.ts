import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Db } from '../open.ts';
import type { Sql } from '../transaction.ts';

/** Tries of passwords in a quarter of an hour: for one e-mail address, and from one address of the network. */
export const TRY_LIMITS = { email: 10, address: 100, seconds: 900 } as const;

const keyOf = (kind: 'email' | 'address', text: string): Buffer =>
  createHash('sha256').update(`${kind}:${text}`).digest();
const emailKey = (email: string): Buffer => keyOf('email', email.toLowerCase());

/** Who has one IPv6 address has its whole /64. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.replace(/%.*/, '').toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    groups.push(...Array<string>(Math.max(0, 8 - groups.length - after.length)).fill('0'), ...after);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** That there were too many tries. */
export interface TooMany {
  /** After so many seconds it may be tried again. */
  readonly seconds: number;
  /** Whether they came from the network address, whatever e-mail address they were for. */
  readonly ofAddress: boolean;
}

/**
 * Counts a try before the password is looked at, so that tries at the same moment count too. Undefined where it may be tried, as all API
 * processes together have counted.
 */
export async function countTry(
  db: Db,
  { email, address }: { readonly email: string; readonly address: string },
): Promise<TooMany | undefined> {
  // The e-mail address first in all of them: so none waits for one that waits for it.
  const { rows } = await db.pool.query<{ kind: number; tries: number; left: number }>(
    `/* countTry */ INSERT INTO sign_in_try AS t (key, tries) VALUES ($1, 1), ($2, 1)
     ON CONFLICT (key) DO UPDATE SET
       tries = CASE WHEN t.since < now() - make_interval(secs => $3) THEN 1 ELSE least(t.tries, 1000000) + 1 END,
       since = CASE WHEN t.since < now() - make_interval(secs => $3) THEN now() ELSE t.since END
     RETURNING (t.key = $2)::int AS kind, t.tries, ceil(extract(epoch FROM t.since + make_interval(secs => $3) - now()))::int AS left`,
    [emailKey(email), keyOf('address', networkOf(address)), TRY_LIMITS.seconds],
  );
  const over = rows.filter(({ kind, tries }) => tries > (kind === 1 ? TRY_LIMITS.address : TRY_LIMITS.email));
  if (over.length === 0) return undefined;
  return {
    seconds: Math.max(1, ...over.map(({ left }) => left)),
    ofAddress: over.some(({ kind }) => kind === 1),
  };
}

/** The tries for an e-mail address are forgotten: its owner was there. The one that succeeded is not held against where it came from. */
export async function forgetTries(sql: Sql, email: string, address?: string): Promise<void> {
  await sql.query(
    `/* forgetTries */ WITH given AS (UPDATE sign_in_try SET tries = tries - 1 WHERE key = $2 AND tries > 0)
     DELETE FROM sign_in_try WHERE key = $1`,
    [emailKey(email), address === undefined ? null : keyOf('address', networkOf(address))],
  );
}

/** Forgets tries that count no more. */
export async function purgeTries(db: Db): Promise<void> {
  await db.pool.query(
    '/* purgeTries */ DELETE FROM sign_in_try WHERE since < now() - make_interval(secs => $1)',
    [TRY_LIMITS.seconds],
  );
}
