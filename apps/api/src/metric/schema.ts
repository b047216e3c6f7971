import { Goal, RUN_VALUES, type RunMetricRow, setMetricGoal } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';

export const GoalEnum = builder.enumType(Goal, {
  name: 'Goal',
  description: 'Which way a metric is better; without a goal it has no best.',
});
export const NonFinite = builder.enumType('NonFinite', {
  description: 'Which of the values that JSON has no word for.',
  values: ['NAN', 'POSITIVE_INFINITY', 'NEGATIVE_INFINITY'] as const,
});
export const RunValueEnum = builder.enumType('RunValue', {
  description:
    "A run's value of a metric. MEDIAN_LAST_5 is of the last five evaluations (Masters & Luschi 2018, section 5).",
  values: RUN_VALUES,
});

export const kindOf = (value: number): 'NAN' | 'POSITIVE_INFINITY' | 'NEGATIVE_INFINITY' | null => {
  if (Number.isFinite(value)) return null;
  if (Number.isNaN(value)) return 'NAN';
  return value > 0 ? 'POSITIVE_INFINITY' : 'NEGATIVE_INFINITY';
};
export const finite = (value: number | null): number | null =>
  value !== null && Number.isFinite(value) ? value : null;

const best = (row: RunMetricRow) => {
  if (row.goal === 'MAXIMISE') return { value: row.max, step: row.maxStep };
  return row.goal === 'MINIMISE' ? { value: row.min, step: row.minStep } : { value: null, step: null };
};

export const RunMetric = builder.objectRef<RunMetricRow>('RunMetric').implement({
  description:
    'Summary of one metric of one run, kept when points are written. Null values that are not absent are not finite.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the metric.' }),
    goal: t.expose('goal', { type: GoalEnum, description: 'Which way is better.' }),
    count: t.expose('count', { type: 'SafeInt', description: 'Points.' }),
    nonFiniteCount: t.expose('nonFiniteCount', {
      type: 'SafeInt',
      description: 'Points that are NaN or infinite.',
    }),
    last: t.float({ nullable: true, description: 'At the last step.', resolve: ({ last }) => finite(last) }),
    lastNonFinite: t.field({
      type: NonFinite,
      nullable: true,
      description: 'What the last is when it is not finite.',
      resolve: ({ last }) => kindOf(last),
    }),
    lastStep: t.expose('lastStep', { type: 'SafeInt', description: 'The last step.' }),
    min: t.exposeFloat('min', { nullable: true, description: 'Least finite value.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'Greatest finite value.' }),
    mean: t.float({
      nullable: true,
      description: 'Mean of the finite values.',
      resolve: ({ sum, count, nonFiniteCount }) =>
        count > nonFiniteCount ? sum / (count - nonFiniteCount) : null,
    }),
    best: t.float({
      nullable: true,
      description: "Best by the metric's goal; null without one.",
      resolve: (row) => best(row).value,
    }),
    bestStep: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'The step of the best.',
      resolve: (row) => best(row).step,
    }),
    medianLast5: t.float({
      nullable: true,
      description: 'Median of the last five evaluations; null when one of them is not finite.',
      resolve: ({ medianLast5 }) => finite(medianLast5),
    }),
    medianOf: t.exposeInt('medianOf', {
      description: 'How many evaluations that median is of: 5, or fewer.',
    }),
  }),
});

const Metric = builder.prismaObject('Metric', {
  description: 'A named series of numbers, and which way it is better.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name in the team.' }),
    goal: t.expose('goal', { type: GoalEnum, description: 'Which way is better.' }),
  }),
});

builder.queryFields((t) => ({
  metrics: t.prismaField({
    type: [Metric],
    description: 'The metrics of the team.',
    resolve: (query, _root, _args, { db, viewer }) =>
      db.prisma.metric.findMany({ ...query, where: { teamId: viewer!.teamId }, orderBy: { name: 'asc' } }),
  }),
}));

const MetricChanged = builder
  .objectRef<Outcome<'MetricChanged', { metric: typeof Metric.$inferType }>>('MetricChanged')
  .implement({
    description: 'The metric has this goal now.',
    isTypeOf: isOutcome('MetricChanged'),
    fields: (t) => ({
      metric: t.field({ type: Metric, description: 'The metric.', resolve: ({ metric }) => metric }),
    }),
  });
const SetMetricGoalResult = builder.unionType('SetMetricGoalResult', {
  description: 'What became of setting a goal.',
  types: [MetricChanged, InvalidInput],
  resolveType,
});
builder.mutationFields((t) => ({
  setMetricGoal: t.field({
    type: SetMetricGoalResult,
    description: 'Says which way a metric is better.',
    args: { name: t.arg.string({ required: true }), goal: t.arg({ type: GoalEnum, required: true }) },
    resolve: async (_root, { name, goal }, { db, viewer }) => {
      const problem = metricNameProblem(name, ['name']);
      if (problem) return invalidInput([problem]);
      const { teamId } = viewer!;
      const metric = await setMetricGoal(db, { teamId, name, goal });
      return outcome('MetricChanged', { metric });
    },
  }),
}));

/** A metric's name: 1 to 200 characters without control characters. */
export function metricNameProblem(name: string, path: (string | number)[]) {
  if (name.length >= 1 && name.length <= 200 && !/\p{Cc}/u.test(name)) return undefined;
  return {
    path,
    value: name.slice(0, 60),
    message: 'invalid metric name',
    allowed: '1 to 200 characters, no control characters',
  };
}
