import { createHash, randomBytes } from 'node:crypto';

/** What secrets begin with, by what they open. */
export type SecretPrefix = 'sb_' | 'ses_' | 'inv_' | 'pwl_';

/** A new secret. 256 random bits: nothing to guess, so a plain hash is enough (no salt, no stretching), and a look-up is one index probe. */
export const makeSecret = (prefix: SecretPrefix): string => prefix + randomBytes(32).toString('base64url');

/** All that the database keeps of a secret: its SHA-256. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
