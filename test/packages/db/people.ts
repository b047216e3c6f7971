import { type Db, type Role, uuidv7 } from '@smallbatch/db';

/** The hash of no password that anybody has: an account with it can sign in as far as the database knows. */
export const SOME_PASSWORD =
  'scrypt$32768$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
export const BROWSER = { address: '192.0.2.7', agent: 'a browser' };

/** A team without members. */
export async function addTeam(db: Db, key = `team-${uuidv7()}`): Promise<{ id: string; key: string }> {
  const id = uuidv7();
  await db.pool.query('INSERT INTO team (id, key, name) VALUES ($1, $2, $3)', [id, key, `The team ${key}`]);
  return { id, key };
}

/** An account; in a team where one is given. */
export async function addPerson(
  db: Db,
  person: {
    email?: string | null;
    name?: string;
    password?: string | null;
    teamId?: string;
    role?: Role;
    accountId?: string;
  } = {},
): Promise<{ accountId: string; memberId: string; email: string | null; key: string }> {
  const [accountId, memberId] = [person.accountId ?? uuidv7(), uuidv7()];
  const { name = 'Ada', email = `${accountId}@example.org`, password = SOME_PASSWORD } = person;
  if (!person.accountId)
    await db.pool.query('INSERT INTO account (id, name, email, password) VALUES ($1, $2, $3, $4)', [
      accountId,
      name,
      email,
      password,
    ]);
  const key = `${name.toLowerCase()}-${memberId.slice(-8)}`;
  if (person.teamId)
    await db.pool.query(
      'INSERT INTO member (id, team_id, account_id, key, role) VALUES ($1, $2, $3, $4, $5::"Role")',
      [memberId, person.teamId, accountId, key, person.role ?? 'MEMBER'],
    );
  return { accountId, memberId, email, key };
}
