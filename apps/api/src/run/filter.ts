import { BudgetUnit, FIELDS, type FieldName, type Kind, RunStatus } from '@smallbatch/db';
import { builder } from '../builder.ts';
import { RunValueEnum } from '../metric/schema.ts';

export const RunStatusEnum = builder.enumType(RunStatus, {
  name: 'RunStatus',
  description: 'Where a run stands; DONE and PRUNED are final.',
});
export const BudgetUnitEnum = builder.enumType(BudgetUnit, {
  name: 'BudgetUnit',
  description: 'What a run is limited by.',
});

const bounds = ['gt', 'gte', 'lt', 'lte'] as const;
const words = {
  eq: 'Equal to.',
  in: 'One of, at most 1,000.',
  gt: 'Greater than.',
  gte: 'At least.',
  lt: 'Less than.',
  lte: 'At most.',
  contains: 'Has this in it, letter for letter.',
  startsWith: 'Begins with this, letter for letter.',
  isNull: 'Absent, or not.',
};
const TOGETHER = 'All that is given holds together; of an absent value nothing holds but `isNull`.';

const StringFilter = builder.inputType('StringFilter', {
  description: `A condition on a text. ${TOGETHER}`,
  fields: (t) => ({
    eq: t.string({ description: words.eq }),
    in: t.stringList({ description: words.in }),
    contains: t.string({ description: words.contains }),
    startsWith: t.string({ description: words.startsWith }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const BooleanFilter = builder.inputType('BooleanFilter', {
  description: `A condition on yes or no. ${TOGETHER}`,
  fields: (t) => ({
    eq: t.boolean({ description: words.eq }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const FloatFilter = builder.inputType('FloatFilter', {
  description: `A condition on a number. ${TOGETHER} NaN counts as absent; ±∞ lie beyond all numbers.`,
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
  description: `A condition on a whole number. ${TOGETHER}`,
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
  description: `A condition on a moment, to the millisecond. ${TOGETHER}`,
  fields: (t) => ({
    ...(Object.fromEntries(
      bounds.map((name) => [name, t.field({ type: 'DateTime', description: words[name] })]),
    ) as Record<(typeof bounds)[number], ReturnType<typeof t.field<'DateTime', false>>>),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const JsonFilter = builder.inputType('JsonFilter', {
  description: `A condition on a JSON value, in whatever order its fields are. ${TOGETHER}`,
  fields: (t) => ({
    eq: t.field({ type: 'JSON', description: words.eq }),
    in: t.field({ type: ['JSON'], description: words.in }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});
const BudgetFilter = builder.inputType('BudgetFilter', {
  description: 'A condition on how long a run trains. All that is given holds together.',
  fields: (t) => ({
    unit: t.field({ type: [BudgetUnitEnum], description: 'What is counted: one of these.' }),
    value: t.field({
      type: FloatFilter,
      description: 'How many; of GOAL_ERROR the test error that ends the run.',
    }),
    epochs: t.field({ type: FloatFilter, description: 'Most epochs of a run with a goal error.' }),
  }),
});
const TagFilter = builder.inputType('TagFilter', {
  description: 'A condition on tags. All that is given holds together.',
  fields: (t) => ({
    has: t.string({ description: 'This tag is on it.' }),
    hasAny: t.stringList({ description: 'At least one of these is, at most 1,000.' }),
    hasNone: t.stringList({ description: 'None of these is, at most 1,000.' }),
    isEmpty: t.boolean({ description: 'It has no tag, or has one.' }),
  }),
});
const MetricFilter = builder.inputType('MetricFilter', {
  description:
    "A condition on a run's value of a metric, whatever the run's status. `isNull: true` finds runs without the metric and those whose value is NaN or not there.",
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the metric.' }),
    value: t.field({
      type: RunValueEnum,
      required: true,
      description: 'Which value of the run; BEST only of a metric with a goal.',
    }),
    is: t.field({ type: FloatFilter, required: true, description: 'The condition.' }),
  }),
});
const ParamFilter = builder.inputType('ParamFilter', {
  description: `A condition on a free parameter, \`hyper\` before \`info\`. Values keep their types: 1 is not "1"; \`gt\` to \`lte\` hold of numbers alone, \`contains\` and \`startsWith\` of texts alone. ${TOGETHER}`,
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the parameter.' }),
    eq: t.field({ type: 'JSON', description: 'Equal to: a number, a text, true or false.' }),
    in: t.field({ type: ['JSON'], description: 'One of, at most 1,000: numbers, texts, true or false.' }),
    gt: t.float({ description: words.gt }),
    gte: t.float({ description: words.gte }),
    lt: t.float({ description: words.lt }),
    lte: t.float({ description: words.lte }),
    contains: t.string({ description: words.contains }),
    startsWith: t.string({ description: words.startsWith }),
    isNull: t.boolean({ description: words.isNull }),
  }),
});

interface Shape {
  and?: Shape[] | null;
  or?: Shape[] | null;
  not?: Shape | null;
  [field: string]: unknown;
}
const TYPE_OF: Record<Kind, unknown> = {
  text: StringFilter,
  whole: IntFilter,
  number: FloatFilter,
  yesNo: BooleanFilter,
  moment: DateTimeFilter,
  json: JsonFilter,
};
/** What each field is; its type follows from its kind in the list of the database. */
const DESCRIPTIONS: Record<FieldName, string> = {
  key: 'Key of the run.',
  diverged: 'Whether it diverged.',
  duplicate: 'Whether it was trained again on purpose.',
  reason: 'Why it failed or was cancelled.',
  note: 'Its note.',
  locked: 'Whether it is not to be deleted: it is locked itself, or as a run of a locked sweep.',
  member: 'Key of the member whose it is.',
  engine: 'What executed its steps.',
  trainerVersion: "The trainer's semantic version.",
  configurationHash: 'SHA-256 of the configuration.',
  settingHash: 'SHA-256 of the setting: the configuration without the seed.',
  dataset: 'Name of the data set.',
  model: 'Model.',
  width: 'Channels of the first stage.',
  batchSize: 'm.',
  batchSchedule: 'How m changes during the run.',
  baseLearningRate: 'η̃.',
  schedule: 'How η falls.',
  warmUp: 'Warm-up.',
  momentum: 'μ.',
  nesterov: "Nesterov's look-ahead.",
  weightDecay: 'λ.',
  batchNorm: 'Batch norm.',
  batchNormScope: 'CONV or ALL.',
  bnBatch: 'BN batch.',
  augmentation: 'Augmentation.',
  evaluateEvery: 'Epochs between evaluations.',
  epochs: 'Budget in epochs; absent where it is in another unit.',
  seed: 'Seed.',
  deviceSeconds: "Its share of its bundles' device time, in seconds.",
  step: 'Steps done.',
  plannedSteps: 'Steps of the whole training.',
  samplesSeen: 'Samples trained on.',
  createdAt: 'When it was created.',
  startedAt: 'When its first attempt began.',
  endedAt: 'When it ended.',
};

const RunFilter = builder.inputRef<Shape>('RunFilter');
RunFilter.implement({
  description:
    'Which runs. The fields of one filter hold together; `and`, `or` and `not` combine filters. A field given as null is as if it were not given.',
  fields: (t) => ({
    and: t.field({ type: [RunFilter], description: 'All of these; holds of every run when empty.' }),
    or: t.field({ type: [RunFilter], description: 'At least one of these; holds of no run when empty.' }),
    not: t.field({
      type: RunFilter,
      description: 'Not this; a run for which it cannot be said counts as not.',
    }),
    status: t.field({ type: [RunStatusEnum], description: 'One of these.' }),
    sweep: t.field({
      type: StringFilter,
      description: 'Key of a sweep that it answers a cell of; `isNull: true` finds runs of no sweep.',
    }),
    budget: t.field({ type: BudgetFilter, description: 'How long it trains.' }),
    tags: t.field({ type: TagFilter, description: 'Its tags.' }),
    search: t.string({
      description:
        'Every word of this occurs in its key, its tags, its note or the name of the sweep that created it; case does not matter, nor does % or _ mean anything.',
    }),
    metrics: t.field({ type: [MetricFilter], description: 'All of these.' }),
    params: t.field({ type: [ParamFilter], description: 'All of these.' }),
    ...(Object.fromEntries(
      Object.entries(DESCRIPTIONS).map(([name, description]) => [
        name,
        t.field({ type: TYPE_OF[FIELDS[name as FieldName].kind] as typeof StringFilter, description }),
      ]),
    ) as Record<string, ReturnType<typeof t.field<typeof StringFilter, false>>>),
  }),
});

export { DateTimeFilter, RunFilter, StringFilter, TagFilter };
