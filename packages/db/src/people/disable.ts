import type { Db } from '../open.ts';
import { transaction } from '../transaction.ts';
import { standing } from './member.ts';
import { OTHER_TEAMS, spendLinks } from './reset.ts';
import { tellRights } from './rights.ts';
import { revokeSessions } from './session.ts';

export type AccountChanged =
  | 'changed'
  | 'unknown'
  /** A team would be without an owner who can sign in. */
  | 'lastOwner'
  /** The account is in a team of which who asks is no owner. */
  | 'otherTeams';

/**
 * Disables the account of a member, or enables it again. A disabled account cannot sign in, its sessions and open links end, and its
 * tokens are of no use until it is enabled. It stays a member. An account is one person's in all their teams, so it takes an owner of
 * all of them.
 */
export function setDisabled(
  db: Db,
  member: { readonly teamId: string; readonly memberId: string },
  by: { readonly accountId: string },
  disabled: boolean,
): Promise<AccountChanged> {
  return transaction(db, async (sql): Promise<AccountChanged> => {
    const found = await sql.query<{ id: string; others: boolean }>(
      `/* setDisabled member */ SELECT a.id, ${OTHER_TEAMS} AS others FROM member m JOIN account a ON a.id = m.account_id
       WHERE m.id = $1 AND m.team_id = $2 AND m.left_at IS NULL`,
      [member.memberId, member.teamId, by.accountId],
    );
    const [account] = found.rows;
    if (!account) return 'unknown';
    if (account.others) return 'otherTeams';
    if (disabled) {
      const teams = await sql.query<{ teamId: string; memberId: string }>(
        '/* setDisabled teams */ SELECT team_id AS "teamId", id AS "memberId" FROM member WHERE account_id = $1 AND left_at IS NULL ORDER BY team_id',
        [account.id],
      );
      for (const one of teams.rows) if ((await standing(sql, one)) === 'lastOwner') return 'lastOwner';
      await revokeSessions(sql, account.id);
      await spendLinks(sql, account.id);
    }
    await sql.query(
      '/* setDisabled */ UPDATE account SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, now()) END WHERE id = $1',
      [account.id, disabled],
    );
    await tellRights(sql, account.id);
    return 'changed';
  });
}
