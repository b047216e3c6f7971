import {
  CURVE_COLUMNS,
  type CurveColumn,
  type CurveColumns,
  countPoints,
  pickPoints,
  readCurveParts,
  readCurves,
  runPage,
  type StepRange,
} from '@smallbatch/db';
import type { GraphQLResolveInfo } from 'graphql';
import { builder } from '../builder.ts';
import { fault } from '../errors.ts';
import { finite, kindOf, NonFinite } from '../metric/schema.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import { Run } from '../run/schema.ts';
import { fieldsAsked } from '../selection.ts';
import { thinned } from './curves.ts';

/** Most runs and points of one answer; more is an error that says so. */
const MAX_RUNS = 1000;
export const MAX_POINTS = 2_000_000;

const NonFinitePoint = builder
  .objectRef<{ index: number; kind: NonNullable<ReturnType<typeof kindOf>> }>('NonFinitePoint')
  .implement({
    description: 'A null in `values` that is a value all the same.',
    fields: (t) => ({
      index: t.exposeInt('index', { description: 'Its place.' }),
      kind: t.expose('kind', { type: NonFinite, description: 'What it is.' }),
    }),
  });
export type CurveShape = CurveColumns & { readonly count: number };
export const Curve = builder.objectRef<CurveShape>('Curve').implement({
  description: 'Points of one metric of one run, in the order of their steps, as columns of one length.',
  fields: (t) => ({
    run: t.prismaField({
      type: Run,
      description: 'The run.',
      resolve: (query, { runId }, _a, { db }) =>
        db.prisma.run.findUniqueOrThrow({ ...query, where: { id: runId } }),
    }),
    metric: t.exposeString('metric', { description: 'Name of the metric.' }),
    steps: t.field({ type: ['SafeInt'], description: 'Steps done.', resolve: ({ steps }) => steps }),
    epochs: t.field({
      type: ['Float'],
      nullable: { list: false, items: true },
      description: 'Epochs done, if reported.',
      resolve: ({ epochs }) => epochs,
    }),
    samplesSeen: t.field({
      type: ['SafeInt'],
      nullable: { list: false, items: true },
      description: 'Samples trained on, if reported.',
      resolve: ({ samplesSeen }) => samplesSeen,
    }),
    wallTimes: t.floatList({
      description: 'Seconds since the attempt began.',
      resolve: ({ wallTimes }) => wallTimes,
    }),
    values: t.field({
      type: ['Float'],
      nullable: { list: false, items: true },
      description: 'The values; null where not finite.',
      resolve: ({ values }) => values.map(finite),
    }),
    nonFinite: t.field({
      type: [NonFinitePoint],
      description: 'What the nulls are.',
      resolve: ({ values }) =>
        values.flatMap((value, index) => {
          const kind = kindOf(value);
          return kind ? [{ index, kind }] : [];
        }),
    }),
    count: t.exposeInt('count', {
      description: 'Points that there are, of the steps asked for, before any thinning.',
    }),
  }),
});
const Curves = builder.simpleObject('Curves', {
  description: 'Curves of one metric of many runs.',
  fields: (t) => ({
    metric: t.string({ description: 'Name of the metric.' }),
    curves: t.field({
      type: [Curve],
      description: 'One for each run that has the metric, at the steps asked for.',
    }),
    sampled: t.boolean({ description: 'Whether points were left out.' }),
    of: t.field({ type: 'SafeInt', description: 'Points that there are, of the steps asked for.' }),
    method: t.string({ nullable: true, description: 'How they were left out.' }),
  }),
});
/** Which columns of curves are asked for, in whatever fragment. */
function columnsAsked(info: GraphQLResolveInfo): CurveColumn[] {
  const asked = fieldsAsked(info);
  return CURVE_COLUMNS.filter((column) => asked.has(column));
}
/** The steps that are asked for; undefined for all. */
function readSteps(
  from: number | bigint | null | undefined,
  to: number | bigint | null | undefined,
): StepRange | undefined {
  if (typeof from !== 'number' && typeof to !== 'number') return undefined;
  const steps = { from: Number(from ?? 0), to: Number(to ?? Number.MAX_SAFE_INTEGER) };
  if (steps.to < steps.from)
    throw fault('BAD_INPUT', `invalid toStep: ${steps.to}; at least fromStep, which is ${steps.from}`);
  return steps;
}
const METHOD = 'buckets of equal count, with the first, the last, and the least and greatest of each bucket';

builder.queryFields((t) => ({
  curves: t.field({
    type: Curves,
    description:
      'Complete curves of the runs that match, unless `maxPoints` asks for fewer points of each, or steps for a part of them.',
    args: {
      where: t.arg({ type: RunFilter, required: true, description: 'Which runs, at most 1,000.' }),
      metric: t.arg.string({ required: true, description: 'Name of the metric.' }),
      maxPoints: t.arg.int({ description: 'Most points of each curve, from 4.' }),
      fromStep: t.arg({ type: 'SafeInt', description: 'Only points from this step on.' }),
      toStep: t.arg({ type: 'SafeInt', description: 'Only points up to this step, it included.' }),
    },
    resolve: async (_root, { where, metric, maxPoints, fromStep, toStep }, context, info) => {
      const { db, viewer } = context;
      if (typeof maxPoints === 'number' && maxPoints < 4)
        throw fault('BAD_INPUT', `invalid maxPoints: ${maxPoints}; at least 4`);
      const steps = readSteps(fromStep, toStep);
      const rows = await runPage(db, {
        teamId: viewer!.teamId,
        where: (await filterFor(context, where)) ?? {},
        order: [{ field: 'CREATED_AT', direction: 'ASC' }],
        count: MAX_RUNS,
        backwards: false,
      });
      if (rows.length > MAX_RUNS)
        throw fault('TOO_MANY_POINTS', `invalid where: more than ${MAX_RUNS} runs match; ask for fewer`);
      const ids = rows.map(({ id }) => id);
      const counts = await countPoints(db, ids, metric, steps);
      const most = [...counts.values()].reduce((sum, count) => sum + count, 0);
      if (most > MAX_POINTS)
        throw fault(
          'TOO_MANY_POINTS',
          `${most} points match; at most ${MAX_POINTS} an answer: ask for fewer runs${steps ? ' or steps' : ''}`,
        );
      const columns = columnsAsked(info);
      const isLong = (id: string): boolean =>
        typeof maxPoints === 'number' && (counts.get(id) ?? 0) > maxPoints;
      const [whole, parts] = steps
        ? [await readCurves(db, ids, [metric], columns, steps), []]
        : await Promise.all([
            readCurves(
              db,
              ids.filter((id) => !isLong(id)),
              [metric],
              columns,
            ),
            readCurveParts(db, ids.filter(isLong), metric, columns, (values) => thinned(values, maxPoints!)),
          ]);
      const place = new Map(ids.map((id, i) => [id, i]));
      const curves = [...whole, ...parts]
        .sort((a, b) => place.get(a.runId)! - place.get(b.runId)!)
        .map((curve) => {
          if (!steps) return { ...curve, count: counts.get(curve.runId) ?? curve.steps.length };
          // What was counted are the points of chunks that reach into the steps.
          const kept =
            typeof maxPoints === 'number' ? pickPoints(curve, thinned(curve.values, maxPoints)) : curve;
          return { ...kept, count: curve.steps.length };
        });
      const of = curves.reduce((sum, { count }) => sum + count, 0);
      const sampled = curves.some(({ steps, count }) => steps.length < count);
      return { metric, curves, sampled, of, method: sampled ? METHOD : null };
    },
  }),
}));
