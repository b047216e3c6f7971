import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { Turns } from './turns.ts';

/** scrypt with N = 2^15, r = 8, p = 1: 32 MiB and about 80 ms a password. What is stored says its own parameters. */
const COST = { N: 2 ** 15, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What scrypt may allocate, in bytes; it needs 128·N·r and a little more. */
const MOST_MEMORY = 2 ** 26;
const SHORTEST = 10;
const LONGEST = 200;

/**
 * One at once in a process: it takes a core while it does, and the others stay with what people ask. Who comes when 50 wait is refused,
 * so that a flood of tries is a wait of some seconds for a password and none for anything else.
 */
const turns = new Turns(1, 50);

async function derive(password: string, salt: Buffer, length: number, cost: ScryptOptions): Promise<Buffer> {
  // One text has several encodings, and keyboards differ in which they send.
  const text = password.normalize('NFKC');
  return turns.take(
    () =>
      new Promise((done, failed) => {
        scrypt(text, salt, length, { ...cost, maxmem: MOST_MEMORY }, (error, key) =>
          error ? failed(error) : done(key),
        );
      }),
  );
}

/** A password as it is stored: `scrypt$N$r$p$salt$hash`. Throws TooBusy where too many wait. */
export async function stretchPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Of no password: what is compared with where there is no account, so that this takes as long. */
const NONE = ['scrypt', COST.N, COST.r, COST.p, 'A'.repeat(22), 'A'.repeat(43)].join('$');

/** Whether a password is the stored one. Without a stored one it is not, after the same work. Throws TooBusy where too many wait. */
export async function isPassword(given: string, stored: string | null | undefined): Promise<boolean> {
  const [scheme, n, r, p, salt, hash] = (stored ?? NONE).split('$');
  if (scheme !== 'scrypt' || !salt || !hash) throw new Error('a stored password is in no known form');
  const expected = Buffer.from(hash, 'base64url');
  // Nobody's password is longer, in whatever characters; the work stays the same.
  const text = given.slice(0, 4 * LONGEST);
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const found = await derive(text, Buffer.from(salt, 'base64url'), expected.length, cost);
  return timingSafeEqual(found, expected) && stored != null;
}

/** What is wrong with a new password of a person, in words; undefined when nothing is. */
export function passwordFault(
  password: string,
  person: { readonly name: string; readonly email: string | null },
): string | undefined {
  const length = [...password].length;
  if (length < SHORTEST || length > LONGEST)
    return `invalid password: ${length} characters; use ${SHORTEST} to ${LONGEST}`;
  const plain = (text: string) => text.normalize('NFKC').trim().toLowerCase();
  const own = [person.name, person.email ?? '', (person.email ?? '').split('@')[0]!].map(plain);
  if (own.includes(plain(password)))
    return 'invalid password: it is your own name or e-mail address; use something that nobody else knows';
  return undefined;
}
