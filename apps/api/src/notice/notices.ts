import { type Db, failingSweeps, lostWorkers, MOST_NOTICES, stillRuns, type WorkerUp } from '@smallbatch/db';
import { groupBy } from '../aggregate/order.ts';
import { waitsFor } from '../run/waits-for.ts';

/** Minutes in which nothing of a sweep ran, and in which runs of one failed. */
export const STUCK_MINUTES = 5;
export const FAILING_MINUTES = 60;

export const NOTICE_KINDS = ['WORKER_LOST', 'SWEEP_STUCK', 'RUNS_FAILING'] as const;
export interface Notice {
  readonly kind: (typeof NOTICE_KINDS)[number];
  readonly message: string;
  readonly since: Date;
  readonly workerId: string | null;
  readonly sweepId: string | null;
  readonly runs: number;
}

const plural = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

/** What somebody should look at, the latest first within each kind. Four statements, however much there is. */
export async function notices(
  db: Db,
  teamId: string,
  leaseSeconds: number,
  workersUp: () => Promise<WorkerUp[]>,
): Promise<Notice[]> {
  const [lost, still, failing, up] = await Promise.all([
    lostWorkers(db, teamId, leaseSeconds),
    stillRuns(db, teamId, STUCK_MINUTES),
    failingSweeps(db, teamId, FAILING_MINUTES),
    workersUp(),
  ]);
  const workers = lost.map(({ id, name, since, runs }): Notice => {
    const has = runs > 0 ? `; ${plural(runs, 'run')} of its own wait for another worker to take over` : '';
    const message = `worker "${name}" was not heard of since ${since.toISOString()}${has}: look at its machine, or start another (smallbatch worker)`;
    return { kind: 'WORKER_LOST', message, since, workerId: id, sweepId: null, runs };
  });
  const stuck = [...groupBy(still, ({ sweepId }) => sweepId)].flatMap(([sweepId, kinds]): Notice[] => {
    const why = kinds.map((one) =>
      waitsFor({ ...one, dataset: { name: one.datasetName, hash: one.datasetHash } }, up),
    );
    if (why.includes(null)) return [];
    const [{ key, since }, runs] = [kinds[0]!, kinds.reduce((sum, one) => sum + one.runs, 0)];
    const message = `sweep "${key}": ${plural(runs, 'run')} wait, and nothing of it runs: ${[...new Set(why)].join('; ')}`;
    return [{ kind: 'SWEEP_STUCK', message, since, workerId: null, sweepId, runs }];
  });
  const failed = failing.map(({ sweepId, key, since, runs, reason }): Notice => {
    const message = `sweep "${key}": ${plural(runs, 'run')} failed in the last hour${reason ? `, the last as: ${reason}` : ''} (retryRuns or retrySweep trains them again)`;
    return { kind: 'RUNS_FAILING', message, since, workerId: null, sweepId, runs };
  });
  return [...workers, ...stuck.slice(0, MOST_NOTICES), ...failed];
}
