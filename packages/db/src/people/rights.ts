import type { Sql } from '../transaction.ts';

/**
 * The channel on which every API process hears whose rights may have become less: the id of a token, a session, a member or an
 * account. '': some may have been missed.
 */
export const RIGHTS = 'smallbatch_rights';

/** Says so, when the transaction is done. */
export async function tellRights(sql: Sql, id: string): Promise<void> {
  await sql.query('/* tellRights */ SELECT pg_notify($1, $2)', [RIGHTS, id]);
}

/** The same as an expression, of what a statement has changed. */
export const tell = (id: string): string => `pg_notify('${RIGHTS}', ${id}::text)`;
