import { acting, deleteRun, deleteRuns, type RunsDeleted as Gone } from '@smallbatch/db';
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
import { meantArguments, notMeant, OtherCount, readMeant } from './meant.ts';
import { Deletion } from './restore.ts';
import { writableKey } from './words.ts';

const EMPTY =
  'Cells of sweeps that they answered. Each has an empty run of the same key and configuration now, cancelled, which retrySweep trains.';
const RunDeleted = builder
  .objectRef<Outcome<'RunDeleted', { key: string; points: number; cells: number; deletionId: string }>>(
    'RunDeleted',
  )
  .implement({
    description: 'The run is gone from every answer; restoreRuns brings it back for a day.',
    isTypeOf: isOutcome('RunDeleted'),
    fields: (t) => ({
      key: t.exposeString('key', { description: 'The key that it had.' }),
      points: t.expose('points', { type: 'SafeInt', description: 'Points that went with it.' }),
      cells: t.exposeInt('cells', { description: EMPTY }),
      deletion: t.prismaField({
        type: Deletion,
        description: 'What restoreRuns takes.',
        resolve: (query, { deletionId }, _a, { db }) =>
          db.prisma.deletion.findUniqueOrThrow({ ...query, where: { id: deletionId } }),
      }),
    }),
  });
const RunIsRunning = builder
  .objectRef<Outcome<'RunIsRunning', { message: string }>>('RunIsRunning')
  .implement({
    description: 'The run is being trained: nothing was deleted.',
    isTypeOf: isOutcome('RunIsRunning'),
    fields: (t) => ({ message: t.exposeString('message', { description: 'What to do.' }) }),
  });
const RunIsLocked = builder
  .objectRef<Outcome<'RunIsLocked', { message: string; sweeps: readonly string[] }>>('RunIsLocked')
  .implement({
    description: 'The run is locked, or a sweep that it answers a cell of is: nothing was deleted.',
    isTypeOf: isOutcome('RunIsLocked'),
    fields: (t) => ({
      message: t.exposeString('message', { description: 'What locks it, and how to unlock it.' }),
      sweeps: t.stringList({
        description: 'Keys of locked sweeps that it answers a cell of, at most 10.',
        resolve: ({ sweeps }) => [...sweeps],
      }),
    }),
  });
const DeleteRunResult = builder.unionType('DeleteRunResult', {
  description: 'What became of deleting a run.',
  types: [RunDeleted, RunIsRunning, RunIsLocked, NotYours, NotFound],
  resolveType,
});
const RunsDeleted = builder.objectRef<Outcome<'RunsDeleted', Gone>>('RunsDeleted').implement({
  description: 'The runs are gone from every answer; restoreRuns brings them back for a day.',
  isTypeOf: isOutcome('RunsDeleted'),
  fields: (t) => ({
    deletion: t.prismaField({
      type: Deletion,
      nullable: true,
      description: 'What restoreRuns takes; null when no run was deleted.',
      resolve: (query, { deletionId }, _a, { db }) =>
        deletionId ? db.prisma.deletion.findUniqueOrThrow({ ...query, where: { id: deletionId } }) : null,
    }),
    matched: t.exposeInt('matched', { description: 'Runs that were meant.' }),
    runs: t.exposeInt('runs', { description: 'Runs of them that were deleted.' }),
    points: t.expose('points', { type: 'SafeInt', description: 'Points that went with them.' }),
    cells: t.exposeInt('cells', { description: EMPTY }),
    locked: t.exposeInt('locked', { description: 'Runs spared as they are locked, or of a locked sweep.' }),
    running: t.exposeInt('running', { description: 'Runs spared as they are being trained.' }),
    others: t.exposeInt('others', { description: OTHERS }),
  }),
});
const DeleteRunsResult = builder.unionType('DeleteRunsResult', {
  description: 'What became of deleting runs.',
  types: [RunsDeleted, NotYours, OtherCount, NotFound, InvalidInput],
  resolveType,
});

const lockedBy = (key: string, sweeps: readonly string[]): string =>
  sweeps.length > 0
    ? `run "${key}" answers a cell of the locked sweep "${sweeps[0]}"${sweeps.length > 1 ? ' and of others' : ''}: unlock it first (lockSweep with locked: false)`
    : `run "${key}" is locked: unlock it first (lockRuns with locked: false)`;

builder.mutationFields((t) => ({
  deleteRun: t.field({
    type: DeleteRunResult,
    description:
      'Deletes a run with all its points. It is gone from every answer at once, and can be brought back for a day (restoreRuns); then its points are removed from the disk.',
    args: { key: t.arg.string({ required: true, description: 'Its key.' }) },
    resolve: async (_root, { key }, { db, viewer }) => {
      const { teamId, memberId } = viewer!;
      const deleted = writableKey(key)
        ? await deleteRun(acting(db, { memberId }), teamId, key, onlyOf(viewer!, 'change'))
        : { kind: 'unknown' as const };
      switch (deleted.kind) {
        case 'deleted':
          return outcome('RunDeleted', { ...deleted, key, deletionId: deleted.deletionId! });
        case 'unknown':
          return notFound(`unknown run "${key.slice(0, 200)}"`);
        case 'notYours':
          return notYours('run', key, deleted.member);
        case 'locked':
          return outcome('RunIsLocked', { message: lockedBy(key, deleted.sweeps), sweeps: deleted.sweeps });
        default:
          return outcome('RunIsRunning', {
            message: `run "${key}" is being trained: end it (finishRun) or cancel its sweep (cancelSweep) first`,
          });
      }
    },
  }),
  deleteRuns: t.field({
    type: DeleteRunsResult,
    description:
      'Deletes runs with all their points: of these keys, or all that match; not those that are locked or being trained. They are gone from every answer at once, and can be brought back for a day (restoreRuns).',
    args: meantArguments(t.arg),
    resolve: async (_root, args, context) => {
      const { teamId, memberId } = context.viewer!;
      const meaning = await readMeant('deleteRuns', args, context);
      if ('outcome' in meaning) return meaning;
      const deleted = await deleteRuns(acting(context.db, { memberId }), teamId, meaning);
      return deleted.kind === 'deleted' ? outcome('RunsDeleted', deleted) : notMeant(deleted, args);
    },
  }),
}));
