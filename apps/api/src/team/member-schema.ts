import { changeRole, createPasswordLink, memberOfKey, removeMember, setDisabled } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import type { Context } from '../context.ts';
import { writableKey } from '../run/words.ts';
import { Member, RoleEnum } from './schema.ts';

const RoleChanged = builder.objectRef<Outcome<'RoleChanged', { id: string }>>('RoleChanged').implement({
  description: 'The member has the role.',
  isTypeOf: isOutcome('RoleChanged'),
  fields: (t) => ({
    member: t.prismaField({
      type: Member,
      description: 'The member.',
      resolve: (query, { id }, _args, { db }) =>
        db.prisma.member.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});
const MemberRemoved = builder.objectRef<Outcome<'MemberRemoved', { id: string }>>('MemberRemoved').implement({
  description: 'The person has no rights in the team any more; their tokens and open links are of no use.',
  isTypeOf: isOutcome('MemberRemoved'),
  fields: (t) => ({
    member: t.prismaField({
      type: Member,
      description: 'The member, who keeps the runs.',
      resolve: (query, { id }, _args, { db }) =>
        db.prisma.member.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});
const LastOwner = builder.objectRef<Outcome<'LastOwner', { member: string }>>('LastOwner').implement({
  description: 'The team would be without an owner who can sign in; nothing was changed.',
  isTypeOf: isOutcome('LastOwner'),
  fields: (t) => ({
    message: t.string({
      description: 'What to do.',
      resolve: ({ member }) =>
        `${member} is the last owner who can sign in: make another member an owner first`,
    }),
  }),
});
const ChangeRoleResult = builder.unionType('ChangeRoleResult', {
  description: 'What became of changing a role.',
  types: [RoleChanged, LastOwner, NotFound],
  resolveType,
});
const RemoveMemberResult = builder.unionType('RemoveMemberResult', {
  description: 'What became of removing a member.',
  types: [MemberRemoved, LastOwner, NotFound],
  resolveType,
});
const PasswordLinkMade = builder
  .objectRef<Outcome<'PasswordLinkMade', { secret: string }>>('PasswordLinkMade')
  .implement({
    description: 'The link is made; nothing is sent.',
    isTypeOf: isOutcome('PasswordLinkMade'),
    fields: (t) => ({
      link: t.string({
        description:
          "Shown once: the page to give to the person, as a path; the server's address comes before it.",
        resolve: ({ secret }) => `/password#${secret}`,
      }),
    }),
  });
const PasswordLinkResult = builder.unionType('PasswordLinkResult', {
  description: 'What became of making a link to set a password.',
  types: [PasswordLinkMade, InvalidInput, NotFound],
  resolveType,
});

const AccountChanged = builder
  .objectRef<Outcome<'AccountChanged', { id: string }>>('AccountChanged')
  .implement({
    description: 'The account is disabled, or is not any more.',
    isTypeOf: isOutcome('AccountChanged'),
    fields: (t) => ({
      member: t.prismaField({
        type: Member,
        description: 'The member whose account it is.',
        resolve: (query, { id }, _args, { db }) =>
          db.prisma.member.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  });
const ChangeAccountResult = builder.unionType('ChangeAccountResult', {
  description: 'What became of disabling or enabling an account.',
  types: [AccountChanged, LastOwner, InvalidInput, NotFound],
  resolveType,
});
/** An account is one person's in all their teams. */
const inOtherTeams = (member: string) =>
  invalidInput([
    {
      path: ['member'],
      value: member,
      message: `${member} is in a team of which you are no owner: let an owner of all their teams do it`,
      allowed: 'another member of the team',
    },
  ]);

async function disable(context: Context, key: string, disabled: boolean) {
  const memberId = await find(context, key);
  if (!memberId) return unknownMember(key);
  const viewer = context.viewer!;
  // Whether the account is in other teams is seen from outside this one alone.
  const changed = await setDisabled(context.everyTeam, { teamId: viewer.teamId, memberId }, viewer, disabled);
  switch (changed) {
    case 'changed':
      return outcome('AccountChanged', { id: memberId });
    case 'lastOwner':
      return outcome('LastOwner', { member: key });
    case 'otherTeams':
      return inOtherTeams(key);
    default:
      return unknownMember(key);
  }
}

const unknownMember = (key: string) =>
  notFound(`unknown member "${key.slice(0, 80)}": members { key } names those that there are`);
const find = async ({ db, viewer }: Context, key: string): Promise<string | undefined> =>
  writableKey(key) ? (await memberOfKey(db, viewer!.teamId, key))?.id : undefined;

builder.mutationFields((t) => ({
  changeRole: t.field({
    type: ChangeRoleResult,
    description: 'Gives a member other rights, at once for all their sessions and tokens.',
    args: {
      member: t.arg.string({ required: true, description: 'Key of the member.' }),
      role: t.arg({ type: RoleEnum, required: true, description: 'The role.' }),
    },
    resolve: async (_root, { member, role }, context) => {
      const id = await find(context, member);
      if (!id) return unknownMember(member);
      const { teamId } = context.viewer!;
      const changed = await changeRole(context.db, { teamId, memberId: id, role });
      if (changed === 'lastOwner') return outcome('LastOwner', { member });
      return changed === 'unknown' ? unknownMember(member) : outcome('RoleChanged', { id });
    },
  }),
  removeMember: t.field({
    type: RemoveMemberResult,
    description: 'Takes a member out of the team; the runs stay.',
    args: { member: t.arg.string({ required: true, description: 'Key of the member.' }) },
    resolve: async (_root, { member }, context) => {
      const id = await find(context, member);
      if (!id) return unknownMember(member);
      const removed = await removeMember(context.db, { teamId: context.viewer!.teamId, memberId: id });
      if (removed === 'lastOwner') return outcome('LastOwner', { member });
      return removed === 'unknown' ? unknownMember(member) : outcome('MemberRemoved', { id });
    },
  }),
  passwordLink: t.field({
    type: PasswordLinkResult,
    description:
      'Makes a link by which a member sets a new password, within a day; all their sessions end then. Not for somebody who is in a team of which the viewer is no owner.',
    args: { member: t.arg.string({ required: true, description: 'Key of the member.' }) },
    resolve: async (_root, { member }, context) => {
      const id = await find(context, member);
      if (!id) return unknownMember(member);
      const viewer = context.viewer!;
      // Whether they are in other teams too is what only who sees all teams can say.
      const made = await createPasswordLink(
        context.everyTeam,
        { teamId: viewer.teamId, memberId: id },
        { memberId: viewer.memberId, accountId: viewer.accountId },
      );
      if (made.kind === 'unknown') return unknownMember(member);
      if (made.kind === 'made') return outcome('PasswordLinkMade', made);
      if (made.kind === 'otherTeams') return inOtherTeams(member);
      const message = `${member} has no e-mail address to sign in with: invite them`;
      return invalidInput([
        { path: ['member'], value: member, message, allowed: 'another member of the team' },
      ]);
    },
  }),
  disableAccount: t.field({
    type: ChangeAccountResult,
    description:
      'Disables the account of a member: nobody signs in with it, its sessions and open links end, and its tokens are of no use, in all teams that it is in. It stays a member, and its runs stay. Not for somebody who is in a team of which the viewer is no owner.',
    args: { member: t.arg.string({ required: true, description: 'Key of the member.' }) },
    resolve: (_root, { member }, context) => disable(context, member, true),
  }),
  enableAccount: t.field({
    type: ChangeAccountResult,
    description:
      'Enables the account of a member again: they sign in anew, and their tokens are good again. Not for somebody who is in a team of which the viewer is no owner.',
    args: { member: t.arg.string({ required: true, description: 'Key of the member.' }) },
    resolve: (_root, { member }, context) => disable(context, member, false),
  }),
}));
