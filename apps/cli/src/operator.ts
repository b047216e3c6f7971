import { userInfo } from 'node:os';
import { type AuditDeed, type Db, inOneTransaction, migrate, openDb, writeAudit } from '@smallbatch/db';

export type Tell = (deed: Omit<AuditDeed, 'outcome'>) => Promise<void>;

/** Does something in the database itself, and writes down in the same transaction that the user of this machine did it. */
export const tellOperator = <T>(
  db: Db,
  teamId: string | undefined,
  work: (db: Db, tell: Tell) => Promise<T>,
): Promise<T> =>
  inOneTransaction(db, { of: 'everything' }, (inner, sql) =>
    work(inner, (deed) =>
      writeAudit(sql, { via: 'OPERATOR', teamId, name: userName() }, { ...deed, outcome: 'DONE' }),
    ),
  );

/** Writes down what was done with a whole database. One that has no place for it yet is left as it is. */
export async function tellOfDatabase(url: string, deed: Omit<AuditDeed, 'outcome'>): Promise<void> {
  const db = await openDb({ url, applicationRole: false, poolSize: 1 });
  try {
    const { rows } = await db.pool.query(
      "/* auditTable */ SELECT to_regclass('audit_entry') IS NOT NULL AS there",
    );
    if (rows[0].there) await tellOperator(db, undefined, (_db, tell) => tell(deed));
  } finally {
    await db.close();
  }
}

/** Migrates and opens a database as the owner of its tables. */
export async function asOwner<T>(url: string, work: (db: Db) => Promise<T>): Promise<T> {
  await migrate(url);
  const db = await openDb({ url, applicationRole: false, poolSize: 2 });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? ''}`.trim();
  }
}
