import { type Db, readCurves } from '@smallbatch/db';
import { builder } from './builder.ts';
import { Curve, type CurveShape } from './curve/schema.ts';
import { Run } from './run/schema.ts';
import { Sweep } from './sweep/schema.ts';

const CHANNEL = 'smallbatch';
/** At most five messages a second a subscription. */
const MIN_GAP_MS = 200;

/** Tells subscriptions that something changed. Each API process hears of changes in all of them through PostgreSQL. */
export class Live {
  readonly #db: Db;
  readonly #wakers = new Set<(what: string) => void>();
  #stop: (() => Promise<void>) | undefined;

  constructor(db: Db) {
    this.#db = db;
  }

  async start(): Promise<void> {
    this.#stop = await this.#db.listen(CHANNEL, (payload) => {
      for (const wake of this.#wakers) wake(payload);
    });
  }

  changed(runIds: readonly string[]): void {
    for (const id of runIds) this.#db.notify(CHANNEL, `run ${id}`);
  }

  sweepChanged(id: string): void {
    this.#db.notify(CHANNEL, `sweep ${id}`);
  }

  /** Yields once at the start and then after every change that matters, never more often than five times a second. */
  async *changes(matters: (what: string) => boolean): AsyncGenerator<void> {
    let dirty = true;
    let wakeUp: (() => void) | undefined;
    const wake = (what: string): void => {
      if (!matters(what)) return;
      dirty = true;
      wakeUp?.();
    };
    this.#wakers.add(wake);
    try {
      for (;;) {
        if (!dirty)
          await new Promise<void>((resolve) => {
            wakeUp = resolve;
          });
        dirty = false;
        yield;
        await new Promise((resolve) => setTimeout(resolve, MIN_GAP_MS));
      }
    } finally {
      this.#wakers.delete(wake);
    }
  }

  async stop(): Promise<void> {
    await this.#stop?.();
  }
}

const SweepUpdate = builder.objectRef<{ id: string }>('SweepUpdate').implement({
  description: 'A sweep as it is now.',
  fields: (t) => ({
    sweep: t.prismaField({
      type: Sweep,
      description: 'The sweep.',
      resolve: (query, { id }, _a, { db }) => db.prisma.sweep.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
});
const RunUpdate = builder.objectRef<{ id: string; curves: CurveShape[] }>('RunUpdate').implement({
  description:
    'A run as it is now, and its new points since the last message; the first message has all there are.',
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { id }, _a, { db }) => db.prisma.run.findUniqueOrThrow({ ...query, where: { id } }),
    }),
    attempt: t.int({
      description: 'When this changes, earlier points were superseded: begin anew.',
      resolve: async ({ id }, _a, { db }) =>
        (await db.prisma.run.findUniqueOrThrow({ where: { id }, select: { attempt: true } })).attempt,
    }),
    curves: t.field({
      type: [Curve],
      description: 'New points, by metric.',
      resolve: ({ curves }) => curves,
    }),
  }),
});

builder.subscriptionFields((t) => ({
  sweepProgress: t.field({
    type: SweepUpdate,
    description: 'A sweep whenever it or one of its runs changes, at most five times a second.',
    args: { key: t.arg.string({ required: true }) },
    subscribe: async function* (_root, { key }, { db, viewer, live }) {
      const sweep = await db.prisma.sweep.findUnique({
        where: { teamId_key: { teamId: viewer!.teamId, key } },
        select: { id: true },
      });
      if (!sweep) return;
      const runs = new Set(
        (await db.prisma.cell.findMany({ where: { sweepId: sweep.id }, select: { runId: true } })).map(
          ({ runId }) => runId,
        ),
      );
      for await (const _ of live.changes(
        (what) => what === `sweep ${sweep.id}` || (what.startsWith('run ') && runs.has(what.slice(4))),
      ))
        yield { id: sweep.id };
    },
    resolve: (update) => update,
  }),
  runMetrics: t.field({
    type: RunUpdate,
    description: 'A run and its new points, at most five times a second; ends when the run has ended.',
    args: {
      key: t.arg.string({ required: true }),
      names: t.arg.stringList({ description: 'Only these metrics.' }),
    },
    subscribe: async function* (_root, { key, names }, { db, viewer, live }) {
      const where = { teamId_key: { teamId: viewer!.teamId, key } };
      const run = await db.prisma.run.findUnique({ where, select: { id: true } });
      if (!run) return;
      let attempt = -1;
      let sent = new Map<string, number>();
      for await (const _ of live.changes((what) => what === `run ${run.id}`)) {
        const now = await db.prisma.run.findUniqueOrThrow({ where, select: { status: true, attempt: true } });
        if (now.attempt !== attempt) sent = new Map();
        attempt = now.attempt;
        const full = await readCurves(db, [run.id], names ?? null);
        const curves = full.map((curve): CurveShape => {
          const from = sent.get(curve.metric) ?? 0;
          sent.set(curve.metric, curve.steps.length);
          const rest = <T>(column: readonly T[]): T[] => column.slice(from);
          return {
            ...curve,
            steps: rest(curve.steps),
            epochs: rest(curve.epochs),
            samplesSeen: rest(curve.samplesSeen),
            wallTimes: rest(curve.wallTimes),
            values: rest(curve.values),
            count: curve.steps.length,
          };
        });
        yield { id: run.id, curves: curves.filter(({ steps }) => steps.length > 0) };
        if (!['WAITING', 'RUNNING'].includes(now.status)) return;
      }
    },
    resolve: (update) => update,
  }),
}));
