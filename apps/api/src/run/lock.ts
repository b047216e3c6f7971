import { type Locked, lockRuns, lockSweep } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import { onlyOf } from '../can.ts';
import { NotYours, notYours, OTHERS } from '../not-yours.ts';
import { Sweep } from '../sweep/schema.ts';
import { meantArguments, notMeant, OtherCount, readMeant } from './meant.ts';
import { writableKey } from './words.ts';

const RunsLocked = builder.objectRef<Outcome<'RunsLocked', Locked>>('RunsLocked').implement({
  description: 'The runs are locked, or not any more.',
  isTypeOf: isOutcome('RunsLocked'),
  fields: (t) => ({
    matched: t.exposeInt('matched', { description: 'Runs that were meant.' }),
    changed: t.exposeInt('changed', { description: 'Runs of them that are otherwise than before.' }),
    others: t.exposeInt('others', { description: OTHERS }),
  }),
});
const LockRunsResult = builder.unionType('LockRunsResult', {
  description: 'What became of locking runs.',
  types: [RunsLocked, NotYours, OtherCount, NotFound, InvalidInput],
  resolveType,
});
const SweepLocked = builder.objectRef<Outcome<'SweepLocked', { sweepId: string }>>('SweepLocked').implement({
  description: 'The sweep is locked, or not any more.',
  isTypeOf: isOutcome('SweepLocked'),
  fields: (t) => ({
    sweep: t.prismaField({
      type: Sweep,
      description: 'The sweep.',
      resolve: (query, { sweepId }, _a, { db }) =>
        db.prisma.sweep.findUniqueOrThrow({ ...query, where: { id: sweepId } }),
    }),
  }),
});
const LockSweepResult = builder.unionType('LockSweepResult', {
  description: 'What became of locking a sweep.',
  types: [SweepLocked, NotYours, NotFound],
  resolveType,
});

const LOCKED = 'Whether they are locked from now on.';
builder.mutationFields((t) => ({
  lockRuns: t.field({
    type: LockRunsResult,
    description:
      'Locks runs, so that they are not deleted, or unlocks them: of these keys, or all that match.',
    args: { ...meantArguments(t.arg), locked: t.arg.boolean({ required: true, description: LOCKED }) },
    resolve: async (_root, args, context) => {
      const meaning = await readMeant('lockRuns', args, context);
      if ('outcome' in meaning) return meaning;
      const done = await lockRuns(context.db, context.viewer!.teamId, meaning, args.locked);
      return done.kind === 'locked' ? outcome('RunsLocked', done) : notMeant(done, args);
    },
  }),
  lockSweep: t.field({
    type: LockSweepResult,
    description: 'Locks a sweep, so that no run that answers a cell of it is deleted, or unlocks it.',
    args: {
      key: t.arg.string({ required: true, description: 'Key of the sweep.' }),
      locked: t.arg.boolean({ required: true, description: 'Whether it is locked from now on.' }),
    },
    resolve: async (_root, { key, locked }, { db, viewer }) => {
      const only = onlyOf(viewer!, 'change');
      const done = writableKey(key) ? await lockSweep(db, viewer!.teamId, key, locked, only) : undefined;
      if (!done) return notFound(`unknown sweep "${key.slice(0, 80)}"`);
      return done.kind === 'notYours'
        ? notYours('sweep', key, done.member)
        : outcome('SweepLocked', { sweepId: done.id });
    },
  }),
}));
