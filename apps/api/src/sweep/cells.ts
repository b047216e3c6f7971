import { type Axis, type CellRows, SETTING_AXES } from '@smallbatch/db';
import { byValue, text } from '../aggregate/order.ts';

/** What tells cells apart: an axis, or a free parameter by its name. Each value once, in rising order, and for each cell which it has. */
export interface CellColumn {
  readonly axis: Axis | null;
  readonly param: string | null;
  readonly values: readonly unknown[];
  readonly codes: readonly number[];
}

/** A column of so many values; undefined where they are all one, unless it varies elsewhere in the sweep. */
function column(of: Pick<CellColumn, 'axis' | 'param'>, all: readonly unknown[]): CellColumn {
  const codeOf = new Map<string, number>();
  const values = [...new Map(all.map((value) => [text(value), value ?? null])).values()].sort(byValue);
  for (const [code, value] of values.entries()) codeOf.set(text(value), code);
  return { ...of, values, codes: all.map((value) => codeOf.get(text(value ?? null))!) };
}

/** The columns of what differs between cells of the whole sweep, over the cells that were read. */
export function cellColumns({ settings, places, allPlaces, seeds, seedsVary }: CellRows): CellColumn[] {
  const over = Array.from(places);
  const [first] = allPlaces;
  const axes = SETTING_AXES.filter((axis) =>
    allPlaces.some((place) => settings.code(axis, place) !== settings.code(axis, first!)),
  );
  const columns = axes.map((axis) =>
    column(
      { axis, param: null },
      over.map((place) => settings.value(axis, place)),
    ),
  );
  if (seedsVary) columns.push(column({ axis: 'SEED', param: null }, seeds));
  const hyperOf = (place: number) => settings.value('HYPER', place) as Readonly<Record<string, unknown>>;
  const names = new Set(Array.from(allPlaces).flatMap((place) => Object.keys(hyperOf(place))));
  for (const param of [...names].sort()) {
    const of = (place: number): unknown =>
      Object.hasOwn(hyperOf(place), param) ? hyperOf(place)[param] : null;
    if (allPlaces.some((place) => of(place) !== of(first!)))
      columns.push(column({ axis: null, param }, over.map(of)));
  }
  return columns;
}
