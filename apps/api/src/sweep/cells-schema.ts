import { type CellRows, cellTable, cellValues } from '@smallbatch/db';
import { AxisEnum } from '../aggregate/schema.ts';
import { builder, readPart } from '../builder.ts';
import { RunStatusEnum } from '../run/filter.ts';
import { type CellColumn, cellColumns } from './cells.ts';
import { Sweep } from './schema.ts';

/** Most cells of one answer. */
const MOST = 10_000;

const CellColumnRef = builder.objectRef<CellColumn>('CellColumn').implement({
  description: 'One thing that differs between the cells of a sweep: an axis, or a free parameter.',
  fields: (t) => ({
    axis: t.expose('axis', { type: AxisEnum, nullable: true, description: 'The axis; null of a parameter.' }),
    param: t.exposeString('param', {
      nullable: true,
      description: 'Name of the parameter; null of an axis.',
    }),
    values: t.field({
      type: ['JSON'],
      nullable: { list: false, items: true },
      description: 'Its values, each once, in rising order; null last, where cells do not have it.',
      resolve: ({ values }) => [...values],
    }),
    codes: t.field({
      type: ['Int'],
      description: 'For each cell the place of its value in `values`, from 0.',
      resolve: ({ codes }) => [...codes],
    }),
  }),
});
interface Table extends CellRows {
  readonly total: number;
  readonly sweep: { readonly id: string; readonly teamId: string };
}
const CellTable = builder.objectRef<Table>('CellTable').implement({
  description:
    'Cells of a sweep as columns of one length, in the order of their positions: what its grid is laid out by.',
  fields: (t) => ({
    total: t.exposeInt('total', { description: 'Cells of the sweep.' }),
    positions: t.exposeIntList('positions', { description: 'Their places in the sweep, from 1.' }),
    runs: t.exposeStringList('runs', { description: 'Keys of the runs that answer them.' }),
    statuses: t.expose('statuses', { type: [RunStatusEnum], description: 'Where these stand.' }),
    diverged: t.exposeBooleanList('diverged', { description: 'Whether these diverged.' }),
    reused: t.exposeBooleanList('reused', { description: 'Whether these were not created by the sweep.' }),
    columns: t.field({
      type: [CellColumnRef],
      description:
        'What differs between cells of the sweep: axes in their order, the seed, and free parameters by name. All other axes are the same in every cell.',
      resolve: cellColumns,
    }),
    values: t.field({
      type: ['Float'],
      nullable: { list: false, items: true },
      description:
        'Of a metric their medians of the last five evaluations; null of what is not done, has diverged, or does not have it.',
      args: {
        metric: t.arg.string({
          required: true,
          defaultValue: 'test_accuracy',
          description: 'Name of the metric.',
        }),
      },
      resolve: ({ sweep, positions }, { metric }, { db }) =>
        cellValues(db, sweep.teamId, sweep.id, positions, metric),
    }),
  }),
});

builder.prismaObjectFields(Sweep, (t) => ({
  cellTable: t.field({
    type: CellTable,
    description: 'Its cells with what tells them apart.',
    args: {
      first: t.arg.int({
        defaultValue: MOST,
        description: `How many, at most ${MOST.toLocaleString('en')}.`,
      }),
      skip: t.arg.int({ defaultValue: 0, description: 'How many to leave out before.' }),
    },
    select: { id: true, teamId: true, cellCount: true },
    resolve: async ({ id, teamId, cellCount }, part, { db }) => ({
      ...(await cellTable(db, teamId, id, readPart(part, { usual: MOST, most: MOST }))),
      total: cellCount,
      sweep: { id, teamId },
    }),
  }),
}));
