import type { Answer } from '@smallbatch/db';
import { AxisValues } from '../aggregate/schema.ts';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  type Outcome,
  outcome,
  resolveType,
  takePart,
} from '../builder.ts';
import { Dataset } from '../dataset/schema.ts';
import { RunStatusEnum } from '../run/filter.ts';
import { type Preview, type PreviewCell, preview, type ShapeWork } from './preview.ts';

/** Most cells of one answer. */
const MOST_CELLS = 1000;

const AnsweringRun = builder.objectRef<Answer>('AnsweringRun').implement({
  description: 'A run of the team that answers a configuration already.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its key.' }),
    status: t.expose('status', { type: RunStatusEnum, description: 'Where it stands.' }),
    member: t.exposeString('member', { description: 'Key of the member whose it is.' }),
  }),
});

interface CellShape {
  readonly axes: Readonly<Record<string, unknown>>;
  readonly cell: PreviewCell;
}
const shapeOf = (cell: PreviewCell): CellShape => ({
  cell,
  axes: { ...cell.axes, dataset: cell.dataset.name, seed: cell.run.seed },
});
const SweepCell = builder.objectRef<CellShape>('SweepCell').implement({
  description: 'A cell of a sweep that is not written yet.',
  interfaces: [AxisValues],
  isTypeOf: () => true,
  fields: (t) => ({
    position: t.int({ description: 'From 1, in listed order.', resolve: ({ cell }) => cell.position }),
    hyper: t.field({
      type: 'JSON',
      description: 'Its parameters of your own.',
      resolve: ({ cell }) => cell.run.hyper,
    }),
    plannedSteps: t.field({
      type: 'SafeInt',
      description: 'Steps of its run, unless it ends before.',
      resolve: ({ cell }) => cell.run.plannedSteps,
    }),
    flops: t.float({
      description: 'What its run computes, in FLOPs: training and evaluation.',
      resolve: ({ cell }) => cell.flops,
    }),
    answeredBy: t.field({
      type: AnsweringRun,
      nullable: true,
      description: 'The run that would answer it; null where a new one is trained.',
      resolve: ({ cell }) => cell.answer,
    }),
  }),
});

const ShapeWorkRef = builder.objectRef<ShapeWork>('ShapeWork').implement({
  description: 'New runs whose steps have one shape, and so one speed on a machine.',
  fields: (t) => ({
    dataset: t.prismaField({
      type: Dataset,
      description: 'What they are trained on.',
      resolve: (query, { dataset }, _args, { db }) =>
        db.prisma.dataset.findUniqueOrThrow({ ...query, where: { id: dataset.id } }),
    }),
    shapeKey: t.exposeString('shapeKey', { description: 'What workers remember its speed by.' }),
    model: t.exposeString('model', { description: 'Model.' }),
    batchSize: t.exposeInt('batchSize', { description: 'm.' }),
    flopsPerSample: t.exposeFloat('flopsPerSample', { description: 'Of training one sample, in FLOPs.' }),
    cell: t.field({
      type: SweepCell,
      description: 'The first of them.',
      resolve: ({ cell }) => shapeOf(cell),
    }),
    runs: t.exposeInt('runs', { description: 'Runs.' }),
    flops: t.exposeFloat('flops', { description: 'Of all of them, in FLOPs.' }),
  }),
});

const SweepPreview = builder.objectRef<Outcome<'SweepPreview', Preview>>('SweepPreview').implement({
  description: 'What creating a sweep would do. Nothing is written.',
  isTypeOf: isOutcome('SweepPreview'),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As in the file.' }),
    total: t.int({ description: 'Cells.', resolve: ({ cells }) => cells.length }),
    created: t.int({
      description: 'Cells that a new run would be trained for.',
      resolve: ({ cells }) => cells.filter(({ answer }) => !answer).length,
    }),
    reused: t.int({
      description: 'Cells that a run of the team answers, finished, running or waiting.',
      resolve: ({ cells }) => cells.filter(({ answer }) => answer).length,
    }),
    flops: t.float({
      description: 'What the new runs compute, in FLOPs: training and evaluation.',
      resolve: ({ work }) => work.reduce((sum, { flops }) => sum + flops, 0),
    }),
    mayEndEarly: t.exposeBoolean('mayEndEarly', {
      description: 'Whether runs may end before their budget does, so that the cost is a bound.',
    }),
    work: t.field({
      type: [ShapeWorkRef],
      description: 'The new runs by the shape of their steps, the most work first.',
      resolve: ({ work }) => work,
    }),
    cells: t.field({
      type: [SweepCell],
      description: 'The cells in listed order, a part of them at a time.',
      args: {
        first: t.arg.int({ defaultValue: 100, description: `How many, at most ${MOST_CELLS}.` }),
        skip: t.arg.int({ defaultValue: 0, description: 'Cells to leave out before.' }),
      },
      resolve: ({ cells }, part) => takePart(cells, part, { usual: 100, most: MOST_CELLS }).map(shapeOf),
    }),
  }),
});
const PreviewSweepResult = builder.unionType('PreviewSweepResult', {
  description: 'What creating a sweep would do, or what is wrong with it.',
  types: [SweepPreview, InvalidInput],
  resolveType,
});

builder.queryFields((t) => ({
  previewSweep: t.field({
    type: PreviewSweepResult,
    description:
      'What createSweep would do with a sweep file: its cells, who answers them already, the cost.',
    args: { definition: t.arg({ type: 'JSON', required: true }) },
    resolve: async (_root, { definition }, { db, viewer }) => {
      const found = await preview(db, viewer!, definition);
      return 'problems' in found ? invalidInput(found.problems) : outcome('SweepPreview', found);
    },
  }),
}));
