import { queryFromInfo } from '@pothos/plugin-prisma';
import {
  acting,
  changeSweep,
  countSweeps,
  SWEEP_STATUSES,
  type SweepChange,
  type SweepFilter as SweepCondition,
  type SweepState,
  sweepPage,
} from '@smallbatch/db';
import {
  builder,
  connection,
  decodeCursor,
  encodeCursor,
  InvalidInput,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  readPage,
  resolveType,
} from '../builder.ts';
import { can } from '../can.ts';
import type { Context } from '../context.ts';
import { fault } from '../errors.ts';
import { NotYours, notYours } from '../not-yours.ts';
import { DateTimeFilter, RunFilter, StringFilter, TagFilter } from '../run/filter.ts';
import { type RunsArguments, readSweepFilter } from '../run/runs.ts';
import { present, RunConnection, RunOrder, runsOfSweep } from '../run/schema.ts';
import { create } from './create.ts';

const SweepStatus = builder.enumType('SweepStatus', {
  description: 'Where a sweep stands. DONE: none of its runs waits or runs.',
  values: SWEEP_STATUSES,
});

const COUNTS = {
  total: 'Cells.',
  waiting: 'Waiting.',
  running: 'Running.',
  done: 'Done.',
  pruned: 'Pruned.',
  failed: 'Failed.',
  cancelled: 'Cancelled.',
  diverged: 'Of the done, diverged.',
  reused: 'Answered by a run that this sweep did not create.',
};
const RunCounts = builder.objectRef<SweepState>('RunCounts').implement({
  description: "A sweep's cells by the status of their runs.",
  fields: (t) =>
    Object.fromEntries(
      Object.entries(COUNTS).map(([name, description]) => [
        name,
        t.exposeInt(name as 'total', { description }),
      ]),
    ),
});
const SweepProgress = builder.objectRef<SweepState>('SweepProgress').implement({
  description: 'How far a sweep is.',
  fields: (t) => ({
    done: t.int({
      description: 'Cells that need no more training.',
      resolve: ({ total, waiting, running }) => total - waiting - running,
    }),
    total: t.exposeInt('total', { description: 'Cells.' }),
    samplesDone: t.exposeFloat('samplesDone', { description: 'Samples trained on.' }),
    samplesTotal: t.exposeFloat('samplesTotal', { description: 'Samples of all cells.' }),
    samplesPerSecond: t.exposeFloat('samplesPerSecond', {
      description: 'Of the workers that train its runs now.',
    }),
    secondsLeft: t.float({
      nullable: true,
      description: 'At that rate; null while nobody trains.',
      resolve: ({ samplesTotal, samplesDone, samplesPerSecond }) =>
        samplesPerSecond > 0 ? (samplesTotal - samplesDone) / samplesPerSecond : null,
    }),
    workers: t.exposeInt('workers', { description: 'Workers that train its runs now.' }),
  }),
});

const statusOf = (intent: string, state: SweepState) => {
  if (intent === 'CANCELLED') return 'CANCELLED' as const;
  if (state.waiting + state.running === 0) return 'DONE' as const;
  if (intent === 'PAUSED') return 'PAUSED' as const;
  return state.running > 0 || state.waiting < state.total - state.reused
    ? ('RUNNING' as const)
    : ('WAITING' as const);
};

export const Sweep = builder.prismaNode('Sweep', {
  id: { field: 'id', description: 'Opaque.' },
  description:
    'A search space over data sets. Creating it writes down all its cells, each answered by a run.',
  select: { id: true, intent: true },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'For people.' }),
    name: t.exposeString('name', { description: 'As in the file.' }),
    status: t.field({
      type: SweepStatus,
      description: 'Where it stands.',
      resolve: async ({ id, intent }, _a, { sweepState }) => statusOf(intent, await sweepState.load(id)),
    }),
    definition: t.expose('definition', {
      type: 'JSON',
      description: 'The sweep file that it was made of; seeds that came later are `addedSeeds`.',
    }),
    addedSeeds: t.field({
      type: ['SafeInt'],
      description: 'Seeds that addSeeds has added to each of its settings, beside those of its definition.',
      select: { addedSeeds: true },
      resolve: ({ addedSeeds }) => addedSeeds,
    }),
    locked: t.exposeBoolean('locked', {
      description: 'Whether no run that answers a cell of it is deleted; lockSweep changes it.',
    }),
    deviceSeconds: t.float({
      description:
        'What the runs that it created have cost so far, in seconds of devices; reused runs were paid for elsewhere.',
      resolve: async ({ id }, _a, { sweepState }) => (await sweepState.load(id)).deviceSeconds,
    }),
    strategy: t.exposeString('strategy', { description: 'How cells are chosen.' }),
    order: t.exposeString('order', { description: 'In which order they are trained.' }),
    reuse: t.exposeBoolean('reuse', {
      description: 'Whether runs of the team that answer a cell were taken.',
    }),
    member: t.relation('member', { description: 'Who made it.' }),
    mayChange: t.boolean({
      description:
        'Whether who asks may change it: pause, cancel, retry, lock, tag and note it, and add seeds.',
      select: { memberId: true },
      resolve: ({ memberId }, _a, { viewer }) => can(viewer, 'change', { memberId }),
    }),
    tags: t.exposeStringList('tags', {
      description: 'Words that people put on it, in the order of their letters; tagSweep changes them.',
    }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'What people wrote about it; noteSweep changes it.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    startedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the first of its runs began.',
      resolve: async ({ id }, _a, { sweepState }) => (await sweepState.load(id)).startedAt,
    }),
    endedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the last of its runs ended.',
      resolve: async ({ id }, _a, { sweepState }) => (await sweepState.load(id)).endedAt,
    }),
    counts: t.field({
      type: RunCounts,
      description: 'Its cells by status.',
      resolve: ({ id }, _a, { sweepState }) => sweepState.load(id),
    }),
    progress: t.field({
      type: SweepProgress,
      description: 'How far it is.',
      resolve: ({ id }, _a, { sweepState }) => sweepState.load(id),
    }),
    runs: t.field({
      type: RunConnection,
      description: 'The runs that answer its cells, in the order of training unless another is given.',
      args: {
        where: t.arg({ type: RunFilter, description: 'Which.' }),
        orderBy: t.arg({ type: [RunOrder], description: 'In which order.' }),
        first: t.arg.int({ description: 'How many from the front, at most 100; 20 unless said.' }),
        after: t.arg.string({ description: 'After this cursor.' }),
        last: t.arg.int({ description: 'How many from the back, at most 100.' }),
        before: t.arg.string({ description: 'Before this cursor.' }),
      },
      resolve: ({ id }, args, context, info) => runsOfSweep(id, args as RunsArguments, context, info),
    }),
  }),
});

const SweepFilter = builder.inputType('SweepFilter', {
  description: 'Which sweeps. The fields hold together; one given as null is as if it were not given.',
  fields: (t) => ({
    key: t.field({ type: StringFilter, description: 'Key.' }),
    name: t.field({ type: StringFilter, description: 'Name.' }),
    note: t.field({ type: StringFilter, description: 'Note.' }),
    member: t.field({ type: StringFilter, description: 'Key of the member who made it.' }),
    status: t.field({ type: [SweepStatus], description: 'One of these.' }),
    tags: t.field({ type: TagFilter, description: 'Its tags.' }),
    search: t.string({
      description:
        'Every word of this occurs in its key, its name, its tags or its note; case does not matter.',
    }),
    createdAt: t.field({ type: DateTimeFilter, description: 'When it was made.' }),
  }),
});

type SweepShape = typeof Sweep.$inferType;
interface Connection {
  edges: { node: SweepShape; cursor: string }[];
  pageInfo: ReturnType<typeof connection>['pageInfo'];
  count: () => Promise<number>;
}
const SweepEdge = builder.objectRef<Connection['edges'][number]>('SweepEdge').implement({
  description: 'A sweep in a list, and its place there.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Its place, for `after` and `before`.' }),
    node: t.field({ type: Sweep, description: 'The sweep.', resolve: ({ node }) => node }),
  }),
});
const SweepConnection = builder.objectRef<Connection>('SweepConnection').implement({
  description: 'A page of sweeps.',
  fields: (t) => ({
    edges: t.field({
      type: [SweepEdge],
      description: 'The sweeps with their places.',
      resolve: ({ edges }) => edges,
    }),
    nodes: t.field({
      type: [Sweep],
      description: 'The sweeps.',
      resolve: ({ edges }) => edges.map(({ node }) => node),
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Whether there is more.',
      resolve: ({ pageInfo }) => pageInfo,
    }),
    totalCount: t.int({
      description: 'All sweeps of the list; counted only when asked for.',
      resolve: ({ count }) => count(),
    }),
  }),
});

builder.queryFields((t) => ({
  sweep: t.prismaField({
    type: Sweep,
    nullable: true,
    description: 'The sweep of a key; null when the team has none.',
    args: { key: t.arg.string({ required: true }) },
    resolve: (query, _root, { key }, { db, viewer }) =>
      key.includes('\0')
        ? null
        : db.prisma.sweep.findUnique({ ...query, where: { teamId_key: { teamId: viewer!.teamId, key } } }),
  }),
  sweeps: t.field({
    type: SweepConnection,
    description: 'Sweeps that match, the newest first.',
    args: {
      where: t.arg({ type: SweepFilter, description: 'Which.' }),
      first: t.arg.int({ description: 'How many from the front, at most 100; 20 unless said.' }),
      after: t.arg.string({ description: 'After this cursor.' }),
      last: t.arg.int({ description: 'How many from the back, at most 100.' }),
      before: t.arg.string({ description: 'Before this cursor.' }),
    },
    resolve: async (_root, { where: given, ...args }, context, info) => {
      const { db, viewer } = context;
      const page = readPage(args);
      const where = readSweepFilter(given) as SweepCondition | undefined;
      const chosen = await sweepPage(db, {
        teamId: viewer!.teamId,
        where,
        count: page.count,
        backwards: page.backwards,
        from: page.cursor ? numberOf(page.cursor) : undefined,
      });
      const query = queryFromInfo({
        context,
        info,
        typeName: 'Sweep',
        paths: [['nodes'], ['edges', 'node']],
        select: { id: true, intent: true },
      });
      const sweeps = await db.prisma.sweep.findMany({
        ...query,
        where: { id: { in: chosen.map(({ id }) => id) } },
      });
      const byId = new Map(sweeps.map((sweep) => [sweep.id, sweep]));
      const mine = connection(chosen, page, ({ number, id }) => encodeCursor([String(number), id]));
      const edges = present(mine.edges, byId);
      return { ...mine, edges, count: () => countSweeps(db, viewer!.teamId, where) };
    },
  }),
}));

function numberOf(cursor: string): number {
  const [number] = decodeCursor(cursor, 2);
  if (!/^\d{1,10}$/.test(String(number)))
    throw fault('BAD_CURSOR', `invalid cursor "${cursor.slice(0, 60)}": use one that this list returned`);
  return Number(number);
}

const CreateSweepSuccess = builder
  .objectRef<Outcome<'CreateSweepSuccess', { sweepId: string; created: number; reused: number }>>(
    'CreateSweepSuccess',
  )
  .implement({
    description: 'The sweep is written down.',
    isTypeOf: isOutcome('CreateSweepSuccess'),
    fields: (t) => ({
      sweep: t.prismaField({
        type: Sweep,
        description: 'The sweep.',
        resolve: (query, { sweepId }, _a, { db }) =>
          db.prisma.sweep.findUniqueOrThrow({ ...query, where: { id: sweepId } }),
      }),
      created: t.exposeInt('created', { description: 'Cells answered by a new run.' }),
      reused: t.exposeInt('reused', { description: 'Cells answered by a run of the team that was there.' }),
    }),
  });
const CreateSweepResult = builder.unionType('CreateSweepResult', {
  description: 'What became of creating a sweep.',
  types: [CreateSweepSuccess, InvalidInput],
  resolveType,
});
const SweepChanged = builder
  .objectRef<Outcome<'SweepChanged', { sweepId: string; runs: number }>>('SweepChanged')
  .implement({
    description: 'The sweep has changed.',
    isTypeOf: isOutcome('SweepChanged'),
    fields: (t) => ({
      sweep: t.prismaField({
        type: Sweep,
        description: 'The sweep.',
        resolve: (query, { sweepId }, _a, { db }) =>
          db.prisma.sweep.findUniqueOrThrow({ ...query, where: { id: sweepId } }),
      }),
      runs: t.exposeInt('runs', { description: 'Runs that changed with it.' }),
    }),
  });
export const SweepEnded = builder
  .objectRef<Outcome<'SweepEnded', { message: string }>>('SweepEnded')
  .implement({
    description: 'The sweep was cancelled: only a retry changes it.',
    isTypeOf: isOutcome('SweepEnded'),
    fields: (t) => ({ message: t.exposeString('message', { description: 'What to do.' }) }),
  });
export const sweepEnded = (key: string) =>
  outcome('SweepEnded', {
    message: `sweep "${key}" was cancelled; retrySweep puts its runs back into the queue`,
  });
const ChangeSweepResult = builder.unionType('ChangeSweepResult', {
  description: 'What became of changing a sweep.',
  types: [SweepChanged, SweepEnded, NotYours, NotFound],
  resolveType,
});

async function change(key: string, how: SweepChange, { db, viewer }: Context) {
  const sweep = key.includes('\0')
    ? null
    : await db.prisma.sweep.findUnique({
        where: { teamId_key: { teamId: viewer!.teamId, key } },
        select: { id: true, memberId: true, member: { select: { key: true } } },
      });
  if (!sweep) return notFound(`unknown sweep "${key.slice(0, 80)}"`);
  if (!can(viewer, 'change', sweep)) return notYours('sweep', key, sweep.member.key);
  const by = { memberId: viewer!.memberId, doing: how };
  const runs = await changeSweep(acting(db, by), sweep.id, how);
  if (runs === undefined) return sweepEnded(key);
  db.changed(viewer!.teamId, '*', true);
  return outcome('SweepChanged', { sweepId: sweep.id, runs });
}

builder.mutationFields((t) => {
  const changing = (how: SweepChange, description: string) =>
    t.field({
      type: ChangeSweepResult,
      description,
      args: { key: t.arg.string({ required: true }) },
      resolve: (_root, { key }, context) => change(key, how, context),
    });
  return {
    createSweep: t.field({
      type: CreateSweepResult,
      description:
        "Writes a sweep down: all its cells at once. `definition` is a sweep file's content; its JSON Schema is serverInfo.sweepSchema.",
      args: { definition: t.arg({ type: 'JSON', required: true }) },
      resolve: async (_root, { definition }, { db, viewer }) => {
        const made = await create(db, viewer!, definition);
        if ('problems' in made) return invalidInput(made.problems);
        db.changed(viewer!.teamId, [made.sweepId], true);
        return outcome('CreateSweepSuccess', made);
      },
    }),
    pauseSweep: changing(
      'pause',
      'Its waiting runs are not handed out, its running ones wait between two steps.',
    ),
    resumeSweep: changing('resume', 'Goes on.'),
    cancelSweep: changing(
      'cancel',
      'Ends its waiting and running runs, but spares those that another sweep wants.',
    ),
    retrySweep: changing('retry', 'Puts its failed and cancelled runs back into the queue.'),
  };
});
