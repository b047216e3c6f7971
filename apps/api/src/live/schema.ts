import {
  type CellColumns,
  cellsSince,
  type Db,
  type EventKind,
  type EventRow,
  eventsSince,
  type PointsSeen,
  pointsSince,
  snapshotNow,
} from '@smallbatch/db';
import { type GraphQLResolveInfo, Kind } from 'graphql';
import { builder } from '../builder.ts';
import { Curve, type CurveShape } from '../curve/schema.ts';
import { fault } from '../errors.ts';
import { RunStatusEnum } from '../run/filter.ts';
import { Run } from '../run/schema.ts';
import { Sweep } from '../sweep/schema.ts';
import {
  decodeEvents,
  decodePoints,
  type EventsSeen,
  encodeEvents,
  encodePoints,
  unknownSnapshot,
} from './cursor.ts';
import { Event, EventKindEnum } from './events.ts';

/** Most events of one message; the rest follows in the next. */
const MOST_EVENTS = 500;
const MOST_NAMES = 200;

const CellStates = builder.objectRef<CellColumns>('CellStates').implement({
  description: 'Cells of a sweep as they are now, as columns of one length, in the order of their positions.',
  fields: (t) => ({
    positions: t.exposeIntList('positions', { description: "Their places in the sweep's list, from 1." }),
    runs: t.exposeStringList('runs', { description: 'Keys of the runs that answer them.' }),
    statuses: t.expose('statuses', { type: [RunStatusEnum], description: 'Where these stand.' }),
    diverged: t.exposeBooleanList('diverged', { description: 'Whether these diverged.' }),
    attempts: t.exposeIntList('attempts', { description: 'Numbers of their latest attempts.' }),
    workers: t.field({
      type: ['String'],
      nullable: { list: false, items: true },
      description: 'Names of the workers that train them, or did last.',
      resolve: ({ workers }) => workers,
    }),
  }),
});

interface SweepMessage {
  readonly id: string;
  readonly cells: CellColumns;
  readonly reset: boolean;
  readonly cursor: string;
}
const SweepUpdate = builder.objectRef<SweepMessage>('SweepUpdate').implement({
  description: 'A sweep as it is now, and which of its cells changed.',
  fields: (t) => ({
    sweep: t.prismaField({
      type: Sweep,
      description: 'The sweep.',
      resolve: (query, { id }, _a, { db }) => db.prisma.sweep.findUniqueOrThrow({ ...query, where: { id } }),
    }),
    changed: t.field({
      type: CellStates,
      description:
        'Cells whose runs changed since the last message, or since `after`; all cells in a first message without it.',
      resolve: ({ cells }) => cells,
    }),
    reset: t.exposeBoolean('reset', {
      description: 'Whether `changed` has all cells: begin anew with them.',
    }),
    cursor: t.exposeString('cursor', {
      description: 'Connecting again with it as `after` goes on from here.',
    }),
  }),
});

interface RunMessage {
  readonly id: string;
  readonly attempt: number;
  readonly curves: readonly CurveShape[];
  readonly reset: boolean;
  readonly cursor: string;
}
const RunUpdate = builder.objectRef<RunMessage>('RunUpdate').implement({
  description: 'A run as it is now, and its new points.',
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { id }, _a, { db }) => db.prisma.run.findUniqueOrThrow({ ...query, where: { id } }),
    }),
    attempt: t.exposeInt('attempt', { description: 'Number of its latest attempt.' }),
    curves: t.field({
      type: [Curve],
      description:
        'Points that were written since the last message, or since `after`, by metric: also late ones, with smaller steps than before.',
      resolve: ({ curves }) => curves,
    }),
    reset: t.exposeBoolean('reset', {
      description:
        'Whether these points begin anew: in a first message without `after`, and when another attempt superseded earlier ones. Forget what was sent before.',
    }),
    cursor: t.exposeString('cursor', {
      description: 'Connecting again with it as `after` goes on from here.',
    }),
  }),
});

const ActivityUpdate = builder
  .objectRef<{ events: readonly EventRow[]; cursor: string }>('ActivityUpdate')
  .implement({
    description: 'What happened since the last message.',
    fields: (t) => ({
      events: t.field({
        type: [Event],
        description: `New events, at most ${MOST_EVENTS} a message, in the order in which their transactions began. None in the first message without \`after\`.`,
        resolve: ({ events }) => events,
      }),
      cursor: t.exposeString('cursor', {
        description: 'Connecting again with it as `after` goes on from here.',
      }),
    }),
  });

const NO_CELLS: CellColumns = {
  positions: [],
  runs: [],
  statuses: [],
  diverged: [],
  attempts: [],
  workers: [],
};

/** Whether a field of a message is asked for; a fragment might. */
function asks(info: GraphQLResolveInfo, name: string): boolean {
  return info.fieldNodes.some((node) =>
    (node.selectionSet?.selections ?? []).some((one) => one.kind !== Kind.FIELD || one.name.value === name),
  );
}

const named = (key: string): string => `"${key.slice(0, 80)}"`;

async function idOf(db: Db, what: 'run' | 'sweep', teamId: string, key: string): Promise<string> {
  const where = { teamId_key: { teamId, key } };
  const found = key.includes('\0')
    ? null
    : what === 'run'
      ? await db.prisma.run.findUnique({ where, select: { id: true } })
      : await db.prisma.sweep.findUnique({ where, select: { id: true } });
  if (!found)
    throw fault('NOT_FOUND', `unknown ${what} ${named(key)}: there is none of this key in the team`);
  return found.id;
}

async function readCells(db: Db, query: Parameters<typeof cellsSince>[1], wanted: boolean) {
  if (wanted) return cellsSince(db, query);
  return { cells: NO_CELLS, snapshot: await snapshotNow(db), known: true };
}

builder.subscriptionFields((t) => ({
  sweepProgress: t.field({
    type: SweepUpdate,
    description:
      'A sweep whenever it or one of its runs changes, with the cells that changed; at most five messages a second.',
    args: {
      key: t.arg.string({ required: true, description: 'Of the sweep.' }),
      after: t.arg.string({ description: 'Go on after the message with this cursor.' }),
    },
    subscribe: async (_root, { key, after }, { db, viewer, live }, info) => {
      const { teamId } = viewer!;
      const sweepId = await idOf(db, 'sweep', teamId, key);
      const wanted = asks(info, 'changed');
      const start: EventsSeen | null = after ? decodeEvents(after, sweepId) : null;
      return live.messages<EventsSeen | null, SweepMessage>(
        { kind: 'sweep', id: sweepId, teamId },
        start,
        (last) => `${wanted} ${last?.seen}`,
        async (last) => {
          const at = Date.now();
          const { cells, snapshot, known } = await readCells(
            db,
            { teamId, sweepId, seen: last?.seen ?? null },
            wanted,
          );
          if (!known) throw unknownSnapshot();
          const seen = { at, seen: snapshot, midway: null };
          return { seen, message: { id: sweepId, cells, reset: !last, cursor: encodeEvents(sweepId, seen) } };
        },
      );
    },
    resolve: (update) => update,
  }),
  runMetrics: t.field({
    type: RunUpdate,
    description:
      'A run whenever it changes, and its new points; at most five messages a second. Ends when the run has ended.',
    args: {
      key: t.arg.string({ required: true, description: 'Of the run.' }),
      names: t.arg.stringList({ description: `Only these metrics, at most ${MOST_NAMES}.` }),
      after: t.arg.string({ description: 'Go on after the message with this cursor.' }),
    },
    subscribe: async (_root, { key, names, after }, { db, viewer, live }) => {
      const { teamId } = viewer!;
      if (names && names.length > MOST_NAMES)
        throw fault('BAD_INPUT', `invalid names: ${names.length}; at most ${MOST_NAMES}, or none for all`);
      const runId = await idOf(db, 'run', teamId, key);
      type Seen = { readonly points: PointsSeen | null; readonly mark: string };
      return live.messages<Seen, RunMessage>(
        { kind: 'run', id: runId, teamId },
        { points: after ? decodePoints(after, runId) : null, mark: '' },
        (last) => JSON.stringify([names, last]),
        async (last) => {
          const now = await pointsSince(db, { runId, names: names ?? null, seen: last.points });
          if (!now) throw fault('NOT_FOUND', `unknown run ${named(key)}: it was deleted`);
          const { curves, reset, more, attempt, mark } = now;
          const ended = !more && !['WAITING', 'RUNNING'].includes(now.status);
          const silent = curves.length === 0 && mark === last.mark && !reset;
          return {
            seen: { points: now.seen, mark },
            mark,
            more,
            last: ended,
            message: silent
              ? undefined
              : { id: runId, attempt, curves, reset, cursor: encodePoints(runId, now.seen) },
          };
        },
      );
    },
    resolve: (update) => update,
  }),
  activity: t.field({
    type: ActivityUpdate,
    description:
      'What happens in the team, as it happens; at most five messages a second. The first message says where it begins.',
    args: {
      kinds: t.arg({ type: [EventKindEnum], description: 'Only these.' }),
      after: t.arg.string({
        description: 'Go on after the message with this cursor, or after the `watchFrom` of a list.',
      }),
    },
    subscribe: async (_root, { kinds, after }, { db, viewer, live }) => {
      const { teamId } = viewer!;
      return live.messages<EventsSeen | null, { events: EventRow[]; cursor: string }>(
        { kind: 'team', id: teamId, teamId },
        after ? decodeEvents(after, teamId) : null,
        (last) => JSON.stringify([kinds, last?.seen, last?.midway]),
        (last) => readEvents(db, teamId, kinds ?? null, last),
      );
    },
    resolve: (update) => update,
  }),
}));

async function readEvents(db: Db, teamId: string, kinds: EventKind[] | null, last: EventsSeen | null) {
  const at = Date.now();
  if (!last) {
    const seen = { at, seen: await snapshotNow(db), midway: null };
    return { seen, message: { events: [], cursor: encodeEvents(teamId, seen) } };
  }
  const { events, snapshot, more, known } = await eventsSince(db, {
    teamId,
    kinds,
    seen: last.seen,
    midway: last.midway,
    most: MOST_EVENTS,
  });
  if (!known) throw unknownSnapshot();
  const end = events.at(-1);
  // Between two messages of one long list the cursor is as old as its beginning.
  const seen: EventsSeen =
    more && end
      ? { at: last.at, seen: last.seen, midway: { upTo: snapshot, xid: end.xid, id: end.id } }
      : { at: last.midway ? last.at : at, seen: snapshot, midway: null };
  const message = events.length > 0 ? { events, cursor: encodeEvents(teamId, seen) } : undefined;
  return { seen, message, more: more || last.midway !== null };
}
