import { AXES, type Axis, type Goal, type RunValue, SETTING_AXES, type SettingCounts } from '@smallbatch/db';
import { builder } from '../builder.ts';
import { fault } from '../errors.ts';
import { GoalEnum, RunValueEnum } from '../metric/schema.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import { BatchNormScopeEnum, Budget } from '../run/schema.ts';
import { fieldsAsked } from '../selection.ts';
import { aggregate, type Group, varying } from './aggregate.ts';
import { nearBest, type RangePoint, type UsableRange, usableRange } from './usable-range.ts';

export const AxisEnum = builder.enumType('Axis', {
  description: 'What a run is told apart by.',
  values: AXES,
});
const Unit = builder.enumType('Unit', {
  description: 'What n counts: runs (seeds) of one setting, or settings by their means over seeds.',
  values: ['RUN', 'SETTING'] as const,
});

interface HasAxes {
  readonly axes: Readonly<Record<string, unknown>>;
}
const FIELDS = {
  dataset: 'String',
  model: 'String',
  width: 'Int',
  batchSize: 'Int',
  batchSchedule: 'JSON',
  baseLearningRate: 'Float',
  schedule: 'JSON',
  warmUp: 'Boolean',
  momentum: 'Float',
  nesterov: 'Boolean',
  weightDecay: 'Float',
  batchNorm: 'Boolean',
  batchNormScope: 'scope',
  bnBatch: 'Int',
  augmentation: 'Boolean',
  budget: 'budget',
  evaluateEvery: 'Int',
  trainerVersion: 'String',
  seed: 'SafeInt',
  member: 'String',
  sweep: 'String',
  engine: 'String',
} as const;

export const AxisValues = builder.interfaceRef<HasAxes>('AxisValues').implement({
  description: 'The axes as fields; null where an axis is not asked for, or where its value is absent.',
  fields: (t) =>
    Object.fromEntries(
      Object.entries(FIELDS).map(([name, kind]) => {
        const type = kind === 'scope' ? BatchNormScopeEnum : kind === 'budget' ? Budget : kind;
        return [
          name,
          t.field({
            type: type as 'String',
            nullable: true,
            description: `Axis ${name}.`,
            resolve: ({ axes }) => axes[name] as string,
          }),
        ];
      }),
    ),
});

export const Interval = builder.simpleObject('Interval', {
  description: 'From low to high.',
  fields: (t) => ({ low: t.float({ description: 'Low end.' }), high: t.float({ description: 'High end.' }) }),
});
const RunKeys = builder.simpleObject('RunKeys', {
  description: 'A page of run keys.',
  fields: (t) => ({
    keys: t.stringList({ description: 'The keys.' }),
    total: t.int({ description: 'All there are.' }),
    hasNextPage: t.boolean({ description: 'Whether more follow.' }),
    endCursor: t.string({ nullable: true, description: 'For `after`.' }),
  }),
});
const BestSetting = builder.objectRef<NonNullable<Group['best']>>('BestSetting').implement({
  description:
    'The setting that was chosen. A best of many is optimistic: `selectSeeds` chooses on some seeds and reports on the others.',
  interfaces: [AxisValues],
  isTypeOf: () => true,
  fields: (t) => ({
    settingHash: t.exposeString('settingHash', { description: 'Of the setting.' }),
    candidates: t.exposeInt('candidates', { description: 'Settings that it was chosen from.' }),
    seeds: t.exposeInt('seeds', { description: 'Its runs that are reported.' }),
  }),
});
const RangePointRef = builder.objectRef<RangePoint>('RangePoint').implement({
  description: 'The settings of a group that share one value of an axis.',
  interfaces: [AxisValues],
  isTypeOf: () => true,
  fields: (t) => ({
    mean: t.exposeFloat('mean', {
      nullable: true,
      description: "Mean of the settings' means over seeds; null where no run has a value.",
    }),
    runs: t.exposeInt('runs', { description: 'Runs that the mean is of.' }),
    diverged: t.exposeInt('diverged', { description: 'Runs that diverged.' }),
    failed: t.exposeInt('failed', { description: 'Runs that failed.' }),
    unfinished: t.exposeInt('unfinished', { description: 'Runs that have not ended with a result.' }),
    reliable: t.exposeBoolean('reliable', {
      description: 'Whether all of its runs have ended, and none has diverged or failed.',
    }),
  }),
});
const UsableRangeRef = builder.objectRef<UsableRange>('UsableRange').implement({
  description: 'Where an axis is usable inside a group.',
  fields: (t) => ({
    points: t.field({
      type: [RangePointRef],
      description: 'By the values of the axis, in rising order.',
      resolve: ({ points }) => [...points],
    }),
    reliable: t.field({
      type: [RangePointRef],
      description: 'Those whose runs have all ended, and none diverged or failed.',
      resolve: ({ points }) => points.filter(({ reliable }) => reliable),
    }),
    nearBest: t.field({
      type: [RangePointRef],
      description: 'Those whose mean is within a distance of the best.',
      args: { distance: t.arg.float({ required: true }) },
      resolve: (range, { distance }) => nearBest(range, distance),
    }),
  }),
});
/** Runs of a group without a value of their own. */
const COUNTS: Record<keyof SettingCounts, string> = {
  diverged: 'Runs that diverged.',
  failed: 'Runs that failed.',
  unfinished: 'Runs that wait, run, or were pruned or cancelled.',
  duplicates: 'Runs of a configuration that is counted already.',
  withoutValue: 'Finished runs without this metric, or whose value is not finite.',
};
export const AggregateGroup = builder.objectRef<Group>('AggregateGroup').implement({
  description:
    "One combination of the axes' values. Only finished runs that did not diverge have a value; the others are counted beside.",
  interfaces: [AxisValues],
  isTypeOf: () => true,
  fields: (t) => ({
    params: t.expose('params', { type: 'JSON', description: 'Values of `byParams`, by name.' }),
    unit: t.expose('unit', { type: Unit, description: 'What n counts.' }),
    n: t.exposeInt('n', { description: 'Units.' }),
    runs: t.exposeInt('runs', { description: 'Runs that the statistics are of.' }),
    settings: t.exposeInt('settings', {
      description: 'Settings that were counted, also those of which no run has a value.',
    }),
    mean: t.exposeFloat('mean', { nullable: true, description: 'Mean of the units.' }),
    sd: t.exposeFloat('sd', { nullable: true, description: 'Deviation (n − 1); null below two.' }),
    sem: t.exposeFloat('sem', { nullable: true, description: 'Standard error of the mean; null below two.' }),
    ci95: t.expose('ci95', {
      type: Interval,
      nullable: true,
      description: "95 % interval of the mean by Student's t; null below two.",
    }),
    min: t.exposeFloat('min', { nullable: true, description: 'Least.' }),
    median: t.exposeFloat('median', { nullable: true, description: 'Median.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'Greatest.' }),
    ...Object.fromEntries(
      Object.entries(COUNTS).map(([name, description]) => [
        name,
        t.int({
          description,
          resolve: async (group) => (await group.counts())[name as keyof SettingCounts],
        }),
      ]),
    ),
    varying: t.field({
      type: [AxisEnum],
      description: 'Axes that differ inside the group: what is averaged over.',
      resolve: ({ counted }) => varying(counted).axes,
    }),
    varyingParams: t.stringList({
      description: 'Free parameters that differ inside the group.',
      resolve: ({ counted }) => varying(counted).params,
    }),
    best: t.expose('best', {
      type: BestSetting,
      nullable: true,
      description: 'The setting that `best` chose, if the group has one.',
    }),
    usableRange: t.field({
      type: UsableRangeRef,
      description:
        "Which values of an axis train reliably, and which come near the best: the paper's second summary. Over all of the group's settings, whatever `best` chose.",
      args: { axis: t.arg({ type: AxisEnum, required: true }) },
      resolve: (group, { axis }) => {
        if (!SETTING_AXES.includes(axis)) {
          const known = SETTING_AXES.join(', ');
          throw fault('BAD_INPUT', `invalid axis: ${axis} does not belong to a setting; one of ${known}`);
        }
        return usableRange(group, axis, group.goal);
      },
    }),
    runKeys: t.field({
      type: RunKeys,
      description: 'Keys of the runs that the statistics are of.',
      args: { first: t.arg.int({ defaultValue: 100 }), after: t.arg.string() },
      resolve: async (group, { first, after }) => {
        const keys = await group.keys();
        const count = first ?? 100;
        if (count < 0 || count > 1000) throw fault('PAGE_TOO_LARGE', `invalid first: ${count}; at most 1000`);
        const from = after ? Number(Buffer.from(after, 'base64url').toString()) : 0;
        if (!Number.isInteger(from) || from < 0 || from > keys.length)
          throw fault('BAD_CURSOR', `invalid cursor "${after?.slice(0, 60)}"`);
        const end = Math.min(keys.length, from + count);
        return {
          keys: keys.slice(from, end),
          total: keys.length,
          hasNextPage: end < keys.length,
          endCursor: end > from ? Buffer.from(String(end)).toString('base64url') : null,
        };
      },
    }),
  }),
});
interface AggregateShape {
  metric: string;
  value: RunValue;
  goal: Goal;
  by: readonly Axis[];
  best: readonly Axis[];
  groups: Group[];
  runs: () => Promise<number>;
}
const Aggregate = builder.objectRef<AggregateShape>('Aggregate').implement({
  description: 'Statistics of runs by axes.',
  fields: (t) => ({
    metric: t.exposeString('metric', { description: 'The metric.' }),
    value: t.expose('value', { type: RunValueEnum, description: 'Which value of a run.' }),
    goal: t.expose('goal', { type: GoalEnum, description: "The metric's goal." }),
    by: t.field({ type: [AxisEnum], description: 'The axes of the groups.', resolve: ({ by }) => [...by] }),
    best: t.field({
      type: [AxisEnum],
      description: 'The axes that the best setting was chosen over.',
      resolve: ({ best }) => [...best],
    }),
    groups: t.field({
      type: [AggregateGroup],
      description: 'The groups, in the order of their axes.',
      resolve: ({ groups }) => groups,
    }),
    runs: t.int({ description: 'All runs that matched the filter.', resolve: ({ runs }) => runs() }),
  }),
});

type QueryFields = Parameters<Parameters<typeof builder.queryFields>[0]>[0];

/** What every question about runs' values takes: which value of which metric, and which seeds only choose. */
export const valueArguments = ({ arg }: QueryFields) => ({
  selectSeeds: arg({
    type: ['SafeInt'],
    description:
      'Seeds to choose on; the others are reported. Without `best` nothing is chosen, and all are reported.',
  }),
  metric: arg.string({ required: true, defaultValue: 'test_accuracy', description: 'Name of the metric.' }),
  value: arg({
    type: RunValueEnum,
    required: true,
    defaultValue: 'MEDIAN_LAST_5',
    description: 'Which value of a run.',
  }),
});

builder.queryFields((t) => ({
  aggregate: t.field({
    type: Aggregate,
    description: 'Accuracy (or any metric) by axes, over all runs that match: complete, never sampled.',
    args: {
      where: t.arg({ type: RunFilter, description: 'Which runs.' }),
      by: t.arg({ type: [AxisEnum], required: true, description: 'Axes that tell groups apart.' }),
      byParams: t.arg.stringList({ description: 'Free parameters that tell groups apart.' }),
      best: t.arg({
        type: [AxisEnum],
        description: 'Axes over which the best setting is chosen, by the mean over its seeds.',
      }),
      ...valueArguments(t),
    },
    resolve: async (_root, args, context, info) => {
      const { db, viewer } = context;
      const where = await filterFor(context, args.where);
      const { metric, value } = args;
      const asked = fieldsAsked(info);
      const [by, best, byParams] = [
        [...new Set(args.by)],
        [...new Set(args.best ?? [])],
        args.byParams ?? [],
      ];
      if (byParams.length > 10)
        throw fault('BAD_INPUT', `invalid byParams: ${byParams.length} names; at most 10`);
      const request = {
        teamId: viewer!.teamId,
        by,
        byParams,
        best,
        selectSeeds: args.selectSeeds?.map(Number) ?? null,
        metric,
        value,
        known: context.settings,
        counting: Object.keys(COUNTS).some((name) => asked.has(name)),
        ...(where ? { where } : {}),
      };
      const { goal, groups, runs } = await aggregate(db, request);
      return { metric, value, goal, by, best, groups, runs };
    },
  }),
}));
