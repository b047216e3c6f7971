import {
  claimDeliveries,
  claimLooks,
  type Db,
  type DeliveryTry,
  deliveryTried,
  type Happening,
  purgeDeliveries,
  readEvents,
  sweepFacts,
  tellWebhooks,
  workersUp,
} from '@smallbatch/db';
import type { Logger } from 'pino';
import { notices } from '../notice/notices.ts';
import { bodyOf } from './body.ts';
import { type SendOptions, send } from './send.ts';

export interface WebhookOptions extends SendOptions {
  /** Seconds between a try that failed and the next; after the last it is given up. */
  readonly pauses: readonly number[];
  /** How often the database is asked what is new and due. */
  readonly everyMs: number;
  /** How often somebody looks for lost workers and stuck sweeps, of which no event tells. */
  readonly lookSeconds: number;
}

/** Eleven tries over a day. */
export const WEBHOOKS: WebhookOptions = {
  allowPrivate: false,
  timeoutMs: 10_000,
  pauses: [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800],
  everyMs: 2000,
  lookSeconds: 30,
};
/** Deliveries that one process sends at the same time, each to another webhook. */
const MOST_AT_ONCE = 16;
/** A process that did not say how a try went, so long after its time limit, is taken for dead. */
const GRACE_SECONDS = 5;
const PURGE_MS = 3_600_000;

interface Given {
  readonly db: Db;
  readonly logger: Logger;
  /** Where people see the dashboard. */
  readonly publicUrl: string;
  readonly leaseSeconds: number;
  readonly options: WebhookOptions;
}

/** Tells webhooks what happens, until it is stopped. Any number of processes do it at the same time on one database. */
export function startDelivering({ db, logger, publicUrl, leaseSeconds, options }: Given): {
  stop(): Promise<void>;
} {
  const write = bodyOf(publicUrl);
  const trying = new Set<Promise<void>>();
  const stopping = new AbortController();
  let stopped = false;
  let wake: () => void = () => {};
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, options.everyMs);
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const tryOne = async (one: DeliveryTry): Promise<void> => {
    const result = await send(one, options, stopping.signal);
    const pauseSeconds = options.pauses[one.tries - 1];
    // Many that failed together are not tried again together; what this process breaks off is another's at once.
    const after = stopped ? 0 : (pauseSeconds ?? 0) * (0.9 + 0.2 * Math.random());
    const again = pauseSeconds === undefined ? null : after;
    await deliveryTried(db, one, { ...result, again });
    if (result.error !== null)
      logger.info(
        { delivery: one.id, tries: one.tries, again, why: result.error },
        'a webhook was not reached',
      );
  };
  const deliver = async (): Promise<void> => {
    const room = MOST_AT_ONCE - trying.size;
    if (room <= 0) return;
    for (const one of await claimDeliveries(db, room, options.timeoutMs / 1000 + GRACE_SECONDS)) {
      const promise = tryOne(one)
        .catch((err) =>
          logger.warn(
            { err, delivery: one.id },
            'how a delivery went was not written down; it is tried again',
          ),
        )
        .finally(() => {
          trying.delete(promise);
          // The next of the same webhook may be due.
          wake();
        });
      trying.add(promise);
    }
  };
  let purgedAt = 0;
  const work = async (): Promise<void> => {
    while (!stopped) {
      try {
        for (const teamId of await claimLooks(db, options.lookSeconds)) await look(teamId);
        await readEvents(db, write);
        await deliver();
        if (Date.now() - purgedAt > PURGE_MS) {
          await purgeDeliveries(db);
          purgedAt = Date.now();
        }
      } catch (err) {
        if (!stopped) logger.warn({ err }, 'webhooks wait: the database could not be asked');
      }
      if (!stopped) await pause();
    }
  };
  const look = async (teamId: string): Promise<void> => {
    const team = db.ofTeam(teamId);
    const found = await notices(team, teamId, leaseSeconds, () => workersUp(team, teamId, leaseSeconds));
    const sweeps = await sweepFacts(
      team.pool,
      found.flatMap(({ kind, sweepId }) => (kind === 'SWEEP_STUCK' ? sweepId! : [])),
    );
    const workers = await team.prisma.worker.findMany({
      where: { id: { in: found.flatMap(({ workerId }) => workerId ?? []) } },
      select: { id: true, name: true, host: true, member: { select: { key: true } } },
    });
    const now = new Date();
    const happenings = found.flatMap(({ kind, workerId, sweepId, since, runs, message }): Happening[] => {
      if (kind === 'SWEEP_STUCK') {
        const sweep = sweeps.get(sweepId!);
        return sweep
          ? [
              {
                key: `stuck ${sweepId} ${since.toISOString()}`,
                kinds: ['SWEEP_STUCK'],
                at: now,
                told: { sweep, since, message },
              },
            ]
          : [];
      }
      const worker = workers.find(({ id }) => id === workerId);
      if (kind !== 'WORKER_LOST' || !worker) return [];
      const { name, host, member } = worker;
      return [
        {
          key: `lost ${workerId} ${since.toISOString()}`,
          kinds: ['WORKER_LOST'],
          // It was lost when its lease was over.
          at: new Date(since.getTime() + leaseSeconds * 1000),
          told: { worker: { name, host, member: member.key }, runs, since, message },
        },
      ];
    });
    await tellWebhooks(db.pool, teamId, happenings, write);
  };
  const working = work();
  return {
    async stop() {
      stopped = true;
      stopping.abort();
      wake();
      await working;
      await Promise.allSettled(trying);
    },
  };
}
