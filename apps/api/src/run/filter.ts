import { RUN_VALUES, RunStatus } from '@smallbatch/db';
import { builder } from '../builder.ts';
import { RunValueEnum } from '../metric/schema.ts';

export const RunStatusEnum = builder.enumType(RunStatus, {
  name: 'RunStatus',
  description: 'Where a run stands; DONE and PRUNED are final.',
});

const bounds = ['gt', 'gte', 'lt', 'lte'] as const;
const words = {
  eq: 'Equal to.',
  in: 'One of, at most 1,000.',
  gt: 'Greater than.',
  gte: 'At least.',
  lt: 'Less than.',
  lte: 'At most.',
  isNull: 'Absent, or not.',
};

const StringFilter = builder.inputType('StringFilter', {
  description: 'A condition on a text.',
  fields: (t) => ({
    eq: t.string({ description: words.eq }),
    in: t.stringList({ description: words.in }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const BooleanFilter = builder.inputType('BooleanFilter', {
  description: 'A condition on yes or no.',
  fields: (t) => ({
    eq: t.boolean({ description: words.eq }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const FloatFilter = builder.inputType('FloatFilter', {
  description: 'A condition on a number.',
  fields: (t) => ({
    eq: t.float({ description: words.eq }),
    in: t.floatList({ description: words.in }),
    gt: t.float({ description: words.gt }),
    gte: t.float({ description: words.gte }),
    lt: t.float({ description: words.lt }),
    lte: t.float({ description: words.lte }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const IntFilter = builder.inputType('IntFilter', {
  description: 'A condition on a whole number.',
  fields: (t) => ({
    eq: t.field({ type: 'SafeInt', description: words.eq }),
    in: t.field({ type: ['SafeInt'], description: words.in }),
    gt: t.field({ type: 'SafeInt', description: words.gt }),
    gte: t.field({ type: 'SafeInt', description: words.gte }),
    lt: t.field({ type: 'SafeInt', description: words.lt }),
    lte: t.field({ type: 'SafeInt', description: words.lte }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const DateTimeFilter = builder.inputType('DateTimeFilter', {
  description: 'A condition on a moment.',
  fields: (t) => ({
    ...(Object.fromEntries(
      bounds.map((name) => [name, t.field({ type: 'DateTime', description: words[name] })]),
    ) as Record<(typeof bounds)[number], ReturnType<typeof t.field<'DateTime', false>>>),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const MetricFilter = builder.inputType('MetricFilter', {
  description: "A condition on a run's value of a metric.",
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the metric.' }),
    value: t.field({ type: RunValueEnum, required: true, description: 'Which value of the run.' }),
    is: t.field({ type: FloatFilter, required: true, description: 'The condition.' }),
  }),
});
const ParamFilter = builder.inputType('ParamFilter', {
  description: 'A condition on a free parameter.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the parameter.' }),
    eq: t.field({ type: 'JSON', description: words.eq }),
    in: t.field({ type: ['JSON'], description: words.in }),
    gt: t.float({ description: words.gt }),
    gte: t.float({ description: words.gte }),
    lt: t.float({ description: words.lt }),
    lte: t.float({ description: words.lte }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});

interface Shape {
  and?: Shape[] | null;
  or?: Shape[] | null;
  not?: Shape | null;
  [field: string]: unknown;
}
const FIELDS = {
  key: [StringFilter, 'Key of the run.'],
  diverged: [BooleanFilter, 'Whether it diverged.'],
  duplicate: [BooleanFilter, 'Whether it was trained again on purpose.'],
  member: [StringFilter, 'Key of the member whose it is.'],
  sweep: [StringFilter, 'Key of a sweep that it answers a cell of.'],
  engine: [StringFilter, 'What executed its steps.'],
  dataset: [StringFilter, 'Name of the data set.'],
  model: [StringFilter, 'Model.'],
  width: [IntFilter, 'Channels of the first stage.'],
  batchSize: [IntFilter, 'm.'],
  baseLearningRate: [FloatFilter, 'η̃.'],
  warmUp: [BooleanFilter, 'Warm-up.'],
  momentum: [FloatFilter, 'μ.'],
  nesterov: [BooleanFilter, "Nesterov's look-ahead."],
  weightDecay: [FloatFilter, 'λ.'],
  batchNorm: [BooleanFilter, 'Batch norm.'],
  batchNormScope: [StringFilter, 'CONV or ALL.'],
  bnBatch: [IntFilter, 'BN batch.'],
  augmentation: [BooleanFilter, 'Augmentation.'],
  epochs: [FloatFilter, 'Budget in epochs.'],
  evaluateEvery: [IntFilter, 'Epochs between evaluations.'],
  seed: [IntFilter, 'Seed.'],
  createdAt: [DateTimeFilter, 'When it was created.'],
  startedAt: [DateTimeFilter, 'When its first attempt began.'],
  endedAt: [DateTimeFilter, 'When it ended.'],
} as const;

const RunFilter = builder.inputRef<Shape>('RunFilter');
RunFilter.implement({
  description: 'Which runs. The fields of one filter hold together; `and`, `or` and `not` combine filters.',
  fields: (t) => ({
    and: t.field({ type: [RunFilter], description: 'All of these.' }),
    or: t.field({ type: [RunFilter], description: 'At least one of these.' }),
    not: t.field({
      type: RunFilter,
      description: 'Not this; a run for which it cannot be said counts as not.',
    }),
    status: t.field({ type: [RunStatusEnum], description: 'One of these.' }),
    metrics: t.field({ type: [MetricFilter], description: 'All of these.' }),
    params: t.field({ type: [ParamFilter], description: 'All of these.' }),
    ...(Object.fromEntries(
      Object.entries(FIELDS).map(([name, [type, description]]) => [
        name,
        t.field({ type: type as typeof StringFilter, description }),
      ]),
    ) as Record<string, ReturnType<typeof t.field<typeof StringFilter, false>>>),
  }),
});

export { RUN_VALUES, RunFilter, StringFilter };
