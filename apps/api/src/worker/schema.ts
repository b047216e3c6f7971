import {
  type Accepted,
  claimRuns,
  finishRuns,
  heartbeat,
  registerWorker,
  reportMetrics,
} from '@smallbatch/db';
import {
  builder,
  globalId,
  InvalidInput,
  type InvalidInputShape,
  idOf,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  type ProblemShape,
  resolveType,
} from '../builder.ts';
import type { Context } from '../context.ts';
import { Dataset } from '../dataset/schema.ts';
import { GoalEnum, metricNameProblem, NonFinite } from '../metric/schema.ts';
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
  readonly attempt: number;
  readonly slot: number;
  readonly startStep: number;
  readonly pointsUpTo: number;
}
export const Claim = builder.objectRef<ClaimShape>('Claim').implement({
  description: 'A run and the attempt that fences every write to it.',
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { runId }, _args, { db }) =>
        db.prisma.run.findUniqueOrThrow({ ...query, where: { id: runId } }),
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

const NonFinitePointInput = builder.inputType('NonFinitePointInput', {
  description: 'A value that JSON has no word for.',
  fields: (t) => ({
    index: t.int({ required: true, description: 'Its place in `values`.' }),
    kind: t.field({ type: NonFinite, required: true, description: 'What it is.' }),
  }),
});
const SeriesInput = builder.inputType('SeriesInput', {
  description:
    'Points of one metric as columns, all of one length. A null in `values` needs its entry in `nonFinite`.',
  fields: (t) => ({
    metric: t.string({ required: true, description: 'Name of the metric.' }),
    goal: t.field({
      type: GoalEnum,
      description: 'Its goal, if it is new: otherwise guessed from its name (…accuracy, …loss).',
    }),
    steps: t.field({ type: ['SafeInt'], required: true, description: 'Steps done.' }),
    epochs: t.floatList({ description: 'Epochs done.' }),
    samplesSeen: t.field({ type: ['SafeInt'], description: 'Samples trained on.' }),
    wallTimes: t.floatList({ description: 'Seconds since the run began.' }),
    values: t.field({ type: ['Float'], required: { list: true, items: false }, description: 'The values.' }),
    nonFinite: t.field({ type: [NonFinitePointInput], description: 'What the nulls are.' }),
  }),
});
const ReportInput = builder.inputType('ReportInput', {
  description: 'One batch of one attempt. Sequence numbers begin at 1 and rise by one.',
  fields: (t) => ({
    run: t.id({ required: true, description: 'The run.' }),
    attempt: t.int({ required: true, description: 'The attempt.' }),
    sequence: t.int({
      required: true,
      description: 'Number of this batch; a repeated one is acknowledged and changes nothing.',
    }),
    series: t.field({ type: [SeriesInput], required: true, description: 'The points.' }),
  }),
});
const ReportMetricsInput = builder.inputType('ReportMetricsInput', {
  description: 'Batches of points, at most one a run.',
  fields: (t) => ({ reports: t.field({ type: [ReportInput], required: true, description: 'The batches.' }) }),
});
const ReportAccepted = builder
  .objectRef<Outcome<'ReportAccepted', { runId: string; sequence: number; duplicate: boolean }>>(
    'ReportAccepted',
  )
  .implement({
    description: 'The batch is durable.',
    isTypeOf: isOutcome('ReportAccepted'),
    fields: (t) => ({
      run: t.id({ description: 'The run.', resolve: ({ runId }) => globalId('Run', runId) }),
      sequence: t.exposeInt('sequence', { description: 'Number of the batch.' }),
      duplicate: t.exposeBoolean('duplicate', { description: 'True when it was there before.' }),
    }),
  });
const LeaseLost = builder
  .objectRef<Outcome<'LeaseLost', { runId: string; attempt: number; currentAttempt: number }>>('LeaseLost')
  .implement({
    description: 'The attempt is not the current one any more, or the run has ended: nothing was written.',
    fields: (t) => ({
      run: t.id({ description: 'The run.', resolve: ({ runId }) => globalId('Run', runId) }),
      message: t.string({
        description: 'What happened.',
        resolve: ({ attempt, currentAttempt }) =>
          attempt === currentAttempt
            ? `attempt ${attempt} has ended`
            : `attempt ${attempt} was taken over by attempt ${currentAttempt}`,
      }),
      attempt: t.exposeInt('attempt', { description: 'The attempt that wrote.' }),
      currentAttempt: t.exposeInt('currentAttempt', { description: "The run's latest attempt." }),
    }),
  });
const SequenceGap = builder
  .objectRef<Outcome<'SequenceGap', { runId: string; expected: number }>>('SequenceGap')
  .implement({
    description: 'A batch before this one is missing: send it first.',
    fields: (t) => ({
      run: t.id({ description: 'The run.', resolve: ({ runId }) => globalId('Run', runId) }),
      message: t.string({
        description: 'What is missing.',
        resolve: ({ expected }) => `missing batch ${expected}: send it first`,
      }),
      expected: t.exposeInt('expected', { description: 'Number of the next batch.' }),
    }),
  });
const ReportResult = builder.unionType('ReportResult', {
  description: 'What became of one batch.',
  types: [ReportAccepted, LeaseLost, SequenceGap, InvalidInput, NotFound],
  resolveType,
});
const ReportMetricsPayload = builder.simpleObject('ReportMetricsPayload', {
  description: 'What became of the batches.',
  fields: (t) => ({ results: t.field({ type: [ReportResult], description: 'In their order.' }) }),
});

type SeriesShape = typeof SeriesInput.$inferInput;
const NUMBERS = {
  NAN: Number.NaN,
  POSITIVE_INFINITY: Number.POSITIVE_INFINITY,
  NEGATIVE_INFINITY: Number.NEGATIVE_INFINITY,
};
const MAX_STEP = 2 ** 53;

function readSeries(series: readonly SeriesShape[], path: (string | number)[], problems: ProblemShape[]) {
  return series.map((one, i) => {
    const at = [...path, 'series', i];
    const bad = (field: string, value: unknown, message: string, allowed: string) =>
      problems.push({ path: [...at, field], value, message, allowed });
    const named = metricNameProblem(one.metric, [...at, 'metric']);
    if (named) problems.push(named);
    if (one.steps.length === 0) bad('steps', [], 'invalid steps: no points', 'at least one point');
    for (const field of ['values', 'epochs', 'samplesSeen', 'wallTimes'] as const) {
      const column = one[field];
      if (column && column.length !== one.steps.length) {
        bad(
          field,
          column.length,
          `invalid ${field}: ${column.length} numbers for ${one.steps.length} steps`,
          `${one.steps.length} numbers`,
        );
      }
    }
    const negative = one.steps.find((step) => step < 0 || step > MAX_STEP);
    if (negative !== undefined) bad('steps', negative, 'invalid step', 'a whole number from 0');
    const kinds = new Map((one.nonFinite ?? []).map(({ index, kind }) => [index, kind]));
    const values = one.values.map((value, index) => {
      const kind = kinds.get(index);
      if (value !== null && value !== undefined) return value;
      if (!kind)
        bad('values', index, `missing value at place ${index}`, 'a number, or an entry in nonFinite');
      return NUMBERS[kind ?? 'NAN'];
    });
    return { ...one, values };
  });
}

const Outcomes = builder.enumType('Outcome', {
  description: 'How an attempt ended. DONE and PRUNED are final; RELEASED gives the run back to the queue.',
  values: ['DONE', 'PRUNED', 'FAILED', 'RELEASED'] as const,
});
const FinishInput = builder.inputType('FinishInput', {
  description: 'The end of one attempt.',
  fields: (t) => ({
    run: t.id({ required: true, description: 'The run.' }),
    attempt: t.int({ required: true, description: 'The attempt.' }),
    sequence: t.int({
      required: true,
      description: 'The last batch that was sent; a run never ends before its points.',
    }),
    outcome: t.field({ type: Outcomes, required: true, description: 'How it ended.' }),
    divergedStep: t.field({
      type: 'SafeInt',
      description: 'The step at which it diverged: a result, with outcome DONE.',
    }),
    reason: t.string({ description: 'Why, if it did not simply end.' }),
    step: t.field({ type: 'SafeInt', required: true, description: 'Steps done.' }),
    samplesSeen: t.field({ type: 'SafeInt', required: true, description: 'Samples trained on.' }),
    deviceSeconds: t.float({ required: true, description: "Its share of its bundle's device time." }),
    info: t.field({ type: 'JSON', description: 'Free parameters to note, a flat object.' }),
  }),
});
const FinishRunInput = builder.inputType('FinishRunInput', {
  description: 'Ends of attempts.',
  fields: (t) => ({ runs: t.field({ type: [FinishInput], required: true, description: 'The attempts.' }) }),
});
const RunFinished = builder.objectRef<Outcome<'RunFinished', { runId: string }>>('RunFinished').implement({
  description: 'The end is recorded.',
  isTypeOf: isOutcome('RunFinished'),
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { runId }, _a, { db }) =>
        db.prisma.run.findUniqueOrThrow({ ...query, where: { id: runId } }),
    }),
  }),
});
const FinishResult = builder.unionType('FinishResult', {
  description: 'What became of one end.',
  types: [RunFinished, LeaseLost, SequenceGap, InvalidInput, NotFound],
  resolveType,
});
const FinishRunPayload = builder.simpleObject('FinishRunPayload', {
  description: 'What became of the ends.',
  fields: (t) => ({ results: t.field({ type: [FinishResult], description: 'In their order.' }) }),
});

function refused(accepted: Exclude<Accepted, { kind: 'accepted' }>, runId: string, attempt: number) {
  if (accepted.kind === 'lost')
    return outcome('LeaseLost', { runId, attempt, currentAttempt: accepted.currentAttempt });
  if (accepted.kind === 'gap') return outcome('SequenceGap', { runId, expected: accepted.expected });
  return notFound(`unknown run "${globalId('Run', runId)}"`);
}

const twice = (ids: readonly string[]): ProblemShape[] =>
  ids.flatMap((id, i) =>
    ids.indexOf(id) === i
      ? []
      : [
          {
            path: [i, 'run'],
            value: globalId('Run', id),
            message: 'invalid batch: a run comes twice',
            allowed: 'each run once a call',
          },
        ],
  );

const flat = (info: unknown): info is Record<string, string | number | boolean> =>
  typeof info === 'object' &&
  info !== null &&
  !Array.isArray(info) &&
  Object.values(info).every((value) => ['string', 'number', 'boolean'].includes(typeof value));

builder.mutationFields((t) => ({
  registerWorker: t.prismaField({
    type: Worker,
    description: 'A worker says who it is, once at its start.',
    args: { input: t.arg({ type: RegisterWorkerInput, required: true }) },
    resolve: async (query, _root, { input }, { db, viewer }) => {
      const name = input.name.replace(/\p{Cc}/gu, ' ').slice(0, 200);
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
      const { db, viewer, lease, live } = context;
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
      if (claims.length === 0)
        return outcome('NoRunAvailable', await noRun(context, input.datasets, sweepId));
      live.changed(claims.map(({ runId }) => runId));
      return outcome('Bundle', { claims });
    },
  }),
  heartbeat: t.field({
    type: HeartbeatResult,
    description: 'Renews the leases of a worker and says what to do with each run.',
    args: { input: t.arg({ type: HeartbeatInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer, lease, live }) => {
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
      live.changed(runs.map(({ runId }) => runId));
      return outcome('HeartbeatSuccess', { commands });
    },
  }),
  reportMetrics: t.field({
    type: ReportMetricsPayload,
    description:
      'Appends batches of points. Acknowledged means durable, and exactly once whatever is retried.',
    args: { input: t.arg({ type: ReportMetricsInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer }) => {
      const ids = input.reports.map(({ run }) => idOf('Run', run));
      const repeated = twice(ids);
      const results: (InvalidInputShape | undefined)[] = input.reports.map(() =>
        repeated.length ? invalidInput(repeated) : undefined,
      );
      const good: { place: number; report: Parameters<typeof reportMetrics>[2][number] }[] = [];
      input.reports.forEach(({ attempt, sequence, series }, place) => {
        const problems: ProblemShape[] = [];
        const read = readSeries(series, ['input', 'reports', place], problems);
        if (sequence < 1)
          problems.push({
            path: ['input', 'reports', place, 'sequence'],
            value: sequence,
            message: 'invalid sequence',
            allowed: 'a whole number from 1',
          });
        if (problems.length) results[place] = invalidInput(problems);
        else if (!results[place])
          good.push({ place, report: { runId: ids[place]!, attempt, sequence, series: read } });
      });
      const answers = good.length
        ? await reportMetrics(
            db,
            viewer!.teamId,
            good.map(({ report }) => report),
          )
        : [];
      const byPlace = new Map(good.map(({ place }, i) => [place, answers[i]!]));
      return {
        results: input.reports.map(({ attempt, sequence }, place) => {
          const answer = byPlace.get(place);
          if (!answer) return results[place]!;
          const runId = ids[place]!;
          return answer.kind === 'accepted'
            ? outcome('ReportAccepted', { runId, sequence, duplicate: answer.duplicate })
            : refused(answer, runId, attempt);
        }),
      };
    },
  }),
  finishRun: t.field({
    type: FinishRunPayload,
    description: 'Ends attempts. Ending one again is acknowledged and changes nothing.',
    args: { input: t.arg({ type: FinishRunInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer }) => {
      const ids = input.runs.map(({ run }) => idOf('Run', run));
      const problems = twice(ids);
      input.runs.forEach(({ info }, i) => {
        if (info && !flat(info))
          problems.push({
            path: ['input', 'runs', i, 'info'],
            value: info,
            message: 'invalid info',
            allowed: 'a flat object of numbers, texts and booleans',
          });
      });
      if (problems.length) return { results: input.runs.map(() => invalidInput(problems)) };
      const answers = await finishRuns(
        db,
        viewer!.teamId,
        input.runs.map((one, i) => ({
          ...one,
          runId: ids[i]!,
          info: (one.info ?? null) as Record<string, unknown> | null,
          reason: one.reason?.slice(0, 2000) ?? null,
        })),
      );
      // What a run that is done had reached counts for those that still train.
      const done = ids.filter((_, i) => input.runs[i]!.outcome === 'DONE' && answers[i]!.kind === 'accepted');
      if (done.length) await judge(db, viewer!.teamId, done);
      return {
        results: answers.map((answer, i) =>
          answer.kind === 'accepted'
            ? outcome('RunFinished', { runId: ids[i]! })
            : refused(answer, ids[i]!, input.runs[i]!.attempt),
        ),
      };
    },
  }),
}));
