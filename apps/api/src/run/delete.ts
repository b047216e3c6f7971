import { deleteRun } from '@smallbatch/db';
import { builder, isOutcome, NotFound, notFound, type Outcome, outcome, resolveType } from '../builder.ts';

const RunDeleted = builder
  .objectRef<Outcome<'RunDeleted', { key: string; points: number; cells: number }>>('RunDeleted')
  .implement({
    description: 'The run is gone from every answer.',
    isTypeOf: isOutcome('RunDeleted'),
    fields: (t) => ({
      key: t.exposeString('key', { description: 'The key that it had.' }),
      points: t.expose('points', { type: 'SafeInt', description: 'Points that went with it.' }),
      cells: t.exposeInt('cells', {
        description:
          'Cells of sweeps that it answered. They have an empty run of the same key and configuration now, cancelled, which retrySweep trains.',
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
const DeleteRunResult = builder.unionType('DeleteRunResult', {
  description: 'What became of deleting a run.',
  types: [RunDeleted, RunIsRunning, NotFound],
  resolveType,
});

builder.mutationFields((t) => ({
  deleteRun: t.field({
    type: DeleteRunResult,
    description:
      'Deletes a run with all its points, for good. It is gone from every answer at once; its points are removed from the disk in the background.',
    args: { key: t.arg.string({ required: true, description: 'Its key.' }) },
    resolve: async (_root, { key }, { db, viewer }) => {
      const deleted = key.includes('\0')
        ? { kind: 'unknown' as const }
        : await deleteRun(db, viewer!.teamId, key);
      if (deleted.kind === 'deleted')
        return outcome('RunDeleted', { key, points: deleted.points, cells: deleted.cells });
      if (deleted.kind === 'unknown') return notFound(`unknown run "${key.slice(0, 200)}"`);
      return outcome('RunIsRunning', {
        message: `run "${key}" is being trained: end it (finishRun) or cancel its sweep (cancelSweep) first`,
      });
    },
  }),
}));
