import type { Axis } from '@smallbatch/db';
import { AxisEnum, AxisValues, Interval, valueArguments } from '../aggregate/schema.ts';
import { builder, takePart } from '../builder.ts';
import { GoalEnum } from '../metric/schema.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import {
  breakdown,
  type Compared,
  compare,
  type Difference,
  type Pair,
  type Side,
  type Unmatched,
} from './compare.ts';

/** Most pairs or settings of one answer; the others are paged. */
const MOST = 1000;

const VerdictEnum = builder.enumType('Verdict', {
  description:
    "Which side is better by the metric's goal: A or B where the 95 % interval of the mean difference is clear of zero, else UNDECIDED.",
  values: ['A', 'B', 'UNDECIDED'] as const,
});

const DifferenceRef = builder.interfaceRef<Difference>('Difference').implement({
  description: 'Statistics of the differences a − b of pairs.',
  fields: (t) => ({
    n: t.exposeInt('n', { description: 'Pairs.' }),
    mean: t.exposeFloat('mean', { nullable: true, description: 'Mean difference a − b.' }),
    sd: t.exposeFloat('sd', { nullable: true, description: 'Deviation (n − 1); null below two pairs.' }),
    sem: t.exposeFloat('sem', { nullable: true, description: 'Standard error of the mean; null below two.' }),
    ci95: t.expose('ci95', {
      type: Interval,
      nullable: true,
      description: '95 % interval of the mean difference by the paired t; null below two pairs.',
    }),
    min: t.exposeFloat('min', { nullable: true, description: 'Least.' }),
    median: t.exposeFloat('median', { nullable: true, description: 'Median.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'Greatest.' }),
    wins: t.exposeInt('wins', {
      description: "Pairs in which a is better by the metric's goal (greater without one).",
    }),
    ties: t.exposeInt('ties', { description: 'Pairs of equal means.' }),
    losses: t.exposeInt('losses', { description: 'Pairs in which b is better.' }),
    verdict: t.expose('verdict', {
      type: VerdictEnum,
      nullable: true,
      description: 'Null below two pairs, and for a metric without a goal.',
    }),
  }),
});

const MatchedSetting = builder.interfaceRef<Side>('MatchedSetting').implement({
  description: 'What stands for a setting in matching.',
  interfaces: [AxisValues],
  fields: (t) => ({
    hyper: t.field({ type: 'JSON', description: 'Parameters of your own.', resolve: ({ hyper }) => hyper }),
    mean: t.exposeFloat('mean', { description: 'Mean over its seeds.' }),
    runs: t.exposeInt('runs', { description: 'Runs that the mean is of.' }),
    settings: t.exposeInt('settings', {
      description: 'Settings that are taken together, as they differ in ignored axes alone.',
    }),
    keys: t.stringList({
      description: 'Keys of the runs, the first 100.',
      resolve: async (side) => (await side.keys()).slice(0, 100),
    }),
  }),
});
const PairedSetting = builder.objectRef<Side>('PairedSetting').implement({
  description: 'One side of a pair.',
  interfaces: [AxisValues, MatchedSetting],
  isTypeOf: () => true,
});
const UnmatchedSetting = builder.objectRef<Unmatched>('UnmatchedSetting').implement({
  description: 'A setting that the other side has no match for.',
  interfaces: [AxisValues, MatchedSetting],
  isTypeOf: () => true,
  fields: (t) => ({
    keptBy: t.field({
      type: [AxisEnum],
      description:
        'The axis that kept it from matching: the only one that differs from a setting of the other side, else those whose value that side lacks, else all that vary.',
      resolve: ({ keptBy }) => [...keptBy],
    }),
    keptByParams: t.stringList({
      description: 'The same of free parameters.',
      resolve: ({ keptByParams }) => [...keptByParams],
    }),
  }),
});

const PairRef = builder.objectRef<Pair>('Pair').implement({
  description: 'Two settings that match.',
  fields: (t) => ({
    a: t.field({ type: PairedSetting, description: 'Of side a.', resolve: ({ a }) => a }),
    b: t.field({ type: PairedSetting, description: 'Of side b.', resolve: ({ b }) => b }),
    difference: t.exposeFloat('difference', { description: 'a − b.' }),
  }),
});

const DifferenceGroup = builder
  .objectRef<Difference & { readonly axes: Readonly<Record<string, unknown>> }>('DifferenceGroup')
  .implement({
    description: 'The pairs of one combination of axis values.',
    interfaces: [AxisValues, DifferenceRef],
    isTypeOf: () => true,
  });

const PART = { usual: 100, most: MOST };
const Comparison = builder
  .objectRef<Compared & { readonly metric: string; readonly value: string }>('Comparison')
  .implement({
    description: 'Two sides, compared over the settings that they share.',
    interfaces: [DifferenceRef],
    isTypeOf: () => true,
    fields: (t) => {
      const paging = {
        first: t.arg.int({ defaultValue: 100, description: `How many, at most ${MOST}.` }),
        skip: t.arg.int({ defaultValue: 0, description: 'How many to leave out before.' }),
      };
      return {
        metric: t.exposeString('metric', { description: 'The metric.' }),
        goal: t.expose('goal', { type: GoalEnum, description: "The metric's goal." }),
        ignored: t.field({
          type: [AxisEnum],
          description:
            'Axes of settings that were left out of matching: those that were asked for or chosen over, what the filters fix, and what exists on one side only because of it. Seed, member, sweep and engine always are.',
          resolve: ({ ignored }) => [...ignored],
        }),
        pairs: t.field({
          type: [PairRef],
          description: 'The pairs, a part of them at a time; `n` counts them.',
          args: paging,
          resolve: ({ pairs }, part) => takePart(pairs, part, PART),
        }),
        unmatchedA: t.field({
          type: [UnmatchedSetting],
          description: 'Settings of side a without a match.',
          args: paging,
          resolve: ({ unmatchedA }, part) => takePart(unmatchedA, part, PART),
        }),
        unmatchedB: t.field({
          type: [UnmatchedSetting],
          description: 'Settings of side b without a match.',
          args: paging,
          resolve: ({ unmatchedB }, part) => takePart(unmatchedB, part, PART),
        }),
        unmatchedCountA: t.int({
          description: 'How many of side a.',
          resolve: ({ unmatchedA }) => unmatchedA.length,
        }),
        unmatchedCountB: t.int({
          description: 'How many of side b.',
          resolve: ({ unmatchedB }) => unmatchedB.length,
        }),
        withoutValueA: t.exposeInt('withoutValueA', {
          description: 'Settings of side a of which no run has a value: unfinished, failed, or all diverged.',
        }),
        withoutValueB: t.exposeInt('withoutValueB', { description: 'The same of side b.' }),
        inBoth: t.int({
          description: 'Runs that match both filters: compared with themselves, they differ by nothing.',
          resolve: (compared) => compared.inBoth(),
        }),
        by: t.field({
          type: [DifferenceGroup],
          description: 'The same by the values of some axes.',
          args: { axes: t.arg({ type: [AxisEnum], required: true }) },
          resolve: ({ pairs, goal }, { axes }) =>
            breakdown(pairs, [...new Set(axes)], goal).map((group) => ({
              ...group.difference,
              axes: group.axes,
            })),
        }),
      };
    },
  });

builder.queryFields((t) => ({
  compare: t.field({
    type: Comparison,
    description:
      'Two members, two sweeps, batch norm on against off, or any other two filters: their settings are paired, and the differences of their means over seeds are tested.',
    args: {
      a: t.arg({ type: RunFilter, required: true, description: 'One side.' }),
      b: t.arg({ type: RunFilter, required: true, description: 'The other.' }),
      within: t.arg({ type: RunFilter, description: 'Holds for both.' }),
      ignoring: t.arg({ type: [AxisEnum], description: 'Axes that need not match.' }),
      best: t.arg({
        type: [AxisEnum],
        description: 'Axes over which each side takes its best setting before the two are paired.',
      }),
      ...valueArguments(t),
    },
    resolve: async (_root, args, context) => {
      const { db, viewer } = context;
      const { metric, value } = args;
      const unique = (axes: readonly Axis[] | null | undefined): Axis[] => [...new Set(axes ?? [])];
      const compared = await compare(db, {
        teamId: viewer!.teamId,
        a: (await filterFor(context, args.a)) ?? {},
        b: (await filterFor(context, args.b)) ?? {},
        within: await filterFor(context, args.within),
        ignoring: unique(args.ignoring),
        best: unique(args.best),
        selectSeeds: args.selectSeeds?.map(Number) ?? null,
        metric,
        value,
      });
      return { ...compared, metric, value };
    },
  }),
}));
