import type { Db } from '../open.ts';

/** Of an account a: whether its person can sign in, by a password or by a provider. */
export const CAN_SIGN_IN = `(a.disabled_at IS NULL AND (a.password IS NOT NULL AND a.email IS NOT NULL
  OR EXISTS (SELECT FROM external_identity e WHERE e.account_id = a.id)))`;

/** Whether any account can sign in: until then loopback belongs to the local owner. */
export async function anyoneCanSignIn(db: Db): Promise<boolean> {
  const { rows } = await db.pool.query(
    `/* anyoneCanSignIn */ SELECT EXISTS (SELECT FROM account a WHERE ${CAN_SIGN_IN}) AS can`,
  );
  return rows[0].can;
}

/** Whether an owner can sign in, or has an invitation open: else nobody could ever let anybody in. */
export async function ownerMayCome(db: Db): Promise<boolean> {
  const { rows } = await db.pool.query(
    `/* ownerMayCome */ SELECT EXISTS (SELECT FROM invitation
       WHERE role = 'OWNER' AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()) AS open`,
  );
  return rows[0].open || (await ownerCanSignIn(db));
}

/** Whether an owner of a team can sign in. */
export async function ownerCanSignIn(db: Db): Promise<boolean> {
  const { rows } = await db.pool.query(
    `/* ownerCanSignIn */ SELECT EXISTS (SELECT FROM member m JOIN account a ON a.id = m.account_id
       WHERE m.role = 'OWNER' AND m.left_at IS NULL AND ${CAN_SIGN_IN}) AS can`,
  );
  return rows[0].can;
}

/** The channel on which every API process hears that the two answers above may have changed. */
export const PEOPLE = 'smallbatch_people';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  /** As it is stored. */
  readonly password: string | null;
}

/** The account of an e-mail address, however it is written, unless it is disabled. */
export async function accountOfEmail(db: Db, email: string): Promise<Person | undefined> {
  const { rows } = await db.pool.query<Person>({
    name: 'accountOfEmail',
    text: '/* accountOfEmail */ SELECT id, name, email, password FROM account WHERE lower(email) = lower($1) AND disabled_at IS NULL',
    values: [email],
  });
  return rows[0];
}

/** An account by its id, unless it is disabled. */
export async function accountOfId(db: Db, id: string): Promise<Person | undefined> {
  const { rows } = await db.pool.query<Person>(
    '/* accountOfId */ SELECT id, name, email, password FROM account WHERE id = $1 AND disabled_at IS NULL',
    [id],
  );
  return rows[0];
}

const LONGEST_NAME = 80;
const LONGEST_EMAIL = 254;

/** What is wrong with the name of a person, in words; undefined when nothing is. */
export const nameFault = (name: string): string | undefined =>
  /^[^\p{Cc}\p{Surrogate}]+$/u.test(name) && name.trim() !== '' && [...name].length <= LONGEST_NAME
    ? undefined
    : `invalid name "${name.slice(0, LONGEST_NAME)}": use 1 to ${LONGEST_NAME} characters, none of them a control character`;

/** What is wrong with an e-mail address, in words; undefined when nothing is. Whether it arrives is not asked: nothing is sent to it. */
export const emailFault = (email: string): string | undefined =>
  /^[^\s@\p{Cc}\p{Surrogate}]+@[^\s@\p{Cc}\p{Surrogate}]+$/u.test(email) && email.length <= LONGEST_EMAIL
    ? undefined
    : `invalid e-mail address "${email.slice(0, 80)}": write name@host, up to ${LONGEST_EMAIL} characters`;
