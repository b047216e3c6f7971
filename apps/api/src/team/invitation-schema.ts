import { createInvitation, emailFault, nameFault, revokeInvitation } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  idOf,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  type ProblemShape,
  resolveType,
} from '../builder.ts';
import { RoleEnum } from './schema.ts';

const Invitation = builder.prismaNode('Invitation', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'Lets one person join the team by a link. Only the hash of its secret is kept.',
  fields: (t) => ({
    role: t.expose('role', { type: RoleEnum, description: 'Rights that it gives.' }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'What the form suggests as e-mail address.',
    }),
    name: t.exposeString('name', { nullable: true, description: 'What the form suggests as name.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends by itself.' }),
    usedAt: t.expose('usedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When somebody joined by it.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked.',
    }),
    createdBy: t.relation('creator', {
      nullable: true,
      description: 'Who invited; null: somebody with the database.',
    }),
    account: t.relation('account', { nullable: true, description: 'Who joined by it.' }),
  }),
});

const InvitationMade = builder
  .objectRef<Outcome<'InvitationMade', { id: string; secret: string }>>('InvitationMade')
  .implement({
    description: 'The invitation is made; nothing is sent.',
    isTypeOf: isOutcome('InvitationMade'),
    fields: (t) => ({
      invitation: t.prismaField({
        type: Invitation,
        description: 'The invitation.',
        resolve: (query, { id }, _args, { db }) =>
          db.prisma.invitation.findUniqueOrThrow({ ...query, where: { id } }),
      }),
      link: t.string({
        description:
          "Shown once: the page to give to the person, as a path; the server's address comes before it. What follows # is the secret, which no browser sends to a server's log.",
        resolve: ({ secret }) => `/invitation#${secret}`,
      }),
    }),
  });
const InviteResult = builder.unionType('InviteResult', {
  description: 'What became of inviting.',
  types: [InvitationMade, InvalidInput],
  resolveType,
});
const InvitationRevoked = builder
  .objectRef<Outcome<'InvitationRevoked', { id: string }>>('InvitationRevoked')
  .implement({
    description: 'Nobody joins by it any more.',
    isTypeOf: isOutcome('InvitationRevoked'),
    fields: (t) => ({
      invitation: t.prismaField({
        type: Invitation,
        description: 'The invitation.',
        resolve: (query, { id }, _args, { db }) =>
          db.prisma.invitation.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  });
const RevokeInvitationResult = builder.unionType('RevokeInvitationResult', {
  description: 'What became of revoking.',
  types: [InvitationRevoked, NotFound],
  resolveType,
});

builder.queryFields((t) => ({
  invitations: t.prismaField({
    type: [Invitation],
    description: 'The invitations of the team, used and revoked ones too, the newest first, at most 100.',
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.invitation.findMany({
        ...query,
        where: { teamId: viewer!.teamId },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: 100,
      }),
  }),
}));
builder.mutationFields((t) => ({
  invite: t.field({
    type: InviteResult,
    description: 'Makes a link by which one person joins the team, within a week.',
    args: {
      role: t.arg({ type: RoleEnum, required: true, description: 'Rights that it gives.' }),
      email: t.arg.string({
        description: 'Suggested as e-mail address; who has the link may write another.',
      }),
      name: t.arg.string({ description: 'Suggested as name.' }),
    },
    resolve: async (_root, { role, email, name }, { db, viewer }) => {
      const wrong: [string, unknown, string | undefined][] = [
        ['email', email, email ? emailFault(email) : undefined],
        ['name', name, name ? nameFault(name) : undefined],
      ];
      const problems = wrong.flatMap(([path, value, message]): ProblemShape[] =>
        message ? [{ path: [path], value, message, allowed: `another ${path}, or null for none` }] : [],
      );
      if (problems.length > 0) return invalidInput(problems);
      const { teamId, memberId: createdBy } = viewer!;
      return outcome(
        'InvitationMade',
        await createInvitation(db, { teamId, createdBy, role, email: email || null, name: name || null }),
      );
    },
  }),
  revokeInvitation: t.field({
    type: RevokeInvitationResult,
    description: 'Ends an invitation at once.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, { db, viewer }) => {
      const id = idOf('Invitation', args.id);
      return (await revokeInvitation(db, { teamId: viewer!.teamId, id }))
        ? outcome('InvitationRevoked', { id })
        : notFound('unknown invitation, or used or revoked already');
    },
  }),
}));
