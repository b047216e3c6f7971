import type { Axis } from '@smallbatch/db';
import { AxisEnum, AxisValues, valueArguments } from '../aggregate/schema.ts';
import { builder, takePart } from '../builder.ts';
import { GoalEnum } from '../metric/schema.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import { COSTS, type CostPoint, type Pareto, pareto } from './pareto.ts';

const CostEnum = builder.enumType('Cost', {
  description:
    'What a run takes: device time (its share of the time of the runs that it trained beside), samples, steps, or steps until its goal error.',
  values: COSTS,
});
const CostPointRef = builder.objectRef<CostPoint>('CostPoint').implement({
  description: 'A setting by what it reaches and what it takes.',
  interfaces: [AxisValues],
  isTypeOf: () => true,
  fields: (t) => ({
    hyper: t.field({ type: 'JSON', description: 'Parameters of your own.', resolve: ({ hyper }) => hyper }),
    settingHash: t.exposeString('settingHash', { description: 'Of the setting.' }),
    mean: t.exposeFloat('mean', { description: 'Mean of the metric over its seeds.' }),
    n: t.exposeInt('n', { description: 'Runs that the mean is of.' }),
    cost: t.exposeFloat('cost', {
      description: 'Mean cost of its runs that are done and did not diverge: seconds, samples or steps.',
    }),
    onFront: t.exposeBoolean('onFront', {
      description: 'Whether no other setting is at least as good for less, or better for as much.',
    }),
    keys: t.stringList({
      description: 'Keys of the runs, the first 100.',
      resolve: async (point) => (await point.keys()).slice(0, 100),
    }),
  }),
});

const PART = { usual: 100, most: 1000 };
const ParetoRef = builder
  .objectRef<Pareto & { metric: string; cost: (typeof COSTS)[number] }>('Pareto')
  .implement({
    description: 'A metric against its cost, setting by setting.',
    fields: (t) => {
      const args = {
        first: t.arg.int({ defaultValue: 100, description: 'How many, at most 1000.' }),
        skip: t.arg.int({ defaultValue: 0, description: 'How many to leave out before.' }),
      };
      return {
        metric: t.exposeString('metric', { description: 'The metric.' }),
        goal: t.expose('goal', { type: GoalEnum, description: "The metric's goal." }),
        cost: t.expose('cost', { type: CostEnum, description: 'What is spent.' }),
        settings: t.int({ description: 'Settings that have both.', resolve: ({ points }) => points.length }),
        withoutCost: t.int({
          description: 'Settings that have a value but no such cost, as those that never reached their goal.',
          resolve: ({ without }) => without,
        }),
        front: t.field({
          type: [CostPointRef],
          description: 'The Pareto front, by rising cost.',
          args,
          resolve: ({ points }, part) =>
            takePart(
              points.filter(({ onFront }) => onFront),
              part,
              PART,
            ),
        }),
        frontCount: t.int({
          description: 'Settings on the front.',
          resolve: ({ points }) => points.filter(({ onFront }) => onFront).length,
        }),
        points: t.field({
          type: [CostPointRef],
          description: 'All settings, by rising cost, a part at a time.',
          args,
          resolve: ({ points }, part) => takePart(points, part, PART),
        }),
        bestWithin: t.field({
          type: CostPointRef,
          nullable: true,
          description: 'The best setting that takes at most so much; null where none does.',
          args: { cost: t.arg.float({ required: true, description: 'In seconds, samples or steps.' }) },
          resolve: ({ points }, { cost }) =>
            points.findLast((point) => point.onFront && point.cost <= cost) ?? null,
        }),
        bestPerGpuMinute: t.field({
          type: CostPointRef,
          nullable: true,
          description:
            'The setting whose mean is the greatest for each minute of device time; null for a metric that is not maximised, or where no device time is known.',
          resolve: (found) => found.bestPerGpuMinute(),
        }),
      };
    },
  });

builder.queryFields((t) => ({
  pareto: t.field({
    type: ParetoRef,
    description: 'Accuracy (or any metric with a goal) against cost: every setting, and the Pareto front.',
    args: {
      where: t.arg({ type: RunFilter, description: 'Which runs.' }),
      best: t.arg({
        type: [AxisEnum],
        description: 'Axes over which the best setting is chosen first, by the metric alone.',
      }),
      ...valueArguments(t),
      cost: t.arg({
        type: CostEnum,
        required: true,
        defaultValue: 'GPU_SECONDS',
        description: 'What is spent.',
      }),
    },
    resolve: async (_root, args, context) => {
      const { db, viewer } = context;
      const found = await pareto(db, {
        teamId: viewer!.teamId,
        where: (await filterFor(context, args.where)) ?? null,
        best: [...new Set<Axis>(args.best ?? [])],
        selectSeeds: args.selectSeeds?.map(Number) ?? null,
        metric: args.metric,
        value: args.value,
        cost: args.cost,
      });
      return { ...found, metric: args.metric, cost: args.cost };
    },
  }),
}));
