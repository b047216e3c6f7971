import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createInvitation,
  createPasswordLink,
  type Db,
  emailFault,
  ensureLocalOwner,
  ensureTeam,
  memberOfKey,
  nameFault,
  ownerCanSignIn,
  type Role,
  teamOfKey,
} from '@smallbatch/db';
import { inDatabase } from '../database.ts';
import { homeOf } from '../home.ts';
import { tellOperator } from '../operator.ts';
import { note } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';

export interface DatabaseOptions {
  readonly url?: string;
  readonly database?: boolean;
  readonly home?: string;
  readonly team?: string;
}
export interface NewMember {
  readonly name: string;
  readonly role: Role;
  readonly email?: string | undefined;
}

const LOCAL = 'local';

/**
 * The secret of an invitation that is made in the database itself: where that is asked for, and for the first owner, before whom there
 * is nobody to ask. Undefined where the API is to be asked.
 */
export async function inviteInDatabase(
  member: NewMember,
  options: DatabaseOptions,
): Promise<string | undefined> {
  const home = homeOf(options.home);
  if (!options.database && !mayBeFirst(home, options)) return undefined;
  return inDatabase(options.home, async (db) => {
    if (!options.database && (await ownerCanSignIn(db))) return undefined;
    const { name, role } = member;
    const email = member.email ?? null;
    const wrong = nameFault(name) ?? (email === null ? undefined : emailFault(email));
    if (wrong) throw new Problem(plain(wrong), 2);
    const teamId = await madeTeam(db, options.team ?? LOCAL, role);
    return tellOperator(db, teamId, async (db, tell) => {
      const { id, secret } = await createInvitation(db, { teamId, role, name, email, createdBy: null });
      await tell({ action: 'INVITE', kind: 'invitation', id, detail: { role } });
      return secret;
    });
  });
}

/** A token asks the API; so does who names another machine's, and has no database here. */
function mayBeFirst(home: string, { url }: DatabaseOptions): boolean {
  if (process.env.SMALLBATCH_TOKEN) return false;
  if (process.env.DATABASE_URL || existsSync(join(home, 'postgres'))) return true;
  return url === undefined && !process.env.SMALLBATCH_URL;
}

/** A team begins with its first owner. */
async function madeTeam(db: Db, key: string, role: Role): Promise<string> {
  if (key === LOCAL) return (await ensureLocalOwner(db)).teamId;
  const known = await teamOfKey(db, key);
  if (known) return known.id;
  if (role !== 'OWNER')
    throw new Problem(`unknown team "${plain(key)}": it begins with its first owner (--role owner)`);
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(key))
    throw new Problem(
      `invalid --team "${plain(key)}": use 1 to 40 small letters, digits and "-", the first no "-"`,
      2,
    );
  note(`made the team ${key}`);
  return ensureTeam(db, key);
}

/** The secret of a link to set a password, for an owner who cannot sign in any more. */
export async function resetInDatabase(key: string, options: DatabaseOptions): Promise<string> {
  return inDatabase(options.home, async (db) => {
    const team = await teamOfKey(db, options.team ?? LOCAL);
    const member = team && (await memberOfKey(db, team.id, key));
    if (!team || !member)
      throw new Problem(`unknown member "${plain(key)}" of the team ${plain(options.team ?? LOCAL)}`);
    const link = await tellOperator(db, team.id, async (db, tell) => {
      const made = await createPasswordLink(db, { teamId: team.id, memberId: member.id }, null);
      if (made.kind === 'made') await tell({ action: 'PASSWORD_LINK', kind: 'member', key, id: member.id });
      return made;
    });
    if (link.kind === 'made') return link.secret;
    throw new Problem(
      `${plain(key)} has no e-mail address to sign in with, or is disabled: add them with "smallbatch member add"`,
    );
  });
}
