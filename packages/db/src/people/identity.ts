import type { Role } from '../generated/prisma/enums.ts';
import type { Db } from '../open.ts';
import { type Sql, transaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { joinTeam, lockTeam } from './member.ts';
import { spendLinks } from './reset.ts';
import { revokeSessions } from './session.ts';

/** Who somebody is, as a provider of OpenID Connect says. */
export interface Identified {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  /** An e-mail address that the provider has verified; null: none. */
  readonly email: string | null;
}
/** The team, by its key, and the role that the configuration gives to somebody of theirs. */
export interface Grant {
  readonly team: string;
  readonly role: Role;
}
export type IdentitySignedIn =
  | { readonly kind: 'account'; readonly accountId: string }
  /** The account is disabled, or in no team, and is given none. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknownTeam' };

/** Ends the transaction with nothing written. */
class Ended extends Error {
  readonly outcome: Exclude<IdentitySignedIn['kind'], 'account'>;
  constructor(outcome: Ended['outcome']) {
    super(outcome);
    this.outcome = outcome;
  }
}

/**
 * Finds the account of an identity, or makes it, and lets it into the team of its grant, unless it was taken out of that. An
 * account that has the verified e-mail address becomes the identity's: its password was set by somebody who never showed that the
 * address is theirs, so it is dropped, and its sessions end.
 */
export async function signInByIdentity(
  db: Db,
  identity: Identified,
  grant: Grant | undefined,
): Promise<IdentitySignedIn> {
  try {
    return await transaction(db, async (sql): Promise<IdentitySignedIn> => {
      const { id, disabled } =
        (await known(sql, identity)) ?? (await claim(sql, identity)) ?? (await make(sql, identity, grant));
      if (disabled) throw new Ended('refused');
      if (grant) await join(sql, id, identity.name, grant);
      const { rowCount } = await sql.query(
        '/* identityMember */ SELECT FROM member WHERE account_id = $1 AND left_at IS NULL LIMIT 1',
        [id],
      );
      if (rowCount === 0) throw new Ended('refused');
      return { kind: 'account', accountId: id };
    });
  } catch (error) {
    if (error instanceof Ended) return { kind: error.outcome };
    throw error;
  }
}

interface Account {
  readonly id: string;
  readonly disabled: boolean;
}

async function known(sql: Sql, { issuer, subject }: Identified): Promise<Account | undefined> {
  const { rows } = await sql.query<Account>(
    `/* identityAccount */ SELECT a.id, a.disabled_at IS NOT NULL AS disabled FROM external_identity e JOIN account a ON a.id = e.account_id
     WHERE e.issuer = $1 AND e.subject = $2`,
    [issuer, subject],
  );
  return rows[0];
}

async function claim(sql: Sql, identity: Identified): Promise<Account | undefined> {
  if (identity.email === null) return undefined;
  const { rows } = await sql.query<Account>(
    `/* identityClaim */ UPDATE account SET password = NULL WHERE lower(email) = lower($1)
     RETURNING id, disabled_at IS NOT NULL AS disabled`,
    [identity.email],
  );
  const [account] = rows;
  if (!account) return undefined;
  await note(sql, identity, account.id);
  await spendLinks(sql, account.id);
  await revokeSessions(sql, account.id);
  return account;
}

async function make(sql: Sql, identity: Identified, grant: Grant | undefined): Promise<Account> {
  if (!grant) throw new Ended('refused');
  const id = uuidv7();
  await sql.query('/* identityMake */ INSERT INTO account (id, name, email) VALUES ($1, $2, $3)', [
    id,
    identity.name,
    identity.email,
  ]);
  await note(sql, identity, id);
  return { id, disabled: false };
}

const note = (sql: Sql, { issuer, subject }: Identified, accountId: string): Promise<unknown> =>
  sql.query(
    '/* identityNote */ INSERT INTO external_identity (issuer, subject, account_id) VALUES ($1, $2, $3)',
    [issuer, subject, accountId],
  );

async function join(sql: Sql, accountId: string, name: string, { team, role }: Grant): Promise<void> {
  const { rows } = await sql.query('/* identityTeam */ SELECT id FROM team WHERE key = $1', [team]);
  if (!rows[0]) throw new Ended('unknownTeam');
  await lockTeam(sql, rows[0].id);
  await joinTeam(sql, { teamId: rows[0].id, accountId, role, name }, { back: false });
}
