import { EventKind, type EventRow, eventPage } from '@smallbatch/db';
import { builder, connection, readPage } from '../builder.ts';
import { decodePlace, encodeEvents, encodePlace } from './cursor.ts';

export const EventKindEnum = builder.enumType(EventKind, {
  name: 'EventKind',
  description:
    'What can happen. CELL_TAKEN: a cell took another run, as its sweep was retried or its run deleted or restored. RUN_CREATED: one of somebody’s own script. RUN_TAKEN_OVER: its lease had expired, another attempt began. RUN_RELEASED: its worker gave it back to the queue. RUN_RETRIED: it had failed or was cancelled, and waits again. SEEDS_ADDED: a sweep has more cells than before. RUNS_DELETED, RUNS_RESTORED: so many at once. MENTIONED: a note of a run or a sweep names a member whom it did not name before.',
});

export const Event = builder.objectRef<EventRow>('Event').implement({
  description:
    'Something that happened in the team: when, what, and who or what it is about, by keys and names.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ at }) => at }),
    kind: t.field({ type: EventKindEnum, description: 'What.', resolve: ({ kind }) => kind }),
    member: t.exposeString('member', {
      nullable: true,
      description:
        'Key of the member who did it, or whose run or worker it is; null where nobody said who acts.',
    }),
    sweep: t.exposeString('sweep', {
      nullable: true,
      description: 'Key of the sweep; of a run, the sweep that created it.',
    }),
    run: t.exposeString('run', { nullable: true, description: 'Key of the run.' }),
    worker: t.exposeString('worker', { nullable: true, description: 'Name of the worker.' }),
    mentioned: t.exposeString('mentioned', {
      nullable: true,
      description: 'Key of the member who was named in a note.',
    }),
    dataset: t.string({
      nullable: true,
      description: 'Name of the data set that was added.',
      resolve: ({ detail }) => text(detail.dataset),
    }),
    attempt: t.int({
      nullable: true,
      description: "Number of the run's attempt.",
      resolve: ({ detail }) => (typeof detail.attempt === 'number' ? detail.attempt : null),
    }),
    diverged: t.boolean({
      description: 'Whether the run diverged.',
      resolve: ({ detail }) => detail.diverged === true,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why a run ended as it did, its first 500 characters.',
      resolve: ({ detail }) => text(detail.reason),
    }),
    cells: t.int({
      nullable: true,
      description: 'Cells of the sweep that was created, or that seeds have added to it.',
      resolve: ({ detail }) => (typeof detail.cells === 'number' ? detail.cells : null),
    }),
    runs: t.int({
      nullable: true,
      description: 'Runs that were deleted or restored.',
      resolve: ({ detail }) => (typeof detail.runs === 'number' ? detail.runs : null),
    }),
    deletion: t.string({
      nullable: true,
      description: 'Key of their deletion, for restoreRuns.',
      resolve: ({ detail }) => text(detail.deletion),
    }),
  }),
});
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const EventEdge = builder.objectRef<{ node: EventRow; cursor: string }>('EventEdge').implement({
  description: 'An event in the list of all, and its place there.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Its place, for `after` and `before` of this list.' }),
    node: t.field({ type: Event, description: 'The event.', resolve: ({ node }) => node }),
  }),
});
type Page = ReturnType<typeof connection<EventRow>> & { readonly watchFrom: string };
const EventConnection = builder.objectRef<Page>('EventConnection').implement({
  description: 'A page of events, the newest first.',
  fields: (t) => ({
    edges: t.field({
      type: [EventEdge],
      description: 'The events with their places.',
      resolve: ({ edges }) => edges,
    }),
    nodes: t.field({
      type: [Event],
      description: 'The events.',
      resolve: ({ edges }) => edges.map(({ node }) => node),
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Whether there is more.',
      resolve: ({ pageInfo }) => pageInfo,
    }),
    watchFrom: t.exposeString('watchFrom', {
      description:
        'The subscription `activity(after:)` that begins with this sends exactly the events that this list did not have yet.',
    }),
  }),
});

builder.queryFields((t) => ({
  activity: t.field({
    type: EventConnection,
    description: 'What happened in the team, the newest first; kept for 30 days.',
    args: {
      kinds: t.arg({ type: [EventKindEnum], description: 'Only these.' }),
      member: t.arg.string({
        description: 'Only what this member did, or of whose runs and workers it is: their key.',
      }),
      mentioned: t.arg.string({ description: 'Only where a note names this member: their key.' }),
      first: t.arg.int({ description: 'How many from the newest, at most 100; 20 unless said.' }),
      after: t.arg.string({ description: 'Older than this place.' }),
      last: t.arg.int({ description: 'How many from the oldest, at most 100.' }),
      before: t.arg.string({ description: 'Newer than this place.' }),
    },
    resolve: async (_root, { kinds, member, mentioned, ...args }, { db, viewer }) => {
      const page = readPage(args);
      const { teamId } = viewer!;
      const { rows, snapshot } = await eventPage(db, {
        teamId,
        kinds: kinds ?? null,
        member: member ?? null,
        mentioned: mentioned ?? null,
        count: page.count,
        backwards: page.backwards,
        from: page.cursor ? decodePlace(page.cursor) : null,
      });
      return {
        ...connection(rows, page, ({ xid, id }) => encodePlace(xid, id)),
        watchFrom: encodeEvents(teamId, { at: Date.now(), seen: snapshot, midway: null }),
      };
    },
  }),
}));
