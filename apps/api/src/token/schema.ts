import { createToken, revokeToken, rotateToken } from '@smallbatch/db';
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
import { onlyOf } from '../can.ts';
import { ROLE_SCOPES } from '../rights.ts';
import { ScopeEnum } from '../team/schema.ts';

/** How long a rotated token stays good unless said, and at most. */
const ROTATION_MINUTES = 60;
const MOST_MINUTES = 7 * 24 * 60;

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
const TokenRotated = builder
  .objectRef<Outcome<'TokenRotated', { id: string; secret: string; minutes: number }>>('TokenRotated')
  .implement({
    description: 'A new token does what the old one does; the old one ends soon.',
    isTypeOf: isOutcome('TokenRotated'),
    fields: (t) => ({
      token: t.prismaField({
        type: Token,
        description: 'The new token: name, scopes, member and life span are those of the old one.',
        resolve: (query, { id }, _a, { db }) =>
          db.prisma.token.findUniqueOrThrow({ ...query, where: { id } }),
      }),
      secret: t.exposeString('secret', { description: 'Of the new one, shown once.' }),
      minutes: t.exposeInt('minutes', {
        description: 'How long the old one is good from now on, in minutes.',
      }),
    }),
  });
const RotateTokenResult = builder.unionType('RotateTokenResult', {
  description: 'What became of rotating.',
  types: [TokenRotated, InvalidInput, NotFound],
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
    description:
      "One's own tokens, or for an owner those of the team, the newest first, at most 100; revoked and expired ones too.",
    resolve: (query, _root, _args, { db, viewer }) => {
      const only = onlyOf(viewer!, 'manageTokens');
      return db.prisma.token.findMany({
        ...query,
        where: { teamId: viewer!.teamId, ...(only ? { memberId: only } : {}) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: 100,
      });
    },
  }),
}));
builder.mutationFields((t) => ({
  createToken: t.field({
    type: CreateTokenResult,
    description: 'Makes a token that acts for the viewer, with scopes that their role has.',
    args: {
      name: t.arg.string({ required: true }),
      scopes: t.arg({ type: [ScopeEnum], required: true }),
      expiresAt: t.arg({ type: 'DateTime' }),
    },
    resolve: async (_root, { name, scopes, expiresAt }, { db, viewer }) => {
      const problems = [];
      const may = ROLE_SCOPES[viewer!.role];
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
          allowed: `at least one of ${may.join(', ')}`,
        });
      const over = scopes.filter((scope) => !may.includes(scope));
      if (over.length > 0)
        problems.push({
          path: ['scopes'],
          value: over,
          message: `invalid scope ${over[0]}: a ${viewer!.role.toLowerCase()} does not have it`,
          allowed: may.join(', '),
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
  rotateToken: t.field({
    type: RotateTokenResult,
    description:
      'Makes a new token that does what one does, so that whoever uses the old one can change over: it is good for an hour more, unless said.',
    args: {
      id: t.arg.id({ required: true, description: 'The token.' }),
      minutes: t.arg.int({
        required: true,
        defaultValue: ROTATION_MINUTES,
        description: `How long the old one stays good, in minutes, from 0 to ${MOST_MINUTES.toLocaleString('en')}.`,
      }),
    },
    resolve: async (_root, { minutes, ...args }, { db, viewer }) => {
      const id = idOf('Token', args.id);
      if (minutes < 0 || minutes > MOST_MINUTES)
        return invalidInput([
          {
            path: ['minutes'],
            value: minutes,
            message: `invalid minutes: ${minutes}`,
            allowed: `a whole number from 0 to ${MOST_MINUTES}`,
          },
        ]);
      const only = onlyOf(viewer!, 'manageTokens');
      const made = await rotateToken(db, { teamId: viewer!.teamId, id, only, minutes });
      return made
        ? outcome('TokenRotated', { ...made, minutes })
        : notFound('unknown token, or revoked or over already');
    },
  }),
  revokeToken: t.field({
    type: RevokeTokenResult,
    description: 'Ends a token at once, also on connections that are open.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, { db, viewer }) => {
      const id = idOf('Token', args.id);
      const only = onlyOf(viewer!, 'manageTokens');
      return (await revokeToken(db, { teamId: viewer!.teamId, id, only }))
        ? outcome('TokenRevoked', { id })
        : notFound('unknown token, or revoked already');
    },
  }),
}));
