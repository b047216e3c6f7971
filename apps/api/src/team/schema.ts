import { type MemberActivity, memberActivity, Role } from '@smallbatch/db';
import DataLoader from 'dataloader';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';
import { fault } from '../errors.ts';

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

const Team = builder.prismaNode('Team', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'Owns everything below it; the unit of access.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Short name.' }),
    name: t.exposeString('name', { description: 'Name for people.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

builder.prismaNode('Account', {
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

const Viewer = builder.simpleObject('Viewer', {
  description: 'Who asks, and for which team.',
  fields: (t) => ({
    team: t.field({ type: Team, description: 'The team that this request acts for.' }),
    member: t.field({ type: Member, description: 'The member that asks.' }),
    scopes: t.field({ type: [ScopeEnum], description: 'What this request may do.' }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: Viewer,
    description: 'Who asks, and for which team.',
    resolve: async (_root, _args, { db, viewer }) => {
      const member = await db.prisma.member.findUniqueOrThrow({
        where: { id: viewer!.memberId },
        include: { team: true },
      });
      return { team: member.team, member, scopes: [...viewer!.scopes] };
    },
  }),
  members: t.prismaField({
    type: ['Member'],
    description: 'The members of the team.',
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.member.findMany({
        ...query,
        where: { teamId: viewer!.teamId },
        orderBy: { createdAt: 'asc' },
      }),
  }),
}));
