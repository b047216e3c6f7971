import type { Role } from '@smallbatch/db';

/**
 * Who may do what: the one table. The decision (can.ts), the enum Right of the API, docs/rights.md and the tests are made of it. A new
 * action is a row here, named by a rule in rules.ts.
 */
export type Scope = 'READ' | 'WRITE' | 'WORK' | 'ADMIN';

interface Row {
  readonly says: string;
  /** Roles whose members may. */
  readonly roles: readonly Role[];
  /** A token needs one of these besides; none: no token may. */
  readonly scopes: readonly Scope[];
  /** What it takes to do it to a thing of another member; without it, whose a thing is does not matter. */
  readonly others?: string;
}

const ALL: readonly Role[] = ['VIEWER', 'MEMBER', 'MAINTAINER', 'OWNER'];
const MEMBERS: readonly Role[] = ['MEMBER', 'MAINTAINER', 'OWNER'];
const MAINTAINERS: readonly Role[] = ['MAINTAINER', 'OWNER'];
const OWNERS: readonly Role[] = ['OWNER'];

const TABLE = {
  look: {
    says: 'see who one is, the data sets, what waits, and what the server is',
    roles: ALL,
    scopes: ['READ', 'WRITE', 'WORK', 'ADMIN'],
  },
  read: { says: "see everything else of the team's", roles: ALL, scopes: ['READ', 'WRITE', 'ADMIN'] },
  create: { says: 'create sweeps, runs and data sets', roles: MEMBERS, scopes: ['WRITE', 'ADMIN'] },
  change: {
    says: "change one's own runs and sweeps: delete, restore, lock, unlock, retry, pause, cancel, add seeds, tag, note",
    roles: MEMBERS,
    scopes: ['WRITE', 'ADMIN'],
    others: 'changeOthers',
  },
  changeOthers: { says: 'do the same to those of others', roles: MAINTAINERS, scopes: ['WRITE', 'ADMIN'] },
  setGoals: {
    says: "say which way a metric is better: it is the team's, nobody's own",
    roles: MEMBERS,
    scopes: ['WRITE', 'ADMIN'],
  },
  saveViews: {
    says: "save, share, change and delete one's own views",
    roles: MEMBERS,
    scopes: ['WRITE', 'ADMIN'],
    others: 'changeViews',
  },
  changeViews: {
    says: 'change and delete views that others share',
    roles: MAINTAINERS,
    scopes: ['WRITE', 'ADMIN'],
  },
  work: {
    says: 'claim runs of the team and report on them, whoever created them',
    roles: MEMBERS,
    scopes: ['WORK', 'WRITE', 'ADMIN'],
  },
  manageTokens: {
    says: "list, make, rotate and revoke one's own tokens, with no more scopes than one's role has",
    roles: ALL,
    scopes: ['ADMIN'],
    others: 'manageOthersTokens',
  },
  manageOthersTokens: {
    says: "see others' tokens, rotate and revoke them",
    roles: OWNERS,
    scopes: ['ADMIN'],
  },
  manageMembers: {
    says: 'change roles, remove members, make password links, disable and enable accounts',
    roles: OWNERS,
    scopes: ['ADMIN'],
  },
  invite: { says: 'see, make and revoke invitations', roles: OWNERS, scopes: ['ADMIN'] },
  manageWebhooks: {
    says: 'see which addresses outside are told what happens, add, change, test and remove them',
    roles: OWNERS,
    scopes: ['ADMIN'],
  },
  seeAudit: { says: 'see who did what, and export it', roles: OWNERS, scopes: ['ADMIN'] },
  manageSessions: { says: "see one's own sessions and end them", roles: ALL, scopes: [] },
} as const satisfies Record<string, Row>;

export type Action = keyof typeof TABLE;
export type Right = Row & { readonly others?: Action };
export const RIGHTS: Readonly<Record<Action, Right>> = TABLE;
export const ACTIONS = Object.keys(TABLE) as Action[];

/** Scopes that a token of a member of this role may have. */
export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  VIEWER: ['READ'],
  MEMBER: ['READ', 'WRITE', 'WORK'],
  MAINTAINER: ['READ', 'WRITE', 'WORK'],
  OWNER: ['READ', 'WRITE', 'WORK', 'ADMIN'],
};
