import { Role } from '@smallbatch/db';
import { builder } from '../builder.ts';

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
