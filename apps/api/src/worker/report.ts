import { type Ended, finishRuns, reportMetrics, type Series } from '@smallbatch/db';
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
import { GoalEnum, NonFinite } from '../metric/schema.ts';
import { oncePerMetric, seriesProblems } from '../metric/series.ts';
import { Run } from '../run/schema.ts';
import { judge } from '../sweep/stopping.ts';
import { LimitReached, limitOutcome } from './limit.ts';

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
  description: 'Batches of points, those of one run in the order of their numbers.',
  fields: (t) => ({ reports: t.field({ type: [ReportInput], required: true, description: 'The batches.' }) }),
});
const ReportAccepted = builder
  .objectRef<
    Outcome<
      'ReportAccepted',
      { runId: string; sequence: number; duplicate: boolean; warnings: readonly string[] }
    >
  >('ReportAccepted')
  .implement({
    description: 'The batch is durable.',
    isTypeOf: isOutcome('ReportAccepted'),
    fields: (t) => ({
      run: t.id({ description: 'The run.', resolve: ({ runId }) => globalId('Run', runId) }),
      sequence: t.exposeInt('sequence', { description: 'Number of the batch.' }),
      duplicate: t.exposeBoolean('duplicate', { description: 'True when it was there before.' }),
      warnings: t.exposeStringList('warnings', {
        description: 'Limits of the run that it is near: at 80 % or more. A repeated batch has none.',
      }),
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
  types: [ReportAccepted, LeaseLost, SequenceGap, LimitReached, InvalidInput, NotFound],
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

function readSeries(series: readonly SeriesShape[], path: (string | number)[], problems: ProblemShape[]) {
  const read = series.map((one, i): Series => {
    const at = [...path, 'series', i];
    const kinds = new Map((one.nonFinite ?? []).map(({ index, kind }) => [index, kind]));
    const values = one.values.map((value, index) => {
      const kind = kinds.get(index);
      if (value !== null && value !== undefined) return value;
      if (!kind)
        problems.push({
          path: [...at, 'values'],
          value: index,
          message: `missing value at place ${index}`,
          allowed: 'a number, or an entry in nonFinite',
        });
      return NUMBERS[kind ?? 'NAN'];
    });
    const whole = { ...one, values };
    problems.push(...seriesProblems(whole, at));
    return whole;
  });
  return problems.length ? read : oncePerMetric(read);
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

function refused(accepted: Exclude<Ended, { kind: 'accepted' }>, runId: string, attempt: number) {
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
  reportMetrics: t.field({
    type: ReportMetricsPayload,
    description:
      'Appends batches of points. Acknowledged means durable, and exactly once whatever is retried.',
    args: { input: t.arg({ type: ReportMetricsInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer, metrics }) => {
      const ids = input.reports.map(({ run }) => idOf('Run', run));
      const results: (InvalidInputShape | undefined)[] = [];
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
        else good.push({ place, report: { runId: ids[place]!, attempt, sequence, series: read } });
      });
      const answers = good.length
        ? await reportMetrics(
            db,
            viewer!.teamId,
            good.map(({ report }) => report),
          )
        : [];
      good.forEach(({ report: { series } }, i) => {
        const answer = answers[i]!;
        if (answer.kind === 'accepted' && !answer.duplicate)
          metrics.reported(
            1,
            series.reduce((sum, { steps }) => sum + steps.length, 0),
          );
      });
      const byPlace = new Map(good.map(({ place }, i) => [place, answers[i]!]));
      return {
        results: input.reports.map(({ attempt, sequence }, place) => {
          const answer = byPlace.get(place);
          if (!answer) return results[place]!;
          const runId = ids[place]!;
          if (answer.kind === 'limit') return limitOutcome(answer);
          return answer.kind === 'accepted'
            ? outcome('ReportAccepted', {
                runId,
                sequence,
                duplicate: answer.duplicate,
                warnings: answer.warnings ?? [],
              })
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
      const done = ids.filter((_, i) => {
        const answer = answers[i]!;
        return input.runs[i]!.outcome === 'DONE' && answer.kind === 'accepted' && answer.judged;
      });
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
