import type { CoverageCounts } from '@smallbatch/db';
import { AxisEnum, AxisValues } from '../aggregate/schema.ts';
import { builder, takePart } from '../builder.ts';
import { fault } from '../errors.ts';
import { PresetScaleEnum } from '../preset/schema.ts';
import { RunFilter } from '../run/filter.ts';
import { filterFor } from '../run/runs.ts';
import { type CoverageCell, type Covered, coverage, coverageOfPreset } from './coverage.ts';

type Counts = CoverageCounts & { readonly missing: number };
const COUNTS: Readonly<Record<keyof Counts, string>> = {
  done: 'Done, without having diverged.',
  diverged: 'Done and diverged.',
  running: 'Running.',
  waiting: 'Waiting.',
  pruned: 'Pruned.',
  failed: 'Failed.',
  cancelled: 'Cancelled.',
  duplicates: 'Further runs of a configuration that is counted already.',
  missing: 'Without any run: of a filter places of the grid, of a preset configurations.',
};
const NAMES = Object.keys(COUNTS) as (keyof Counts)[];

const CoverageCounts_ = builder.interfaceRef<Counts>('CoverageCounts').implement({
  description: 'Configurations by where their runs stand; each counts once.',
  fields: (t) =>
    Object.fromEntries(NAMES.map((name) => [name, t.exposeInt(name, { description: COUNTS[name] })])),
});
const CoverageCellRef = builder.objectRef<CoverageCell>('CoverageCell').implement({
  description: 'One place of the grid.',
  interfaces: [AxisValues, CoverageCounts_],
  isTypeOf: () => true,
  fields: (t) => ({
    members: t.stringList({
      description: 'Keys of the members whose runs there are.',
      resolve: ({ members }) => [...members],
    }),
  }),
});
const Coverage = builder.objectRef<Covered & Counts>('Coverage').implement({
  description: 'Which places of a grid have runs, and which have none.',
  interfaces: [CoverageCounts_],
  isTypeOf: () => true,
  fields: (t) => ({
    by: t.field({ type: [AxisEnum], description: 'The axes of the grid.', resolve: ({ by }) => [...by] }),
    total: t.int({ description: 'Places of the grid.', resolve: ({ cells }) => cells.length }),
    cells: t.field({
      type: [CoverageCellRef],
      description: 'The places, a part of them at a time.',
      args: {
        first: t.arg.int({ defaultValue: 1000, description: 'How many, at most 10000.' }),
        skip: t.arg.int({ defaultValue: 0, description: 'How many to leave out before.' }),
        missing: t.arg.boolean({ description: 'Only those with (or without) something missing.' }),
      },
      resolve: ({ cells }, { missing, ...part }) => {
        const wanted =
          typeof missing === 'boolean' ? cells.filter((cell) => cell.missing > 0 === missing) : cells;
        return takePart(wanted, part, { usual: 1000, most: 10_000 });
      },
    }),
  }),
});

builder.queryFields((t) => ({
  coverage: t.field({
    type: Coverage,
    description:
      'What there is of a grid: of a filter, the product of the values that each axis has among its runs; of a preset, its cells, whoever trained them.',
    args: {
      where: t.arg({ type: RunFilter, description: 'Which runs; { sweep: { eq: KEY } } for a sweep.' }),
      by: t.arg({ type: [AxisEnum], required: true, description: 'The axes of the grid.' }),
      preset: t.arg.string({ description: 'A preset in place of a filter.' }),
      scale: t.arg({ type: PresetScaleEnum, defaultValue: 'paper', description: 'Of the preset.' }),
      dataset: t.arg.string({ description: "A data set in place of the preset's own." }),
    },
    resolve: async (_root, { where, by, preset, scale, dataset }, context) => {
      const { db, viewer } = context;
      const axes = [...new Set(by)];
      if (axes.length === 0) throw fault('BAD_INPUT', 'invalid by: a grid has at least one axis');
      if (preset && where)
        throw fault('BAD_INPUT', 'invalid coverage: a filter and a preset at once; give one');
      const found = preset
        ? await coverageOfPreset(
            db,
            viewer!,
            preset,
            { scale: scale ?? 'paper', ...(dataset ? { dataset } : {}) },
            axes,
          )
        : await coverage(db, { teamId: viewer!.teamId, where: await filterFor(context, where), by: axes });
      const sums = Object.fromEntries(
        NAMES.map((name) => [name, found.cells.reduce((sum, cell) => sum + cell[name], 0)]),
      ) as unknown as Counts;
      return { ...found, ...sums };
    },
  }),
}));
