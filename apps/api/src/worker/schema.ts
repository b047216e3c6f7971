import { claimRuns, heartbeat, registerWorker } from '@smallbatch/db';
import { type GraphQLResolveInfo, Kind } from 'graphql';
import {
  builder,
  globalId,
  InvalidInput,
  idOf,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import type { Context } from '../context.ts';
import { Dataset } from '../dataset/schema.ts';
import { fault } from '../errors.ts';
import { Run } from '../run/schema.ts';
import { judge } from '../sweep/stopping.ts';

const WorkerState = builder.enumType('WorkerState', {
  description: 'What a worker does. LOST: not heard of for longer than a lease.',
  values: ['IDLE', 'RUNNING', 'LOST', 'STOPPED'] as const,
});

export const Worker = builder.prismaNode('Worker', {
  id: { field: 'id', description: 'Opaque.' },
  description: 'A process that claims runs, trains and reports.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name for people.' }),
    host: t.exposeString('host', { description: 'Machine.' }),
    pid: t.exposeInt('pid', { description: 'Process id there.' }),
    engine: t.exposeString('engine', { description: 'What executes its steps.' }),
    device: t.exposeString('device', { description: 'On what.' }),
    versions: t.expose('versions', { type: 'JSON', description: 'Of the engine and of what it stands on.' }),
    state: t.field({
      type: WorkerState,
      description: 'What it does.',
      select: {
        stoppedAt: true,
        lastSeenAt: true,
        runs: { where: { status: 'RUNNING' }, take: 1, select: { id: true } },
      },
      resolve: ({ stoppedAt, lastSeenAt, runs }, _args, { lease }) => {
        if (stoppedAt) return 'STOPPED' as const;
        if (Date.now() - lastSeenAt.getTime() > lease.lease * 1000) return 'LOST' as const;
        return runs.length ? ('RUNNING' as const) : ('IDLE' as const);
      },
    }),
    trainerVersion: t.exposeString('trainerVersion', { description: "The trainer's semantic version." }),
    memoryBytes: t.exposeFloat('memoryBytes', {
      description: 'Most memory that its steps may take, in bytes.',
    }),
    gpu: t.expose('gpu', {
      type: 'JSON',
      nullable: true,
      description: 'Name, UUID, utilisation and memory of its GPU at its last heartbeat; null without one.',
    }),
    samplesPerSecond: t.exposeFloat('samplesPerSecond', {
      description: 'Training samples a second, at its last heartbeat.',
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it registered.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'Its last heartbeat.' }),
    member: t.relation('member', { description: 'Who started it.' }),
    runs: t.relation('runs', {
      description: 'The runs that it trains now.',
      query: { where: { status: 'RUNNING' } },
    }),
  }),
});

builder.queryFields((t) => ({
  workers: t.prismaField({
    type: ['Worker'],
    description:
      'The workers of the team, the latest first, at most 100; those heard of in the last day unless all are asked for.',
    args: { active: t.arg.boolean({ defaultValue: true }) },
    resolve: (query, _root, { active }, { db, viewer }) =>
      db.prisma.worker.findMany({
        ...query,
        where: {
          teamId: viewer!.teamId,
          ...(active ? { stoppedAt: null, lastSeenAt: { gt: new Date(Date.now() - 86_400_000) } } : {}),
        },
        orderBy: { lastSeenAt: 'desc' },
        take: 100,
      }),
  }),
}));

const RegisterWorkerInput = builder.inputType('RegisterWorkerInput', {
  description: 'Who a worker is.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name for people.' }),
    host: t.string({ required: true, description: 'Machine.' }),
    pid: t.int({ required: true, description: 'Process id there.' }),
    engine: t.string({ required: true, description: 'What executes its steps.' }),
    device: t.string({ required: true, description: 'On what.' }),
    versions: t.field({
      type: 'JSON',
      required: true,
      description: 'Of the engine and of what it stands on.',
    }),
    trainerVersion: t.string({ required: true, description: "The trainer's semantic version." }),
    memoryBytes: t.float({ description: 'Most memory that its steps may take, in bytes.' }),
  }),
});
const BundleSizeInput = builder.inputType('BundleSizeInput', {
  description: 'How many runs side by side are good on a worker, as it has measured.',
  fields: (t) => ({
    shape: t.string({ required: true, description: "A run's `shapeKey`." }),
    dataset: t.string({ required: true, description: 'Hash of the data set.' }),
    runs: t.int({ required: true, description: 'R, from 1 to 64.' }),
  }),
});
const CheckpointInput = builder.inputType('CheckpointInput', {
  description: 'Where a worker could go on with a run.',
  fields: (t) => ({
    run: t.id({ required: true, description: 'The run.' }),
    step: t.field({ type: 'SafeInt', required: true, description: 'Steps done at its checkpoint.' }),
  }),
});
const ClaimRunsInput = builder.inputType('ClaimRunsInput', {
  description: 'What a worker can take.',
  fields: (t) => ({
    worker: t.id({ required: true, description: 'The worker.' }),
    datasets: t.stringList({ required: true, description: 'Hashes of the data sets that it has.' }),
    max: t.int({ required: true, description: 'Most runs that it trains side by side, from 1 to 64.' }),
    maxSamples: t.int({
      description: 'Most samples of one step, over all its runs; one run is always handed out.',
    }),
    memoryBytes: t.float({
      description: 'Most memory that a step may take; runs that need more are left to others.',
    }),
    sizes: t.field({
      type: [BundleSizeInput],
      description: 'Where it has measured how many runs are good side by side: these in place of maxSamples.',
    }),
    checkpoints: t.field({
      type: [CheckpointInput],
      description: 'Checkpoints that it has; a run that it is given goes on from the newest.',
    }),
    sweep: t.string({ description: 'Only runs that answer cells of this sweep.' }),
  }),
});
interface ClaimShape {
  readonly runId: string;
  /** Of a run that was just made. */
  readonly key?: string;
  readonly attempt: number;
  readonly slot: number;
  readonly startStep: number;
  readonly pointsUpTo: number;
}
/** Whether nothing but these fields is asked for: what is known already is not read again. */
const asksOnly = ({ fieldNodes }: GraphQLResolveInfo, names: readonly string[]): boolean =>
  fieldNodes.every(({ selectionSet }) =>
    selectionSet!.selections.every((one) => one.kind === Kind.FIELD && names.includes(one.name.value)),
  );
export const Claim = builder.objectRef<ClaimShape>('Claim').implement({
  description: 'A run and the attempt that fences every write to it.',
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { runId, key }, _args, { db }, info) =>
        key !== undefined && asksOnly(info, ['id', 'key'])
          ? ({ id: runId, key } as never)
          : db.prisma.run.findUniqueOrThrow({ ...query, where: { id: runId } }),
    }),
    attempt: t.exposeInt('attempt', { description: 'Number of the attempt.' }),
    slot: t.exposeInt('slot', { description: 'Its place among the runs side by side.' }),
    startStep: t.expose('startStep', {
      type: 'SafeInt',
      description: 'Where it begins; points after it are superseded.',
    }),
    pointsUpTo: t.expose('pointsUpTo', {
      type: 'SafeInt',
      description: 'Points of before are kept up to this step; those after it are to be reported again.',
    }),
  }),
});
const Bundle = builder.objectRef<Outcome<'Bundle', { claims: ClaimShape[] }>>('Bundle').implement({
  description: 'Runs that can train side by side.',
  isTypeOf: isOutcome('Bundle'),
  fields: (t) => ({
    leaseSeconds: t.float({
      description: 'How long they are kept without a heartbeat.',
      resolve: (_b, _a, { lease }) => lease.lease,
    }),
    heartbeatSeconds: t.float({
      description: 'How often to send one.',
      resolve: (_b, _a, { lease }) => lease.heartbeat,
    }),
    claims: t.field({ type: [Claim], description: 'The runs, by slot.', resolve: ({ claims }) => claims }),
  }),
});
interface NoRun {
  message: string;
  waiting: number;
  running: number;
  missing: string[];
}
const NoRunAvailable = builder.objectRef<Outcome<'NoRunAvailable', NoRun>>('NoRunAvailable').implement({
  description:
    'There is nothing that this worker could take now; counted within its sweep, if it asked for one.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'Why.' }),
    waiting: t.exposeInt('waiting', {
      description:
        'Runs that wait for another trainer, for a data set or memory that this worker lacks, or in paused sweeps.',
    }),
    running: t.exposeInt('running', { description: 'Runs that are with workers.' }),
    missingDatasets: t.prismaField({
      type: [Dataset],
      description: 'Data sets that waiting runs need and this worker lacks.',
      resolve: (query, { missing }, _args, { db }) =>
        db.prisma.dataset.findMany({ ...query, where: { id: { in: missing } } }),
    }),
    retryAfterSeconds: t.float({ description: 'When to ask again.', resolve: () => 2 }),
  }),
});
const ClaimRunsResult = builder.unionType('ClaimRunsResult', {
  description: 'What there is to train.',
  types: [Bundle, NoRunAvailable, InvalidInput, NotFound],
  resolveType,
});

async function noRun(
  { db, viewer }: Context,
  datasets: readonly string[],
  sweepId: string | undefined,
): Promise<NoRun> {
  const { rows } = await db.pool.query(
    `/* noRunAvailable */ SELECT r.status, r.held, d.id, d.hash = ANY ($2) AS present, count(*)::int AS n FROM run r JOIN dataset d ON d.id = r.dataset_id
     WHERE r.team_id = $1 AND r.status IN ('WAITING', 'RUNNING') AND r.bundle_key <> ''
       AND ($3::uuid IS NULL OR EXISTS (SELECT FROM cell WHERE cell.sweep_id = $3 AND cell.run_id = r.id))
     GROUP BY 1, 2, 3, 4`,
    [viewer!.teamId, datasets, sweepId ?? null],
  );
  const count = (fits: (row: (typeof rows)[number]) => boolean): number =>
    rows.filter(fits).reduce((sum, { n }) => sum + n, 0);
  const waiting = count(({ status }) => status === 'WAITING');
  const lacking = count(({ status, present, held }) => status === 'WAITING' && !present && !held);
  const missing = [
    ...new Set(
      rows.filter(({ status, present }) => status === 'WAITING' && !present).map(({ id }) => id as string),
    ),
  ];
  const why = lacking
    ? `${lacking} waiting runs need a data set that this worker lacks`
    : waiting
      ? `${waiting} runs wait in paused sweeps, for more memory, or for another version of the trainer`
      : 'no run is waiting';
  return { message: why, waiting, running: count(({ status }) => status === 'RUNNING'), missing };
}

const HeartbeatRun = builder.inputType('HeartbeatRun', {
  description: 'Where a run is.',
  fields: (t) => ({
    run: t.id({ required: true, description: 'The run.' }),
    attempt: t.int({ required: true, description: 'The attempt.' }),
    step: t.field({ type: 'SafeInt', required: true, description: 'Steps done.' }),
    samplesSeen: t.field({ type: 'SafeInt', required: true, description: 'Samples trained on.' }),
  }),
});
const HeartbeatInput = builder.inputType('HeartbeatInput', {
  description: 'A sign of life.',
  fields: (t) => ({
    worker: t.id({ required: true, description: 'The worker.' }),
    samplesPerSecond: t.float({ description: 'Training samples a second, over all its runs.' }),
    stopping: t.boolean({ defaultValue: false, description: 'True with its last one.' }),
    gpu: t.field({ type: 'JSON', description: 'Name, UUID, utilisation and memory of its GPU.' }),
    runs: t.field({ type: [HeartbeatRun], required: true, description: 'The runs that it trains.' }),
  }),
});
const CommandEnum = builder.enumType('Command', {
  description:
    'What to do with a run: go on, wait between two steps, end it as PRUNED (others of its sweep do better), stop (it was cancelled), or let it go (another worker has it).',
  values: ['CONTINUE', 'PAUSE', 'PRUNE', 'STOP', 'LOST'] as const,
});
interface CommandShape {
  runId: string;
  attempt: number;
  command: 'CONTINUE' | 'PAUSE' | 'PRUNE' | 'STOP' | 'LOST';
}
const RunCommand = builder.objectRef<CommandShape>('RunCommand').implement({
  description: 'What to do with one run.',
  fields: (t) => ({
    run: t.id({ description: 'The run.', resolve: ({ runId }) => globalId('Run', runId) }),
    attempt: t.exposeInt('attempt', { description: 'The attempt that was asked about.' }),
    command: t.expose('command', { type: CommandEnum, description: 'What to do.' }),
  }),
});
const HeartbeatSuccess = builder
  .objectRef<Outcome<'HeartbeatSuccess', { commands: CommandShape[] }>>('HeartbeatSuccess')
  .implement({
    description: 'The leases are renewed.',
    isTypeOf: isOutcome('HeartbeatSuccess'),
    fields: (t) => ({
      leaseSeconds: t.float({
        description: 'How long they are kept.',
        resolve: (_b, _a, { lease }) => lease.lease,
      }),
      heartbeatSeconds: t.float({
        description: 'When to send the next.',
        resolve: (_b, _a, { lease }) => lease.heartbeat,
      }),
      commands: t.field({
        type: [RunCommand],
        description: 'What to do with each run.',
        resolve: ({ commands }) => commands,
      }),
    }),
  });
const HeartbeatResult = builder.unionType('HeartbeatResult', {
  description: 'Answer to a heartbeat.',
  types: [HeartbeatSuccess, NotFound],
  resolveType,
});

builder.mutationFields((t) => ({
  registerWorker: t.prismaField({
    type: Worker,
    description: 'A worker says who it is, once at its start.',
    args: { input: t.arg({ type: RegisterWorkerInput, required: true }) },
    resolve: async (query, _root, { input }, { db, viewer }) => {
      const name = input.name.replace(/\p{Cc}/gu, ' ').slice(0, 200);
      if (name === '')
        throw fault('BAD_INPUT', 'invalid name "": give the worker one, of up to 200 characters');
      const id = await registerWorker(db, {
        ...viewer!,
        ...input,
        memoryBytes: input.memoryBytes ?? 0,
        versions: input.versions,
        name,
        host: input.host.slice(0, 200),
      });
      return db.prisma.worker.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
  claimRuns: t.field({
    type: ClaimRunsResult,
    description: 'Takes the first runs in line that can train side by side.',
    args: { input: t.arg({ type: ClaimRunsInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { db, viewer, lease, metrics } = context;
      const { teamId } = viewer!;
      const workerId = idOf('Worker', input.worker);
      const wrong = [
        { path: ['input', 'max'], value: input.max },
        ...(input.sizes ?? []).map(({ runs }, i) => ({ path: ['input', 'sizes', i, 'runs'], value: runs })),
      ].filter(({ value }) => value < 1 || value > 64);
      if (wrong.length > 0) {
        return invalidInput(
          wrong.map((one) => ({
            ...one,
            message: `invalid ${one.path.at(-1)}`,
            allowed: 'a whole number from 1 to 64',
          })),
        );
      }
      const worker = await db.prisma.worker.findFirst({ where: { id: workerId, teamId } });
      if (!worker) return notFound('unknown worker: register it first');
      let sweepId: string | undefined;
      if (input.sweep) {
        const sweep = await db.prisma.sweep.findUnique({
          where: { teamId_key: { teamId, key: input.sweep } },
          select: { id: true },
        });
        if (!sweep) return notFound(`unknown sweep "${input.sweep.slice(0, 80)}"`);
        sweepId = sweep.id;
      }
      const claims = await claimRuns(db, {
        teamId,
        workerId,
        datasets: input.datasets,
        trainerVersion: worker.trainerVersion,
        max: input.max,
        ...(input.maxSamples ? { maxSamples: input.maxSamples } : {}),
        ...(input.memoryBytes ? { memoryBytes: input.memoryBytes } : {}),
        sizes: input.sizes ?? [],
        checkpoints: (input.checkpoints ?? []).map(({ run, step }) => ({ runId: idOf('Run', run), step })),
        leaseSeconds: lease.lease,
        ...(sweepId ? { sweepId } : {}),
      });
      metrics.claims.inc(claims.length);
      if (claims.length === 0)
        return outcome('NoRunAvailable', await noRun(context, input.datasets, sweepId));
      return outcome('Bundle', { claims });
    },
  }),
  heartbeat: t.field({
    type: HeartbeatResult,
    description: 'Renews the leases of a worker and says what to do with each run.',
    args: { input: t.arg({ type: HeartbeatInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer, lease }) => {
      const runs = input.runs.map(({ run, ...rest }) => ({ ...rest, runId: idOf('Run', run) }));
      const commands = await heartbeat(db, {
        teamId: viewer!.teamId,
        workerId: idOf('Worker', input.worker),
        samplesPerSecond: input.samplesPerSecond ?? 0,
        stopping: input.stopping ?? false,
        gpu: input.gpu ?? null,
        leaseSeconds: lease.lease,
        runs,
      });
      if (!commands) return notFound('unknown worker: register it first');
      const judged = commands.filter((one) => one.command === 'CONTINUE' && one.judged);
      const pruned = judged.length
        ? await judge(
            db,
            viewer!.teamId,
            judged.map(({ runId }) => runId),
          )
        : new Set<string>();
      for (const one of judged) if (pruned.has(one.runId)) one.command = 'PRUNE';
      return outcome('HeartbeatSuccess', { commands });
    },
  }),
}));
