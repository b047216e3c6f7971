import { type WaitingWork as Waiting, waitingWork } from '@smallbatch/db';
import { builder } from '../builder.ts';
import { Run } from '../run/schema.ts';

/** Most shapes of one answer: what a worker would measure before it begins. */
const MOST_SHAPES = 8;

const WaitingWork = builder.objectRef<Waiting>('WaitingWork').implement({
  description: 'Runs that wait for a worker, and whose steps have one shape on one data set.',
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'One of them.',
      resolve: (query, { runId }, _args, { db }) =>
        db.prisma.run.findUniqueOrThrow({ ...query, where: { id: runId } }),
    }),
    runs: t.exposeInt('runs', { description: 'Runs.' }),
    memoryBytes: t.exposeFloat('memoryBytes', {
      description: 'Least memory that a step of one needs, in bytes.',
    }),
    samples: t.exposeFloat('samples', { description: 'Samples that all of them train on.' }),
  }),
});

builder.queryFields((t) => ({
  waitingWork: t.field({
    type: [WaitingWork],
    description: `What waits for a worker with these data sets, by the shape of its steps: the ${MOST_SHAPES} with the most work.`,
    args: {
      datasets: t.arg.stringList({ required: true, description: 'Hashes of the data sets that it has.' }),
      trainerVersion: t.arg.string({ required: true, description: "The trainer's semantic version." }),
      sweep: t.arg.string({ description: 'Only runs that answer cells of this sweep.' }),
    },
    resolve: (_root, { datasets, trainerVersion, sweep }, { db, viewer }) =>
      waitingWork(db, viewer!.teamId, { datasets, trainerVersion, sweep: sweep ?? null }, MOST_SHAPES),
  }),
}));
