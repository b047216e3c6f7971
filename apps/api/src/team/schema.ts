import { type MemberActivity, memberActivity, Role, teamsOfAccount } from '@smallbatch/db';
import DataLoader from 'dataloader';
import { builder } from '../builder.ts';
import { can } from '../can.ts';
import type { Context } from '../context.ts';
import { fault } from '../errors.ts';
import { ACTIONS, type Action, RIGHTS } from '../rights.ts';
import { Session } from '../session/schema.ts';

export const RoleEnum = builder.enumType(Role, {
  name: 'Role',
  description: 'What a member may do in a team.',
});
export const ScopeEnum = builder.enumType('Scope', {
  description: 'What a token may do.',
  values: {
    READ: { description: 'Ask.' },
    WRITE: { description: 'Ask; create and change sweeps, runs and data sets.' },
    WORK: { description: 'Claim runs and report on them, and nothing else.' },
    ADMIN: { description: 'Everything, tokens included.' },
  } as const,
});

const RightEnum = builder.enumType('Right', {
  description: 'Something that a member may do in a team. Which roles and scopes have it: docs/rights.md.',
  values: Object.fromEntries(
    ACTIONS.map((action) => [
      action.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
      { value: action, description: `To ${RIGHTS[action].says}.` },
    ]),
  ) as Record<string, { value: Action; description: string }>,
});

const Team = builder.prismaNode('Team', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'Owns everything below it; the unit of access.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Short name.' }),
    name: t.exposeString('name', { description: 'Name for people.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const Account = builder.prismaNode('Account', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'A person.',
  findUnique: () => ({ id: '00000000-0000-0000-0000-000000000000' }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name for people.' }),
    email: t.exposeString('email', { nullable: true, description: 'Address, if given.' }),
  }),
});

const USUAL_DAYS = 30;
const MOST_DAYS = 365;
/** What members ran lately, of all that one request asks about in one statement. */
function activityOf({ db, viewer, loaders }: Context, days: number): DataLoader<string, MemberActivity> {
  const key = `member activity ${days}`;
  const known = loaders.get(key) as DataLoader<string, MemberActivity> | undefined;
  const loader =
    known ??
    new DataLoader(async (ids: readonly string[]) => {
      const found = new Map(
        (await memberActivity(db, viewer!.teamId, ids, days)).map((one) => [one.memberId, one]),
      );
      return ids.map((id) => found.get(id)!);
    });
  loaders.set(key, loader);
  return loader;
}

export const Member = builder.prismaNode('Member', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'An account in a team.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Short name in the team.' }),
    name: t.string({
      description: 'Name of the person.',
      select: { account: { select: { name: true } } },
      resolve: ({ account }) => account.name,
    }),
    role: t.expose('role', { type: RoleEnum, description: 'Rights in the team.' }),
    account: t.relation('account', { description: 'The person.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the person joined.' }),
    disabledAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When their account was disabled; null: it is not.',
      select: { account: { select: { disabledAt: true } } },
      resolve: ({ account }) => account.disabledAt,
    }),
    leftAt: t.expose('leftAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the person was taken out of the team; null: they are in it.',
    }),
    lastRunAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the latest of their runs was created; null without one.',
      select: { id: true },
      resolve: async ({ id }, _args, context) => (await activityOf(context, USUAL_DAYS).load(id)).lastRunAt,
    }),
    recentRuns: t.int({
      description: 'Their runs that were created in the last days.',
      args: {
        days: t.arg.int({
          required: true,
          defaultValue: USUAL_DAYS,
          description: `How many days, from 1 to ${MOST_DAYS}.`,
        }),
      },
      select: { id: true },
      resolve: async ({ id }, { days }, context) => {
        if (days < 1 || days > MOST_DAYS)
          throw fault('BAD_INPUT', `invalid days: ${days}; a number from 1 to ${MOST_DAYS}`);
        return (await activityOf(context, days).load(id)).recent;
      },
    }),
    runningRuns: t.int({
      description: 'Their runs that are being trained now.',
      select: { id: true },
      resolve: async ({ id }, _args, context) => (await activityOf(context, USUAL_DAYS).load(id)).running,
    }),
  }),
});

const ViewerTeam = builder.simpleObject('ViewerTeam', {
  description: 'A team that who asks is a member of.',
  fields: (t) => ({
    key: t.string({ description: 'Its key: what the header X-Smallbatch-Team takes.' }),
    name: t.string({ description: 'Name for people.' }),
    role: t.field({ type: RoleEnum, description: 'Their rights in it.' }),
  }),
});
const Viewer = builder.simpleObject('Viewer', {
  description: 'Who asks, and for which team.',
  fields: (t) => ({
    team: t.field({ type: Team, description: 'The team that this request acts for.' }),
    member: t.field({ type: Member, description: 'The member that asks.' }),
    account: t.field({ type: Account, description: 'The person that asks.' }),
    role: t.field({ type: RoleEnum, description: 'Their rights in the team.' }),
    session: t.field({
      type: Session,
      nullable: true,
      description: 'The session that asks; null for a token, and for the local owner.',
    }),
    teams: t.field({
      type: [ViewerTeam],
      description: 'The teams of the person, by name. A token acts for its own alone.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'The scopes of this request: those of the role, or of the token what the role allows.',
    }),
    may: t.field({
      type: [RightEnum],
      description:
        'What this request may do, at least to things of their own. Of a run and a sweep `mayChange` says it.',
    }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: Viewer,
    description: 'Who asks, and for which team.',
    resolve: async (_root, _args, { db, everyTeam, viewer }) => {
      const member = await db.prisma.member.findUniqueOrThrow({
        where: { id: viewer!.memberId },
        include: { team: true, account: true },
      });
      const { accountId, role, sessionId, scopes } = viewer!;
      const session = sessionId ? await db.prisma.session.findUnique({ where: { id: sessionId } }) : null;
      const teams = await teamsOfAccount(everyTeam, accountId);
      return {
        team: member.team,
        member,
        account: member.account,
        role,
        session,
        teams,
        scopes: [...scopes],
        may: ACTIONS.filter((action) => can(viewer, action)),
      };
    },
  }),
  members: t.prismaField({
    type: ['Member'],
    description: 'The members of the team.',
    args: {
      left: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: 'Those too who were taken out of it, and keep runs.',
      }),
    },
    resolve: (query, _root, { left }, { db, viewer }) =>
      db.prisma.member.findMany({
        ...query,
        where: { teamId: viewer!.teamId, ...(left ? {} : { leftAt: null }) },
        orderBy: { createdAt: 'asc' },
      }),
  }),
}));
