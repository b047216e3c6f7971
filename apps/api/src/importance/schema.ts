import { AxisEnum } from '../aggregate/schema.ts';
import { builder } from '../builder.ts';
import { RunValueEnum } from '../metric/schema.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import { type ImportanceAnswer, importanceOf, TREES, type Weight } from './importance.ts';

const WeightRef = builder.objectRef<Weight>('ImportanceOfAxis').implement({
  description: "How much of the metric's variance over settings goes with one axis or one free parameter.",
  fields: (t) => ({
    axis: t.expose('axis', {
      type: AxisEnum,
      nullable: true,
      description: 'The axis; null for a free parameter.',
    }),
    param: t.exposeString('param', {
      nullable: true,
      description: 'Name of the free parameter; null for an axis.',
    }),
    share: t.exposeFloat('share', {
      description:
        "Share of the variance, alone or together with other axes (Sobol's total effect): shares may add up to more than 1, and one near 0 may be estimated a little below it.",
    }),
    sd: t.exposeFloat('sd', { description: 'Deviation of the share over the trees of the forest.' }),
    values: t.exposeInt('values', { description: 'Values that it has among the settings.' }),
  }),
});
const ImportanceRef = builder
  .objectRef<ImportanceAnswer & { metric: string; seed: number }>('Importance')
  .implement({
    description: `Which axes a metric depends on: permutation importance by a random forest of ${TREES} trees (Breiman 2001), on rows outside of each tree's sample. The same for the same seed.`,
    fields: (t) => ({
      metric: t.exposeString('metric', { description: 'The metric.' }),
      seed: t.expose('seed', { type: 'SafeInt', description: 'Seed of the forest.' }),
      n: t.exposeInt('n', { description: 'Settings that it is of, each by its mean over seeds.' }),
      of: t.exposeInt('of', {
        description: 'Settings that have a value; more than n where some were drawn.',
      }),
      r2: t.exposeFloat('r2', {
        nullable: true,
        description:
          'Of the variance, what the forest predicts of settings that it has not seen; near 0 the shares mean nothing.',
      }),
      reason: t.exposeString('reason', {
        nullable: true,
        description: 'Why there are no shares, if there are none.',
      }),
      axes: t.field({
        type: [WeightRef],
        description: 'Axes and free parameters that differ, the most important first.',
        resolve: ({ weights }) => [...weights],
      }),
    }),
  });

builder.queryFields((t) => ({
  importance: t.field({
    type: ImportanceRef,
    description: 'Which axes and free parameters the metric depends on, over the settings that match.',
    args: {
      where: t.arg({ type: RunFilter, description: 'Which runs.' }),
      metric: t.arg.string({
        required: true,
        defaultValue: 'test_accuracy',
        description: 'Name of the metric.',
      }),
      value: t.arg({
        type: RunValueEnum,
        required: true,
        defaultValue: 'MEDIAN_LAST_5',
        description: 'Which value of a run.',
      }),
      seed: t.arg({ type: 'SafeInt', required: true, defaultValue: 0, description: 'Seed of the forest.' }),
    },
    resolve: async (_root, { where, metric, value, seed }, context) => {
      const { db, viewer } = context;
      const answer = await importanceOf(db, {
        teamId: viewer!.teamId,
        where: (await filterFor(context, where)) ?? null,
        metric,
        value,
        seed: Number(seed),
      });
      return { ...answer, metric, seed: Number(seed) };
    },
  }),
}));
