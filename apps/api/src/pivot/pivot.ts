import type { Axis, Db, Goal } from '@smallbatch/db';
import { type AggregateRequest, aggregate, type Group } from '../aggregate/aggregate.ts';
import { byAxes, text } from '../aggregate/order.ts';
import { fieldOf } from '../aggregate/settings.ts';
import { fault } from '../errors.ts';

/** VALUE: there is a mean. Otherwise why there is none: all diverged, all failed, not ended yet, ended without the metric, or no run at all. */
export type CellState = 'VALUE' | 'DIVERGED' | 'FAILED' | 'UNFINISHED' | 'WITHOUT_VALUE' | 'MISSING';

export interface PivotCell {
  readonly group: Group | null;
  readonly bestInRow: boolean;
  readonly bestInColumn: boolean;
}
export interface PivotLine {
  readonly axes: Readonly<Record<string, unknown>>;
}
export interface PivotTable {
  readonly goal: Goal;
  readonly runs: () => Promise<number>;
  readonly columns: readonly PivotLine[];
  readonly rows: readonly (PivotLine & { readonly cells: readonly PivotCell[] })[];
}

/** Most cells of a table. */
const MOST_CELLS = 50_000;

export async function stateOf(group: Group | null): Promise<CellState> {
  if (!group) return 'MISSING';
  if (group.n > 0) return 'VALUE';
  const { unfinished, diverged, failed } = await group.counts();
  if (unfinished > 0) return 'UNFINISHED';
  if (diverged > 0) return 'DIVERGED';
  if (failed > 0) return 'FAILED';
  return 'WITHOUT_VALUE';
}

function lines(groups: readonly Group[], axes: readonly Axis[]): { key: string; line: PivotLine }[] {
  const inOrder = byAxes(axes);
  const found = new Map<string, PivotLine>();
  for (const group of groups) {
    const own = Object.fromEntries(axes.map((axis) => [fieldOf(axis), group.axes[fieldOf(axis)]]));
    found.set(text(Object.values(own)), { axes: own });
  }
  return [...found].map(([key, line]) => ({ key, line })).sort((x, y) => inOrder(x.line, y.line));
}

/** The groups of an aggregate as rows × columns, with the best of each marked by the metric's goal; equal ones alike. */
export async function pivot(
  db: Db,
  {
    rows,
    columns,
    ...request
  }: Omit<AggregateRequest, 'by' | 'byParams'> & {
    readonly rows: readonly Axis[];
    readonly columns: readonly Axis[];
  },
): Promise<PivotTable> {
  const twice = rows.find((axis) => columns.includes(axis));
  if (twice)
    throw fault('BAD_INPUT', `invalid columns: ${twice} is in the rows; leave it out of one of them`);
  const { goal, groups, runs } = await aggregate(db, { ...request, by: [...rows, ...columns], byParams: [] });
  const [down, across] = [lines(groups, rows), lines(groups, columns)];
  if (down.length * across.length > MOST_CELLS) {
    throw fault(
      'BAD_INPUT',
      `invalid pivot: ${down.length} rows × ${across.length} columns; at most ${MOST_CELLS} cells: filter, or group by fewer axes`,
    );
  }
  const keyOf = (group: Group, axes: readonly Axis[]): string =>
    text(axes.map((axis) => group.axes[fieldOf(axis)]));
  const byKey = new Map(groups.map((group) => [`${keyOf(group, rows)} ${keyOf(group, columns)}`, group]));
  const grid = down.map((row) => across.map((column) => byKey.get(`${row.key} ${column.key}`)));
  const best = (line: readonly (Group | undefined)[]): number | undefined => {
    const means = line.flatMap((group) => group?.mean ?? []);
    if (goal === 'NONE' || means.length === 0) return undefined;
    return goal === 'MAXIMISE' ? Math.max(...means) : Math.min(...means);
  };
  const ofRow = grid.map(best);
  const ofColumn = across.map((_, j) => best(grid.map((row) => row[j])));
  return {
    goal,
    runs,
    columns: across.map(({ line }) => line),
    rows: down.map(({ line }, i) => ({
      ...line,
      cells: grid[i]!.map((group, j): PivotCell => {
        const mean = group?.mean ?? undefined;
        return {
          group: group ?? null,
          bestInRow: mean !== undefined && mean === ofRow[i],
          bestInColumn: mean !== undefined && mean === ofColumn[j],
        };
      }),
    })),
  };
}
