/** Accounts, how they sign in, and how they come into teams. */
export * from './account.ts';
export { type AccountChanged, setDisabled } from './disable.ts';
export * from './identity.ts';
export * from './invitation.ts';
export {
  changeRole,
  type MemberChanged,
  memberOfKey,
  removeMember,
  type TeamOfAccount,
  teamOfKey,
  teamsOfAccount,
} from './member.ts';
export { isPassword, passwordFault, stretchPassword } from './password.ts';
export {
  changePassword,
  createPasswordLink,
  findPasswordLink,
  PASSWORD_LINK_HOURS,
  type PasswordLinkMade,
  usePasswordLink,
} from './reset.ts';
export { RIGHTS } from './rights.ts';
export * from './session.ts';
export { countTry, forgetTries, networkOf, purgeTries, type TooMany, TRY_LIMITS } from './throttle.ts';
export { TooBusy } from './turns.ts';
