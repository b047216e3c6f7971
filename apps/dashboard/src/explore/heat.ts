import { type Dimension, formatValue, nameOf, valueAt } from '../axis/axis';
import type { CellState, HeatCell } from '../chart/heat-map';
import { runsHref } from '../filter/filter';
import type { Question } from '../question/question';
import { placesOf } from './places';
import { type Answer, describe, type Group, type Panel, runsOf } from './statistics';

export interface Grid {
  /** From left to right. */
  readonly columns: readonly unknown[];
  /** From top to bottom. */
  readonly rows: readonly unknown[];
}

/** The places of all panels, so that these can be compared; numbers rise upwards, names go down. */
export function gridOf(groups: readonly Group[], { x, y }: Question): Grid {
  const rows = placesOf(groups, y);
  const rising = rows.some((value) => typeof value === 'number');
  return { columns: placesOf(groups, x), rows: rising ? rows.toReversed() : rows };
}

/** Least and greatest mean of all panels. */
export function rangeOfMeans(groups: readonly Group[]): readonly [number, number] | undefined {
  const means = groups.flatMap(({ mean }) => mean ?? []);
  return means.length > 0 ? [Math.min(...means), Math.max(...means)] : undefined;
}

/** A cell that trains reliably: as `usableRange` says it, there are values, all runs have ended, none diverged or failed. */
export const isReliable = ({ runs, diverged, failed, unfinished }: Group): boolean =>
  runs > 0 && diverged + failed + unfinished === 0;

/** The mean that is the best of these by the metric's goal. */
export function bestMean(groups: readonly Group[], goal: Answer['goal']): number | undefined {
  const range = goal === 'NONE' ? undefined : rangeOfMeans(groups);
  return range?.[goal === 'MAXIMISE' ? 1 : 0];
}

/** Every place of the grid, row by row, with what a panel has there. */
export function cellsOf(panel: Panel, grid: Grid, goal: Answer['goal'], question: Question): HeatCell[] {
  const { x, y, near } = question;
  const dimensions: Dimension[] = [x, y];
  const keyOf = (column: unknown, row: unknown): string => JSON.stringify([column, row]);
  const found = new Map(panel.groups.map((group) => [keyOf(valueAt(group, x), valueAt(group, y)), group]));
  const best = bestMean(panel.groups, goal);
  const first = panel.groups.find(({ mean }) => mean !== null && mean === best);
  return grid.rows.flatMap((rowValue, row) =>
    grid.columns.map((columnValue, column): HeatCell => {
      const group = found.get(keyOf(columnValue, rowValue));
      if (!group)
        return {
          column,
          row,
          state: 'missing',
          mean: null,
          some: { diverged: false, failed: false, unfinished: false },
          best: false,
          reliable: false,
          near: false,
          label: `${nameOf(x)} ${formatValue(x, columnValue)}, ${nameOf(y)} ${formatValue(y, rowValue)}: no run`,
          href: null,
        };
      const { mean } = group;
      const state = stateOf(group);
      return {
        column,
        row,
        state,
        mean,
        some: {
          diverged: group.diverged > 0 && state !== 'diverged',
          failed: group.failed > 0 && state !== 'failed',
          unfinished: group.unfinished > 0 && state !== 'unfinished',
        },
        best: group === first,
        reliable: isReliable(group),
        near: near !== null && mean !== null && best !== undefined && Math.abs(mean - best) <= near,
        label: describe(group, question, dimensions),
        href: runsHref(runsOf(group, dimensions, panel.where)),
      };
    }),
  );
}

/** Why there is no mean: what may still give one first, then what kept it away. */
function stateOf({ mean, unfinished, diverged, failed }: Group): CellState {
  if (mean !== null) return 'value';
  if (unfinished > 0) return 'unfinished';
  if (diverged > 0) return 'diverged';
  return failed > 0 ? 'failed' : 'empty';
}
