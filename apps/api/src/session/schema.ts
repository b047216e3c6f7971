import { revokeSession, SignInMethod } from '@smallbatch/db';
import {
  builder,
  idOf,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';

const SignInMethodEnum = builder.enumType(SignInMethod, {
  name: 'SignInMethod',
  description: 'How somebody signed in.',
});

export const Session = builder.prismaNode('Session', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'A browser in which somebody is signed in.',
  fields: (t) => ({
    method: t.expose('method', { type: SignInMethodEnum, description: 'How it began.' }),
    address: t.exposeString('address', { description: 'Where from it began: an address of the network.' }),
    agent: t.exposeString('agent', {
      description: 'What the browser said that it is, up to 300 characters.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'Its last use, to the minute.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When it ends by itself; after a week without a use sooner.',
    }),
    current: t.boolean({
      description: 'Whether it is the one that asks.',
      select: { id: true },
      resolve: ({ id }, _args, { viewer }) => id === viewer?.sessionId,
    }),
  }),
});
const SessionRevoked = builder
  .objectRef<Outcome<'SessionRevoked', { id: string }>>('SessionRevoked')
  .implement({
    description: 'Nobody is signed in there any more.',
    isTypeOf: isOutcome('SessionRevoked'),
    fields: (t) => ({
      session: t.prismaField({
        type: Session,
        description: 'The session.',
        resolve: (query, { id }, _args, { db }) =>
          db.prisma.session.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  });
const RevokeSessionResult = builder.unionType('RevokeSessionResult', {
  description: 'What became of revoking.',
  types: [SessionRevoked, NotFound],
  resolveType,
});

/** Days after which an unused session is over, as findSession has it. */
const IDLE_MS = 7 * 86_400_000;

builder.queryFields((t) => ({
  sessions: t.prismaField({
    type: [Session],
    description:
      "Where one's own account is signed in, the latest use first, at most 100. Not for tokens: a script has no business here.",
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.session.findMany({
        ...query,
        where: {
          accountId: viewer!.accountId,
          revokedAt: null,
          expiresAt: { gt: new Date() },
          lastSeenAt: { gt: new Date(Date.now() - IDLE_MS) },
        },
        orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }],
        take: 100,
      }),
  }),
}));
builder.mutationFields((t) => ({
  revokeSession: t.field({
    type: RevokeSessionResult,
    description: "Ends a session of one's own account at once. Not for tokens.",
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, { db, viewer }) => {
      const id = idOf('Session', args.id);
      return (await revokeSession(db, { accountId: viewer!.accountId, id }))
        ? outcome('SessionRevoked', { id })
        : notFound('unknown session, or over already');
    },
  }),
}));
