import { acting, createOwnRun, describeRun, MOST_TAGS, ownWorker } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  type Outcome,
  outcome,
  type ProblemShape,
  resolveType,
} from '../builder.ts';
import { knownDataset } from '../dataset/known.ts';
import { configure } from '../sweep/create.ts';
import { Claim, Worker } from '../worker/schema.ts';
import { Run } from './schema.ts';
import { newRunProblems, readNote } from './words.ts';

const CreateRunInput = builder.inputType('CreateRunInput', {
  description: "A run of somebody's own training script: it is claimed by its creator at once.",
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its key begins with this.' }),
    dataset: t.string({ required: true, description: 'Name of the data set.' }),
    axes: t.field({ type: 'JSON', required: true, description: 'The axes, as in a sweep file.' }),
    hyper: t.field({ type: 'JSON', description: 'Free parameters of the configuration, a flat object.' }),
    info: t.field({ type: 'JSON', description: 'Free parameters beside it, a flat object.' }),
    tags: t.stringList({ description: `Words to find it by, at most ${MOST_TAGS}.` }),
    note: t.string({ description: 'A note, up to 10,000 characters.' }),
    seed: t.field({ type: 'SafeInt', required: true, defaultValue: 0, description: 'Seed.' }),
    idempotencyKey: t.string({ description: 'The same key makes the same run, however often it is sent.' }),
    engine: t.string({ defaultValue: 'own', description: 'What trains it.' }),
    duplicate: t.boolean({
      defaultValue: false,
      description: 'Train again though a run answers this configuration.',
    }),
  }),
});
const CreateRunSuccess = builder
  .objectRef<Outcome<'CreateRunSuccess', { runId: string; key: string; workerId: string }>>(
    'CreateRunSuccess',
  )
  .implement({
    description: 'The run is made, and with its creator.',
    isTypeOf: isOutcome('CreateRunSuccess'),
    fields: (t) => ({
      claim: t.field({
        type: Claim,
        description: 'The run and its attempt.',
        resolve: ({ runId, key }) => ({ runId, key, attempt: 1, slot: 0, startStep: 0, pointsUpTo: 0 }),
      }),
      leaseSeconds: t.float({
        description: 'How long it is kept without a heartbeat.',
        resolve: (_b, _a, { lease }) => lease.lease,
      }),
      heartbeatSeconds: t.float({
        description: 'How often to send one.',
        resolve: (_b, _a, { lease }) => lease.heartbeat,
      }),
      worker: t.prismaField({
        type: Worker,
        description: 'The worker that its creator is.',
        resolve: (query, { workerId }, _a, { db }) =>
          db.prisma.worker.findUniqueOrThrow({ ...query, where: { id: workerId } }),
      }),
    }),
  });
const RunExists = builder.objectRef<Outcome<'RunExists', { runId: string }>>('RunExists').implement({
  description: 'A run of the team answers this configuration already.',
  isTypeOf: isOutcome('RunExists'),
  fields: (t) => ({
    message: t.string({
      description: 'What to do.',
      resolve: () =>
        'a run of the team answers this configuration already: use it, or create this one with duplicate: true',
    }),
    run: t.prismaField({
      type: Run,
      description: 'That run.',
      resolve: (query, { runId }, _a, { db }) =>
        db.prisma.run.findUniqueOrThrow({ ...query, where: { id: runId } }),
    }),
  }),
});
const CreateRunResult = builder.unionType('CreateRunResult', {
  description: 'What became of creating a run.',
  types: [CreateRunSuccess, RunExists, InvalidInput],
  resolveType,
});

type Flat = Record<string, string | number | boolean>;
function flatProblems(field: string, value: unknown): ProblemShape[] {
  const flat =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(
      ([name, one]) => name.length <= 200 && ['string', 'number', 'boolean'].includes(typeof one),
    );
  return flat
    ? []
    : [
        {
          path: ['input', field],
          value,
          message: `invalid ${field}`,
          allowed: 'a flat object of numbers, texts and booleans',
        },
      ];
}

builder.mutationFields((t) => ({
  createRun: t.field({
    type: CreateRunResult,
    description:
      "Creates a run of one's own training script, to report on with reportMetrics and to end with finishRun.",
    args: { input: t.arg({ type: CreateRunInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer, lease }) => {
      const { teamId } = viewer!;
      const [hyper, info] = [input.hyper ?? {}, input.info ?? {}] as [Flat, Flat];
      const problems = [
        ...flatProblems('hyper', hyper),
        ...flatProblems('info', info),
        ...newRunProblems(input),
      ];
      if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$/u.test(input.name))
        problems.push({
          path: ['input', 'name'],
          value: input.name,
          message: 'invalid name',
          allowed: 'up to 80 letters, digits, spaces, ".", "_" or "-"',
        });
      const dataset = await knownDataset(db, teamId, input.dataset);
      if (!dataset)
        problems.push({
          path: ['input', 'dataset'],
          value: input.dataset,
          message: 'unknown dataset',
          allowed: 'the name of a data set of the team (smallbatch dataset list)',
        });
      if (problems.length || !dataset) return invalidInput(problems);
      const configured = configure(dataset, input.axes as Record<string, unknown>, hyper, Number(input.seed));
      if ('problems' in configured)
        return invalidInput(
          configured.problems.map((problem) => ({ ...problem, path: ['input', 'axes', ...problem.path] })),
        );
      const engine = (input.engine ?? 'own').slice(0, 80);
      const workerId = await ownWorker(db, { ...viewer!, name: input.name, engine });
      const run = { ...configured.run, bundleKey: '' };
      const made = await createOwnRun(db, {
        teamId,
        memberId: viewer!.memberId,
        name: input.name,
        workerId,
        engine,
        run,
        info,
        idempotencyKey: input.idempotencyKey ?? null,
        duplicate: input.duplicate ?? false,
        leaseSeconds: lease.lease,
      });
      if ('id' in made && (input.tags?.length || input.note)) {
        const note = readNote(input.note);
        await describeRun(acting(db, viewer!), teamId, made.id, {
          tags: input.tags ?? [],
          note: 'note' in note ? note.note : null,
        });
      }
      return 'answered' in made
        ? outcome('RunExists', { runId: made.answered })
        : outcome('CreateRunSuccess', { runId: made.id, key: made.key, workerId });
    },
  }),
}));
