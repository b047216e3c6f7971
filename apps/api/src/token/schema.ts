import { createToken, revokeToken } from '@smallbatch/db';
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
  resolveType,
} from '../builder.ts';
import { ScopeEnum } from '../team/schema.ts';

const Token = builder.prismaNode('Token', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'Lets a script or a worker act for a member. Only the hash of its secret is kept.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is for.' }),
    prefix: t.exposeString('prefix', { description: 'How its secret begins.' }),
    scopes: t.expose('scopes', { type: [ScopeEnum], description: 'What it may do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Its last use, to the minute.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked.',
    }),
    member: t.relation('member', { description: 'Whom it acts for.' }),
  }),
});
const CreateTokenSuccess = builder
  .objectRef<Outcome<'CreateTokenSuccess', { id: string; secret: string }>>('CreateTokenSuccess')
  .implement({
    description: 'The token is made.',
    isTypeOf: isOutcome('CreateTokenSuccess'),
    fields: (t) => ({
      token: t.prismaField({
        type: Token,
        description: 'The token.',
        resolve: (query, { id }, _a, { db }) =>
          db.prisma.token.findUniqueOrThrow({ ...query, where: { id } }),
      }),
      secret: t.exposeString('secret', { description: 'Shown once.' }),
    }),
  });
const CreateTokenResult = builder.unionType('CreateTokenResult', {
  description: 'What became of making a token.',
  types: [CreateTokenSuccess, InvalidInput],
  resolveType,
});
const TokenRevoked = builder.objectRef<Outcome<'TokenRevoked', { id: string }>>('TokenRevoked').implement({
  description: 'The token is of no use any more.',
  isTypeOf: isOutcome('TokenRevoked'),
  fields: (t) => ({
    token: t.prismaField({
      type: Token,
      description: 'The token.',
      resolve: (query, { id }, _a, { db }) => db.prisma.token.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});
const RevokeTokenResult = builder.unionType('RevokeTokenResult', {
  description: 'What became of revoking.',
  types: [TokenRevoked, NotFound],
  resolveType,
});

builder.queryFields((t) => ({
  tokens: t.prismaField({
    type: [Token],
    description: 'The tokens of the team, the newest first, at most 100.',
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.token.findMany({
        ...query,
        where: { teamId: viewer!.teamId },
        orderBy: { createdAt: 'desc' },
        take: 100,
      }),
  }),
}));
builder.mutationFields((t) => ({
  createToken: t.field({
    type: CreateTokenResult,
    description: 'Makes a token that acts for the viewer.',
    args: {
      name: t.arg.string({ required: true }),
      scopes: t.arg({ type: [ScopeEnum], required: true }),
      expiresAt: t.arg({ type: 'DateTime' }),
    },
    resolve: async (_root, { name, scopes, expiresAt }, { db, viewer }) => {
      const problems = [];
      if (!/^[^\p{Cc}]{1,80}$/u.test(name))
        problems.push({
          path: ['name'],
          value: name,
          message: 'invalid name',
          allowed: '1 to 80 characters, no control characters',
        });
      if (scopes.length === 0)
        problems.push({
          path: ['scopes'],
          value: scopes,
          message: 'missing scope',
          allowed: 'at least one of READ, WRITE, WORK, ADMIN',
        });
      if (expiresAt && expiresAt.getTime() < Date.now())
        problems.push({
          path: ['expiresAt'],
          value: expiresAt,
          message: 'invalid expiresAt: it is past',
          allowed: 'a moment to come',
        });
      if (problems.length) return invalidInput(problems);
      return outcome(
        'CreateTokenSuccess',
        await createToken(db, {
          teamId: viewer!.teamId,
          memberId: viewer!.memberId,
          name,
          scopes: [...new Set(scopes)],
          expiresAt: expiresAt ?? null,
        }),
      );
    },
  }),
  revokeToken: t.field({
    type: RevokeTokenResult,
    description: 'Ends a token at once.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, { db, viewer }) => {
      const id = idOf('Token', args.id);
      return (await revokeToken(db, { teamId: viewer!.teamId, id }))
        ? outcome('TokenRevoked', { id })
        : notFound('unknown token, or revoked already');
    },
  }),
}));
