import type { Sql } from '../transaction.ts';

/** Days that entries are meant to be kept. */
export const AUDIT_DAYS = 400;

/** Drops entries that are older than so many days. The application may not: `sql` is the owner of the table. → how many went. */
export async function purgeAudit(sql: Sql, days: number): Promise<number> {
  const { rowCount } = await sql.query(
    '/* purgeAudit */ DELETE FROM audit_entry WHERE at < now() - make_interval(days => $1)',
    [days],
  );
  return rowCount ?? 0;
}
