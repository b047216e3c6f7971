import { workersOfSweeps } from '@smallbatch/db';
import { builder } from '../builder.ts';
import { loaderAt } from '../run/schema.ts';
import { Worker } from '../worker/schema.ts';
import { Sweep } from './schema.ts';

builder.prismaObjectFields(Sweep, (t) => ({
  workers: t.prismaField({
    type: [Worker],
    description: 'The workers that train its runs now.',
    select: { id: true },
    resolve: (query, { id }, _args, { db, ...context }, info) =>
      loaderAt(context, info, async (sweepIds) => {
        const ids = await workersOfSweeps(db, sweepIds);
        const all = [...new Set([...ids.values()].flat())];
        const workers = await db.prisma.worker.findMany({ ...query, where: { id: { in: all } } });
        const byId = new Map(workers.map((worker) => [worker.id, worker]));
        return sweepIds.map((sweep) => (ids.get(sweep) ?? []).flatMap((worker) => byId.get(worker) ?? []));
      }).load(id),
  }),
}));
