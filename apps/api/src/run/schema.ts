import { queryFromInfo } from '@pothos/plugin-prisma';
import {
  AttemptEnd,
  BatchNormScope,
  type BudgetUnit,
  countRuns,
  countRunsOfSweeps,
  ORDERS,
  runPage,
  sweepsOfRuns,
} from '@smallbatch/db';
import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import { builder, connection } from '../builder.ts';
import { can } from '../can.ts';
import type { Context } from '../context.ts';
import { RunMetric, RunValueEnum } from '../metric/schema.ts';
import { BudgetUnitEnum, RunFilter, RunStatusEnum } from './filter.ts';
import { checkGoals, type RunsArguments, readRuns } from './runs.ts';
import { waitsFor } from './waits-for.ts';

export const BatchNormScopeEnum = builder.enumType(BatchNormScope, {
  name: 'BatchNormScope',
  description: 'Which layers have batch norm: convolutions only, or all.',
});
export const Budget = builder
  .objectRef<{ unit: BudgetUnit; value: number; epochs: number | null }>('Budget')
  .implement({
    description: 'How long a run trains.',
    fields: (t) => ({
      unit: t.expose('unit', { type: BudgetUnitEnum, description: 'What is counted.' }),
      value: t.exposeFloat('value', {
        description: 'How many; of GOAL_ERROR the test error that ends the run.',
      }),
      epochs: t.exposeFloat('epochs', {
        nullable: true,
        description: 'Most epochs of a run with a goal error.',
      }),
    }),
  });
const AttemptEndEnum = builder.enumType(AttemptEnd, {
  name: 'AttemptEnd',
  description: 'How an attempt ended.',
});

builder.prismaObject('Attempt', {
  description: 'One try of a worker at a run.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1.' }),
    worker: t.relation('worker', { nullable: true, description: 'Who tried.' }),
    engine: t.exposeString('engine', { description: 'What executed the steps.' }),
    device: t.exposeString('device', { description: 'On what.' }),
    versions: t.expose('versions', { type: 'JSON', description: 'Of the engine and of what it stands on.' }),
    runsSideBySide: t.exposeInt('runsSideBySide', {
      description: 'R: runs that shared its steps, at its start.',
    }),
    slot: t.exposeInt('slot', { description: 'Its place among them.' }),
    startStep: t.expose('startStep', { type: 'SafeInt', description: 'Where it began.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    end: t.expose('end', { type: AttemptEndEnum, nullable: true, description: 'How it ended.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why, if it did not simply end.' }),
  }),
});

/** Cells of locked sweeps that a run answers. */
const LOCKING = {
  where: { sweep: { locked: true } },
  orderBy: { sweep: { key: 'asc' } },
  take: 10,
  select: { sweep: { select: { key: true } } },
} as const;

export const Run = builder.prismaNode('Run', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'One training with fixed parameters and one seed.',
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'For people: the sweep that created it, and its position there.',
    }),
    status: t.expose('status', { type: RunStatusEnum, description: 'Where it stands.' }),
    diverged: t.exposeBoolean('diverged', {
      description: 'Whether its loss left all bounds: a result, not a failure.',
    }),
    divergedStep: t.expose('divergedStep', {
      type: 'SafeInt',
      nullable: true,
      description: 'The step at which it diverged.',
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it failed or was cancelled.' }),
    dataset: t.relation('dataset', { description: 'What it trains on.' }),
    model: t.exposeString('model', { description: 'What it trains.' }),
    width: t.exposeInt('width', { description: 'Channels of the first stage.' }),
    batchSize: t.exposeInt('batchSize', { description: 'm.' }),
    batchSchedule: t.expose('batchSchedule', {
      type: 'JSON',
      nullable: true,
      description: 'How m changes during the run.',
    }),
    baseLearningRate: t.exposeFloat('baseLearningRate', {
      description: 'η̃ = η / m (Masters & Luschi 2018, section 2).',
    }),
    learningRate: t.float({
      description: 'η = η̃·m, before warm-up and schedule.',
      select: { baseLearningRate: true, batchSize: true },
      resolve: ({ baseLearningRate, batchSize }) => baseLearningRate * batchSize,
    }),
    schedule: t.field({
      type: 'JSON',
      description: 'How η falls.',
      select: { schedule: true },
      resolve: ({ schedule }) => JSON.parse(schedule),
    }),
    warmUp: t.exposeBoolean('warmUp', { description: 'From η/32 over the first 5 %.' }),
    momentum: t.exposeFloat('momentum', { description: 'μ.' }),
    nesterov: t.exposeBoolean('nesterov', { description: "Nesterov's look-ahead." }),
    weightDecay: t.exposeFloat('weightDecay', { description: 'λ: w ← w − η·(g + λ·w).' }),
    batchNorm: t.exposeBoolean('batchNorm', { description: 'Batch norm (BN).' }),
    batchNormScope: t.expose('batchNormScope', {
      type: BatchNormScopeEnum,
      nullable: true,
      description: 'Where; null where it cannot differ.',
    }),
    bnBatch: t.exposeInt('bnBatch', {
      nullable: true,
      description: 'Samples that BN statistics are over; null: the whole batch.',
    }),
    augmentation: t.exposeBoolean('augmentation', { description: 'Pad 4, random crop, random flip.' }),
    budget: t.field({
      type: Budget,
      description: 'How long it trains.',
      select: { budgetUnit: true, budgetValue: true, budgetEpochs: true },
      resolve: ({ budgetUnit, budgetValue, budgetEpochs }) => ({
        unit: budgetUnit,
        value: budgetValue,
        epochs: budgetEpochs,
      }),
    }),
    evaluateEvery: t.exposeInt('evaluateEvery', { description: 'Epochs between evaluations.' }),
    measures: t.stringList({
      description: 'What is measured beside loss and accuracy; not part of the configuration.',
      select: { measures: true },
      resolve: ({ measures }) => (measures ? measures.split(',') : []),
    }),
    memoryBytes: t.exposeFloat('memoryBytes', { description: 'Least memory that its steps need, in bytes.' }),
    waitsFor: t.string({
      nullable: true,
      description:
        'While it waits: why no worker that is up can take it (a data set, memory, a trainer version), or null where one can.',
      select: {
        status: true,
        held: true,
        memoryBytes: true,
        trainerVersion: true,
        dataset: { select: { name: true, hash: true } },
      },
      resolve: async (run, _args, context) =>
        run.status === 'WAITING' && !run.held ? waitsFor(run, await context.workersUp()) : null,
    }),
    seed: t.expose('seed', { type: 'SafeInt', description: 'Of its random numbers.' }),
    hyper: t.expose('hyper', { type: 'JSON', description: 'Free parameters of the configuration.' }),
    info: t.expose('info', {
      type: 'JSON',
      description: 'Free parameters beside it; setRunInfo changes them.',
    }),
    tags: t.exposeStringList('tags', {
      description: 'Words that people put on it, in the order of their letters; tagRuns changes them.',
    }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'What people wrote about it; noteRun changes it.',
    }),
    locked: t.boolean({
      description:
        'Whether it is not to be deleted: it is locked itself (lockRuns), or as a run of a locked sweep.',
      select: { locked: true, cells: LOCKING },
      resolve: ({ locked, cells }) => locked || cells.length > 0,
    }),
    lockedBySweeps: t.stringList({
      description: 'Keys of locked sweeps that it answers a cell of, at most 10.',
      select: { cells: LOCKING },
      resolve: ({ cells }) => cells.map(({ sweep }) => sweep.key),
    }),
    configurationHash: t.exposeString('configurationHash', { description: 'SHA-256 of the configuration.' }),
    shapeKey: t.exposeString('shapeKey', {
      description: 'What shapes the program of its steps, and so their speed.',
    }),
    settingHash: t.exposeString('settingHash', { description: 'The same without the seed.' }),
    trainerVersion: t.exposeString('trainerVersion', { description: "The trainer's semantic version." }),
    duplicate: t.exposeBoolean('duplicate', { description: 'Trained again on purpose.' }),
    member: t.relation('member', { description: 'Whose it is.' }),
    mayChange: t.boolean({
      description: 'Whether who asks may change it: delete, lock, retry, tag and note it.',
      select: { memberId: true },
      resolve: ({ memberId }, _a, { viewer }) => can(viewer, 'change', { memberId }),
    }),
    sweep: t.relation('sweep', { nullable: true, description: 'The sweep that created it.' }),
    sweeps: t.prismaField({
      type: ['Sweep'],
      description: 'All sweeps that it answers a cell of, the oldest first, at most 100.',
      resolve: (query, { id }, _args, { db, ...context }, info) =>
        loaderAt(context, info, async (runIds) => {
          const ids = await sweepsOfRuns(db, runIds, 100);
          const all = [...new Set([...ids.values()].flat())];
          const sweeps = await db.prisma.sweep.findMany({ ...query, where: { id: { in: all } } });
          const byId = new Map(sweeps.map((sweep) => [sweep.id, sweep]));
          return runIds.map((run) => (ids.get(run) ?? []).flatMap((sweep) => byId.get(sweep) ?? []));
        }).load(id),
    }),
    engine: t.exposeString('engine', { nullable: true, description: 'What executed its steps last.' }),
    attempt: t.exposeInt('attempt', { description: 'Number of its latest attempt; 0 before the first.' }),
    attempts: t.relation('attempts', { description: 'Every try.', query: { orderBy: { number: 'asc' } } }),
    worker: t.relation('worker', { nullable: true, description: 'Who trains it, or did last.' }),
    step: t.expose('step', { type: 'SafeInt', description: 'Steps done, at the last heartbeat.' }),
    plannedSteps: t.expose('plannedSteps', { type: 'SafeInt', description: 'Steps of the whole training.' }),
    samplesSeen: t.expose('samplesSeen', {
      type: 'SafeInt',
      description: 'Samples trained on, at the last heartbeat.',
    }),
    deviceSeconds: t.exposeFloat('deviceSeconds', {
      description: "Its share of its bundles' device time, in seconds.",
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its first attempt began.',
    }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    metrics: t.field({
      type: [RunMetric],
      description: 'Summaries of its metrics; points are in `curves`.',
      args: { names: t.arg.stringList({ description: 'Only these.' }) },
      select: { id: true },
      resolve: ({ id }, { names }, context) => context.runMetrics(names ?? null).load(id),
    }),
  }),
});

const fields = Object.keys(ORDERS).filter((field) => field !== 'QUEUE');
const RunOrderField = builder.enumType('RunOrderField', {
  description:
    'What runs are ordered by. Texts by code point; DATASET, MEMBER and SWEEP (the one that created it) by their names.',
  values: fields,
});
const Direction = builder.enumType('Direction', {
  description: 'Upwards or downwards; absent values come last either way.',
  values: ['ASC', 'DESC'] as const,
});
const MetricOrder = builder.inputType('MetricOrder', {
  description: "A run's value of a metric; NaN counts as absent, ±∞ lie beyond all numbers.",
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the metric.' }),
    value: t.field({
      type: RunValueEnum,
      required: true,
      description: 'Which value of the run; BEST only of a metric with a goal.',
    }),
  }),
});
const RunOrder = builder.inputType('RunOrder', {
  description:
    'One thing that runs are ordered by: exactly one of field, metric and param. Ties go on to the next, and at last to the id.',
  fields: (t) => ({
    field: t.field({ type: RunOrderField, description: 'A field.' }),
    metric: t.field({ type: MetricOrder, description: 'A value of a metric.' }),
    param: t.string({
      description:
        'A free parameter by its name, `hyper` before `info`: upwards numbers, then texts, then false and true.',
    }),
    direction: t.field({ type: Direction, defaultValue: 'ASC', description: 'Which way.' }),
  }),
});

type RunShape = typeof Run.$inferType;
interface Connection {
  readonly args: RunsArguments;
  readonly edges: { node: RunShape; cursor: string }[];
  readonly pageInfo: ReturnType<typeof connection>['pageInfo'];
  readonly count: () => Promise<number>;
}
const RunEdge = builder.objectRef<Connection['edges'][number]>('RunEdge').implement({
  description: 'A run in a list, and its place there.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Its place, for `after` and `before`.' }),
    node: t.field({ type: Run, description: 'The run.', resolve: ({ node }) => node }),
  }),
});
export const RunConnection = builder.objectRef<Connection>('RunConnection').implement({
  description: 'A page of runs.',
  fields: (t) => ({
    edges: t.field({
      type: [RunEdge],
      description: 'The runs with their places.',
      resolve: ({ edges }) => edges,
    }),
    nodes: t.field({
      type: [Run],
      description: 'The runs.',
      resolve: ({ edges }) => edges.map(({ node }) => node),
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Whether there is more.',
      resolve: ({ pageInfo }) => pageInfo,
    }),
    totalCount: t.int({
      description: 'All runs of the list; counted only when asked for.',
      resolve: ({ count }) => count(),
    }),
  }),
});

/** What is asked of the runs of a page, made known to the fields below it as loaded. */
const planned = (context: Context, info: GraphQLResolveInfo) =>
  queryFromInfo({ context, info, typeName: 'Run', paths: [['nodes'], ['edges', 'node']] });

/** The edges of what was chosen and is still there: something may have been deleted between choosing and loading. */
export const present = <T>(
  edges: readonly { node: { id: string }; cursor: string }[],
  loaded: ReadonlyMap<string, T>,
): { node: T; cursor: string }[] =>
  edges.flatMap(({ node, cursor }) => {
    const thing = loaded.get(node.id);
    return thing ? [{ node: thing, cursor }] : [];
  });

/** Loads what was asked of the runs that a page chose, in the order of the page. */
async function load(
  context: Context,
  query: ReturnType<typeof planned>,
  ids: readonly string[],
): Promise<Map<string, RunShape>> {
  const runs = await context.db.prisma.run.findMany({ ...query, where: { id: { in: [...new Set(ids)] } } });
  return new Map(runs.map((run) => [run.id, run]));
}

/** Where in a document a field stands, without the places in lists: one loader serves all things that stand there. */
function placeIn({ path }: GraphQLResolveInfo): string {
  const names: (string | number)[] = [];
  for (let at: GraphQLResolveInfo['path'] | undefined = path; at; at = at.prev)
    if (typeof at.key === 'string') names.push(at.key);
  return names.join(' ');
}
export function loaderAt<Value>(
  { loaders }: Pick<Context, 'loaders'>,
  info: GraphQLResolveInfo,
  load: (ids: readonly string[]) => Promise<readonly Value[]>,
): DataLoader<string, Value> {
  const key = placeIn(info);
  const loader =
    (loaders.get(key) as DataLoader<string, Value> | undefined) ?? new DataLoader(load, { cache: false });
  loaders.set(key, loader);
  return loader;
}

/** A page of runs of a sweep; pages of many sweeps in one list are chosen by one statement and loaded by one. */
export async function runsOfSweep(
  sweepId: string,
  args: RunsArguments,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<Connection> {
  const { teamId } = context.viewer!;
  const { query, page, cursorOf } = readRuns(args, teamId, { field: 'QUEUE', direction: 'ASC' });
  // For every list, although one statement loads them all: what is known as loaded is known by place.
  const asked = planned(context, info);
  // The arguments are the same for all lists of one place.
  return loaderAt(context, info, async (sweepIds) => {
    await checkGoals(context, [query.where], query.order);
    const rows = await runPage(context.db, { ...query, sweepIds });
    const runs = await load(
      context,
      asked,
      rows.map(({ id }) => id),
    );
    const counts = new DataLoader<string, number>(
      async (ids) => {
        const found = await countRunsOfSweeps(context.db, teamId, ids, query.where);
        return ids.map((id) => found.get(id) ?? 0);
      },
      { cache: false },
    );
    return sweepIds.map((id) => {
      const mine = connection(
        rows.filter((row) => row.sweepId === id),
        page,
        cursorOf,
      );
      const edges = present(mine.edges, runs);
      return { ...mine, args, edges, count: () => counts.load(id) };
    });
  }).load(sweepId);
}

builder.queryFields((t) => ({
  run: t.prismaField({
    type: Run,
    nullable: true,
    description: 'The run of a key; null when the team has none.',
    args: { key: t.arg.string({ required: true }) },
    resolve: (query, _root, { key }, { db, viewer }) =>
      key.includes('\0')
        ? null
        : db.prisma.run.findUnique({ ...query, where: { teamId_key: { teamId: viewer!.teamId, key } } }),
  }),
  runs: t.field({
    type: RunConnection,
    description: 'Runs that match, the newest first unless an order is given.',
    args: {
      where: t.arg({ type: RunFilter, description: 'Which.' }),
      orderBy: t.arg({ type: [RunOrder], description: 'In which order.' }),
      first: t.arg.int({ description: 'How many from the front, at most 100; 20 unless said.' }),
      after: t.arg.string({ description: 'After this cursor.' }),
      last: t.arg.int({ description: 'How many from the back, at most 100.' }),
      before: t.arg.string({ description: 'Before this cursor.' }),
      skip: t.arg.int({
        description: 'How many to leave out before the page: for a far place in a long list.',
      }),
    },
    resolve: async (_root, args, context, info) => {
      const { teamId } = context.viewer!;
      const { query, page, cursorOf } = readRuns(args as RunsArguments, teamId, {
        field: 'CREATED_AT',
        direction: 'DESC',
      });
      await checkGoals(context, [query.where], query.order);
      const rows = await runPage(context.db, query);
      const mine = connection(rows, page, cursorOf);
      const runs = await load(
        context,
        planned(context, info),
        mine.edges.map(({ node }) => node.id),
      );
      const edges = present(mine.edges, runs);
      return {
        ...mine,
        args: args as RunsArguments,
        edges,
        count: () => countRuns(context.db, teamId, query.where),
      };
    },
  }),
}));

export { RunOrder };
