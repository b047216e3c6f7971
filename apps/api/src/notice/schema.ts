import { MOST_NOTICES } from '@smallbatch/db';
import { builder } from '../builder.ts';
import { loaderAt } from '../run/schema.ts';
import { Sweep } from '../sweep/schema.ts';
import { Worker } from '../worker/schema.ts';
import { NOTICE_KINDS, notices, type Notice as Shape } from './notices.ts';

const NoticeKind = builder.enumType('NoticeKind', {
  description:
    'WORKER_LOST: a worker was not heard of for longer than a lease, in the last day, and was not started again. SWEEP_STUCK: runs of a sweep wait, nothing of it ran for five minutes, and no worker that is up can take any. RUNS_FAILING: runs of a sweep failed in the last hour.',
  values: NOTICE_KINDS,
});
const Notice = builder.objectRef<Shape>('Notice').implement({
  description: 'Something that somebody should look at.',
  fields: (t) => ({
    kind: t.expose('kind', { type: NoticeKind, description: 'What.' }),
    message: t.exposeString('message', { description: 'What, why, and what to do.' }),
    since: t.field({
      type: 'DateTime',
      description:
        'Since when: when the worker was heard of last, when something of the sweep ended last, when the first of the runs failed.',
      resolve: ({ since }) => since,
    }),
    runs: t.exposeInt('runs', { description: 'Runs that the worker has, that wait, or that failed.' }),
    worker: t.prismaField({
      type: Worker,
      nullable: true,
      description: 'The worker; null of other kinds.',
      resolve: (query, { workerId }, _args, { db, ...context }, info) =>
        workerId === null
          ? null
          : loaderAt(context, info, async (ids) => {
              const found = await db.prisma.worker.findMany({ ...query, where: { id: { in: [...ids] } } });
              const byId = new Map(found.map((one) => [one.id, one]));
              return ids.map((id) => byId.get(id) ?? null);
            }).load(workerId),
    }),
    sweep: t.prismaField({
      type: Sweep,
      nullable: true,
      description: 'The sweep; null of other kinds.',
      resolve: (query, { sweepId }, _args, { db, ...context }, info) =>
        sweepId === null
          ? null
          : loaderAt(context, info, async (ids) => {
              const found = await db.prisma.sweep.findMany({ ...query, where: { id: { in: [...ids] } } });
              const byId = new Map(found.map((one) => [one.id, one]));
              return ids.map((id) => byId.get(id) ?? null);
            }).load(sweepId),
    }),
  }),
});

builder.queryFields((t) => ({
  notices: t.field({
    type: [Notice],
    description: `What somebody should look at: lost workers, stuck sweeps, failing runs; the latest first, at most ${MOST_NOTICES} of each kind.`,
    resolve: (_root, _args, { db, viewer, lease, workersUp }) =>
      notices(db, viewer!.teamId, lease.lease, workersUp),
  }),
}));
