import { type BandRow, countBandPoints, curveBands, nameIds } from '@smallbatch/db';
import { groupAxes } from '../aggregate/aggregate.ts';
import { byAxes } from '../aggregate/order.ts';
import { AxisEnum, AxisValues } from '../aggregate/schema.ts';
import { builder } from '../builder.ts';
import { fault } from '../errors.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import { MAX_POINTS } from './schema.ts';

/** Most quantiles of one answer. */
const MOST_QUANTILES = 9;

interface Band extends BandRow {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly asked: readonly number[];
}
const BandQuantile = builder.simpleObject('BandQuantile', {
  description: 'A quantile over runs, step by step.',
  fields: (t) => ({
    q: t.float({ description: 'Which, from 0 to 1; 0.5 is the median.' }),
    values: t.floatList({ description: 'By step, interpolated between runs.' }),
  }),
});
const CurveBand = builder.objectRef<Band>('CurveBand').implement({
  description:
    'Statistics over the runs of one group, step by step, as columns of one length. Runs that were logged on different steps are joined: `n` says how many have a value at each.',
  interfaces: [AxisValues],
  isTypeOf: () => true,
  fields: (t) => ({
    runs: t.exposeInt('runs', { description: 'Runs that the band is of.' }),
    steps: t.field({ type: ['SafeInt'], description: 'Steps, rising.', resolve: ({ steps }) => steps }),
    epochs: t.field({
      type: ['Float'],
      nullable: { list: false, items: true },
      description: 'Epochs done, where reported.',
      resolve: ({ epochs }) => epochs,
    }),
    n: t.field({
      type: ['Int'],
      description: 'Runs with a finite value at the step.',
      resolve: ({ n }) => n,
    }),
    mean: t.floatList({ description: 'Mean over runs.', resolve: ({ mean }) => mean }),
    sd: t.field({
      type: ['Float'],
      nullable: { list: false, items: true },
      description: 'Deviation over runs (n − 1); null below two.',
      resolve: ({ sd }) => sd,
    }),
    min: t.floatList({ description: 'Least.', resolve: ({ min }) => min }),
    max: t.floatList({ description: 'Greatest.', resolve: ({ max }) => max }),
    quantiles: t.field({
      type: [BandQuantile],
      description: 'Those that were asked for.',
      resolve: ({ asked, quantiles }) => asked.map((q, i) => ({ q, values: quantiles[i]! })),
    }),
  }),
});
const CurveBands = builder.simpleObject('CurveBands', {
  description: 'Curves of one metric as bands over runs.',
  fields: (t) => ({
    metric: t.string({ description: 'Name of the metric.' }),
    of: t.field({ type: 'SafeInt', description: 'Points that they are of.' }),
    bands: t.field({ type: [CurveBand], description: 'One for each group, in the order of their axes.' }),
  }),
});

builder.queryFields((t) => ({
  curveBands: t.field({
    type: CurveBands,
    description:
      'Mean, deviation and quantiles of a metric over runs, step by step, computed in the database from every point: for each group the seeds of its settings. Of runs that are done and did not diverge, one of each configuration.',
    args: {
      where: t.arg({ type: RunFilter, required: true, description: 'Which runs.' }),
      metric: t.arg.string({ required: true, description: 'Name of the metric.' }),
      by: t.arg({ type: [AxisEnum], description: 'Axes that tell groups apart; one band of all without.' }),
      quantiles: t.arg.floatList({
        defaultValue: [0.25, 0.5, 0.75],
        description: `Quantiles over runs, at most ${MOST_QUANTILES}.`,
      }),
      unfinished: t.arg.boolean({ defaultValue: false, description: 'Also runs that still train.' }),
    },
    resolve: async (_root, args, context) => {
      const { db, viewer } = context;
      const { teamId } = viewer!;
      const quantiles = args.quantiles ?? [];
      const wrong = quantiles.find((q) => !(q >= 0 && q <= 1));
      if (wrong !== undefined)
        throw fault('BAD_INPUT', `invalid quantiles: ${wrong}; numbers from 0 to 1 (0.5 is the median)`);
      if (quantiles.length > MOST_QUANTILES)
        throw fault('BAD_INPUT', `invalid quantiles: ${quantiles.length} of them; at most ${MOST_QUANTILES}`);
      const by = [...new Set(args.by ?? [])];
      const query = {
        teamId,
        where: (await filterFor(context, args.where)) ?? null,
        metric: args.metric,
        by,
        quantiles,
        unfinished: args.unfinished ?? false,
      };
      const of = await countBandPoints(db, query);
      if (of > MAX_POINTS)
        throw fault(
          'TOO_MANY_POINTS',
          `${of} points match; at most ${MAX_POINTS} an answer: ask for fewer runs`,
        );
      const [rows, names] = await Promise.all([curveBands(db, query), nameIds(db, teamId)]);
      const bands = rows.map((row) => ({ ...row, axes: groupAxes(by, row.group, names), asked: quantiles }));
      bands.sort(byAxes(by));
      return { metric: args.metric, of, bands };
    },
  }),
}));
