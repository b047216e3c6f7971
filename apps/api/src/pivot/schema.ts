import type { Axis } from '@smallbatch/db';
import { AggregateGroup, AxisEnum, AxisValues, valueArguments } from '../aggregate/schema.ts';
import { builder } from '../builder.ts';
import { fault } from '../errors.ts';
import { GoalEnum } from '../metric/schema.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import { type PivotCell, type PivotLine, type PivotTable, pivot, stateOf } from './pivot.ts';

const CellStateEnum = builder.enumType('PivotCellState', {
  description:
    'VALUE: there is a mean. Otherwise why there is none: its runs are UNFINISHED, all DIVERGED, all FAILED, or WITHOUT_VALUE of the metric; MISSING: there is no run.',
  values: ['VALUE', 'DIVERGED', 'FAILED', 'UNFINISHED', 'WITHOUT_VALUE', 'MISSING'] as const,
});
const PivotCellRef = builder.objectRef<PivotCell>('PivotCell').implement({
  description: 'One row in one column.',
  fields: (t) => ({
    state: t.field({
      type: CellStateEnum,
      description: 'Whether there is a mean, or why not.',
      resolve: ({ group }) => stateOf(group),
    }),
    group: t.expose('group', {
      type: AggregateGroup,
      nullable: true,
      description: 'Its statistics and counts; null where there is no run.',
    }),
    bestInRow: t.exposeBoolean('bestInRow', {
      description: "Whether its mean is the best of the row by the metric's goal.",
    }),
    bestInColumn: t.exposeBoolean('bestInColumn', { description: 'The same of the column.' }),
  }),
});
const PivotColumn = builder.objectRef<PivotLine>('PivotColumn').implement({
  description: 'A column by the values of its axes.',
  interfaces: [AxisValues],
  isTypeOf: () => true,
});
const PivotRow = builder.objectRef<PivotTable['rows'][number]>('PivotRow').implement({
  description: 'A row by the values of its axes.',
  interfaces: [AxisValues],
  isTypeOf: () => true,
  fields: (t) => ({
    cells: t.field({
      type: [PivotCellRef],
      description: 'Its cells, in the order of the columns.',
      resolve: ({ cells }) => [...cells],
    }),
  }),
});
const Pivot = builder.objectRef<PivotTable & { readonly metric: string }>('Pivot').implement({
  description: 'A table of statistics: rows × columns.',
  fields: (t) => ({
    metric: t.exposeString('metric', { description: 'The metric.' }),
    goal: t.expose('goal', { type: GoalEnum, description: "The metric's goal." }),
    runs: t.int({ description: 'All runs that matched the filter.', resolve: ({ runs }) => runs() }),
    columns: t.field({
      type: [PivotColumn],
      description: 'The columns, in order.',
      resolve: ({ columns }) => [...columns],
    }),
    rows: t.field({ type: [PivotRow], description: 'The rows, in order.', resolve: ({ rows }) => [...rows] }),
  }),
});

builder.queryFields((t) => ({
  pivot: t.field({
    type: Pivot,
    description:
      'Statistics of runs as a table of rows × columns; missing, failed and diverged cells are told apart.',
    args: {
      where: t.arg({ type: RunFilter, description: 'Which runs.' }),
      rows: t.arg({ type: [AxisEnum], required: true, description: 'Axes that tell rows apart.' }),
      columns: t.arg({ type: [AxisEnum], required: true, description: 'Axes that tell columns apart.' }),
      best: t.arg({
        type: [AxisEnum],
        description: 'Axes over which the best setting of each cell is chosen, by the mean over its seeds.',
      }),
      ...valueArguments(t),
    },
    resolve: async (_root, args, context) => {
      const { db, viewer } = context;
      const where = await filterFor(context, args.where);
      const unique = (axes: readonly Axis[] | null | undefined): Axis[] => [...new Set(axes ?? [])];
      const [rows, columns] = [unique(args.rows), unique(args.columns)];
      if (rows.length === 0 || columns.length === 0)
        throw fault('BAD_INPUT', 'invalid pivot: rows and columns need an axis each');
      const table = await pivot(db, {
        teamId: viewer!.teamId,
        rows,
        columns,
        best: unique(args.best),
        selectSeeds: args.selectSeeds?.map(Number) ?? null,
        metric: args.metric,
        value: args.value,
        known: context.settings,
        ...(where ? { where } : {}),
      });
      return { ...table, metric: args.metric };
    },
  }),
}));
