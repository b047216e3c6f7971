import {
  acceptInvitation,
  accountOfEmail,
  accountOfId,
  changePassword,
  countTry,
  createSession,
  type Db,
  emailFault,
  type FoundInvitation,
  type FoundSession,
  findInvitation,
  findPasswordLink,
  forgetTries,
  isPassword,
  joinByInvitation,
  nameFault,
  type Person,
  passwordFault,
  stretchPassword,
  TooBusy,
  usePasswordLink,
} from '@smallbatch/db';
import { GraphQLError } from 'graphql';
import { fault } from '../errors.ts';
import type { SignInGate } from './sign-in-gate.ts';

/** Where a session is begun. */
export interface Browser {
  readonly address: string;
  readonly agent: string;
}

/** Seconds after which somebody tries again for whom there was no turn. */
const BUSY_SECONDS = 5;

const limited = (message: string, retryAfter: number): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'RATE_LIMITED', retryAfter } });

const busy = (): GraphQLError =>
  limited(`too many sign in at this moment: try again in ${BUSY_SECONDS} s`, BUSY_SECONDS);
/** To who has tried too often. */
export const tooManyTries = (seconds: number): GraphQLError =>
  limited(`too many tries: wait ${Math.ceil(seconds / 60)} min, or ask an owner for a link`, seconds);

/** What takes its turn at stretching, where too many wait an answer that says so. */
async function inTurn<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TooBusy) throw busy();
    throw error;
  }
}

/** Counts a try, before it is known what it is worth, and looks whether the password is the stored one. */
async function tryPassword(
  { db, gate }: Entrance,
  { email, password }: { readonly email: string; readonly password: string },
  address: string,
  find: () => Promise<Person | undefined>,
): Promise<Person | undefined> {
  const over = await gate.inLine(address, async () => {
    const seconds = gate.secondsLeft(address);
    if (seconds !== undefined) return { seconds, ofAddress: true };
    const counted = await countTry(db, { email, address });
    if (counted?.ofAddress) gate.close(address, counted.seconds);
    return counted;
  });
  if (over) {
    if (over.ofAddress) await gate.hold();
    throw tooManyTries(over.seconds);
  }
  const person = await find();
  const is = await gate.within(address, () => inTurn(isPassword(password, person?.password)));
  if (is === undefined) {
    await gate.hold();
    throw busy();
  }
  return is ? person : undefined;
}

/** Where people come in. */
export interface Entrance {
  readonly db: Db;
  readonly gate: SignInGate;
}

/** Begins a session. What is wrong, address or password, is not said, and takes the same time. */
export async function signIn(
  entrance: Entrance,
  given: { readonly email: string; readonly password: string },
  browser: Browser,
): Promise<{ readonly id: string; readonly secret: string }> {
  const { db } = entrance;
  const { email } = given;
  const find = async () => (emailFault(email) ? undefined : accountOfEmail(db, email));
  const person = await tryPassword(entrance, given, browser.address, find);
  if (!person)
    throw fault(
      'UNAUTHENTICATED',
      'wrong e-mail address or password: correct one of them, or ask an owner of your team for a link to set a new password',
    );
  await forgetTries(db.pool, email, browser.address);
  const session = { accountId: person.id, teamId: null, method: 'PASSWORD', ...browser } as const;
  return createSession(db.pool, session);
}

const unknownInvitation = () =>
  fault('NOT_FOUND', 'unknown invitation: it was used or revoked, or is over; ask an owner for another one');

export async function invitationOf(db: Db, secret: string): Promise<FoundInvitation> {
  const invitation = await findInvitation(db, secret);
  if (!invitation) throw unknownInvitation();
  return invitation;
}

async function fitPassword(password: string, person: Pick<Person, 'name' | 'email'>): Promise<string> {
  const wrong = passwordFault(password, person);
  if (wrong) throw fault('BAD_INPUT', wrong);
  return inTurn(stretchPassword(password));
}

/** An invitation that was taken; `session`: the secret of the one that began with it. */
type Taken = Pick<FoundInvitation, 'id' | 'teamId' | 'role'> & { readonly session: string };

/** Makes the account of an invitation, and begins its session. */
export async function accept(
  db: Db,
  given: {
    readonly secret: string;
    readonly name: string;
    readonly email: string;
    readonly password: string;
  },
  browser: Browser,
): Promise<Taken> {
  const { secret, email } = given;
  // Nobody without an invitation makes the server stretch passwords.
  const invitation = await invitationOf(db, secret);
  const name = given.name.trim();
  const wrong = nameFault(name) ?? emailFault(email);
  if (wrong) throw fault('BAD_INPUT', wrong);
  const password = await fitPassword(given.password, { name, email });
  const accepted = await acceptInvitation(db, secret, { name, email, password }, browser);
  if (accepted.kind === 'unknown') throw unknownInvitation();
  if (accepted.kind === 'emailTaken')
    throw fault(
      'BAD_INPUT',
      `invalid e-mail address "${email}": an account has it already; sign in to that one, and open the invitation again`,
    );
  return { ...invitation, session: accepted.secret };
}

/** Joins the team of an invitation with the account that is signed in. */
export async function join(
  db: Db,
  secret: string,
  session: FoundSession,
): Promise<Pick<FoundInvitation, 'id' | 'teamId' | 'role'>> {
  const invitation = await invitationOf(db, secret);
  const joined = await joinByInvitation(db, secret, session);
  if (joined === 'unknown') throw unknownInvitation();
  if (joined === 'member')
    throw fault(
      'BAD_INPUT',
      'you are a member of this team already: the invitation is left for somebody else',
    );
  return invitation;
}

/** Sets the password of a link; all sessions of its account end. → the account's id. */
export async function setByLink(db: Db, secret: string, given: string): Promise<string> {
  const unknown = () =>
    fault('NOT_FOUND', 'unknown link: it was used, or is over; ask an owner of your team for another one');
  const person = await findPasswordLink(db, secret);
  if (!person) throw unknown();
  const password = await fitPassword(given, person);
  if (!(await usePasswordLink(db, secret, password))) throw unknown();
  return person.id;
}

/** Sets a new password of who is signed in and knows the old one; their other sessions end. */
export async function setByOld(
  entrance: Entrance,
  session: FoundSession,
  { old, password }: { readonly old: string; readonly password: string },
  { address }: Browser,
): Promise<void> {
  const { db } = entrance;
  const person = await accountOfId(db, session.accountId);
  if (!person) throw fault('UNAUTHENTICATED', 'this account is not there any more');
  const email = person.email ?? person.id;
  if (!(await tryPassword(entrance, { email, password: old }, address, async () => person)))
    throw fault('BAD_INPUT', 'wrong old password: correct it, or ask an owner of your team for a link');
  await forgetTries(db.pool, email, address);
  await changePassword(db, session, await fitPassword(password, person));
}
