import { compareValues, type Dimension, formatValue, scaleOf, seriesName } from '../axis/axis';
import { rate } from '../shell/format';
import type { Column } from './cells';

/** Where the axes that vary go. What is named nowhere lies side by side inside a place. */
export interface Places {
  readonly rows: Dimension | null;
  readonly columns: Dimension | null;
  readonly panels: readonly Dimension[];
}
/** More panels than this say less than cells side by side. */
const MOST_PANELS = 12;
/** More numbers than this along a side, as random search draws them, are put together into ranges. */
const MOST_TICKS = 32;
const RANGES = 16;

/** η̃ down, m across; batch norm, data sets and the like as panels; seeds, and what would make too many panels, inside the places. */
export function usualPlaces(columns: readonly Column[]): Places {
  const free = columns.filter(({ dimension }) => dimension !== 'SEED');
  const has = (dimension: Dimension) => free.some((one) => one.dimension === dimension);
  const most = (but: readonly (Dimension | null)[]): Dimension | null =>
    free
      .filter(({ dimension }) => !but.includes(dimension))
      .sort((a, b) => b.values.length - a.values.length)[0]?.dimension ?? null;
  const kept = has('BATCH_SIZE') ? 'BATCH_SIZE' : null;
  const rows = has('BASE_LEARNING_RATE') ? 'BASE_LEARNING_RATE' : null;
  const across = kept ?? most([rows]) ?? (columns.length > 0 ? 'SEED' : null);
  const down = rows ?? most([across]);
  const panels: Dimension[] = [];
  let count = 1;
  for (const { dimension, values } of free) {
    if (dimension === across || dimension === down || count * values.length > MOST_PANELS) continue;
    panels.push(dimension);
    count *= values.length;
  }
  return { rows: down, columns: across, panels };
}

export interface Tick {
  readonly label: string;
}
export interface Panel {
  readonly id: string;
  readonly name: string;
  /** Index of the cell at each place of the raster, row by row; −1 where there is none. */
  readonly raster: Int32Array;
  readonly cells: number;
}
export interface Layout {
  readonly rows: readonly Tick[];
  readonly columns: readonly Tick[];
  /** Places of a raster inside one place of the grid: for cells side by side. */
  readonly across: number;
  readonly down: number;
  readonly panels: readonly Panel[];
  /** What lies side by side. */
  readonly inside: readonly Dimension[];
}

/** Which tick each value of a column belongs to. */
interface Side {
  readonly ticks: readonly Tick[];
  readonly tickOf: readonly number[];
}

/** Numbers rise from left to right, and from the bottom to the top as on a chart; names keep their order. */
function sideOf(column: Column | undefined, upwards: boolean): Side {
  if (!column) return { ticks: [{ label: '' }], tickOf: [] };
  const { dimension, values } = column;
  const numbers = values.filter((value): value is number => typeof value === 'number');
  const numeric = numbers.length > 0 && values.every((value) => value === null || typeof value === 'number');
  const { keys, labels } =
    numeric && numbers.length > MOST_TICKS
      ? ranges(dimension, values, numbers)
      : { keys: values, labels: values.map((value) => formatValue(dimension, value)) };
  const labelOf = new Map(keys.map((key, i) => [JSON.stringify(key), labels[i]!]));
  const sorted = [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()].sort(compareValues);
  if (upwards && numeric) sorted.reverse();
  const place = new Map(sorted.map((key, i) => [JSON.stringify(key), i]));
  return {
    ticks: sorted.map((key) => ({ label: labelOf.get(JSON.stringify(key))! })),
    tickOf: keys.map((key) => place.get(JSON.stringify(key))!),
  };
}

/** Powers of two where the axis is a log-2 one, else even ranges. */
function ranges(dimension: Dimension, values: readonly unknown[], numbers: readonly number[]) {
  const log = scaleOf(dimension) === 'log2' && numbers.every((value) => value > 0);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const step = (high - low) / RANGES || 1;
  const keys = values.map((value) =>
    typeof value !== 'number'
      ? null
      : log
        ? Math.round(Math.log2(value))
        : Math.min(RANGES - 1, Math.floor((value - low) / step)),
  );
  const words = (value: number) => formatValue(dimension, Number(value.toPrecision(3)));
  const labels = keys.map((key) =>
    key === null
      ? 'none'
      : log
        ? `≈ ${rate(2 ** key)}`
        : `${words(low + key * step)} … ${words(low + (key + 1) * step)}`,
  );
  return { keys, labels };
}

/** Every cell at its place. */
export function layOut(columns: readonly Column[], count: number, places: Places): Layout {
  const find = (dimension: Dimension | null) => columns.find((one) => one.dimension === dimension);
  const [downColumn, acrossColumn] = [find(places.rows), find(places.columns)];
  const panelColumns = places.panels.flatMap((dimension) => {
    const column = find(dimension);
    return column && column !== downColumn && column !== acrossColumn ? [column] : [];
  });
  const [rows, across] = [sideOf(downColumn, true), sideOf(acrossColumn, false)];
  const inside = columns.filter(
    (one) => one !== downColumn && one !== acrossColumn && !panelColumns.includes(one),
  );
  const width = across.ticks.length;
  const panels = new Map<string, { name: string; order: unknown[]; at: Map<number, number[]> }>();
  for (let i = 0; i < count; i++) {
    const id = panelColumns.map(({ codes }) => codes[i]).join(' ');
    let panel = panels.get(id);
    if (!panel) {
      const values = panelColumns.map(({ values, codes }) => values[codes[i]!]);
      const name = panelColumns.map(({ dimension }, p) => seriesName(dimension, values[p])).join(', ');
      panel = { name, order: values, at: new Map() };
      panels.set(id, panel);
    }
    const row = downColumn ? rows.tickOf[downColumn.codes[i]!]! : 0;
    const column = acrossColumn ? across.tickOf[acrossColumn.codes[i]!]! : 0;
    const place = row * width + column;
    const there = panel.at.get(place);
    if (there) there.push(i);
    else panel.at.set(place, [i]);
  }
  const order = (a: number, b: number): number => {
    for (const { codes, values } of inside) {
      const difference = compareValues(values[codes[a]!], values[codes[b]!]);
      if (difference !== 0) return difference;
    }
    return a - b;
  };
  let most = 1;
  for (const { at } of panels.values()) for (const one of at.values()) most = Math.max(most, one.length);
  const wide = most <= 5 ? most : Math.ceil(Math.sqrt(most));
  const high = Math.ceil(most / wide);
  return {
    rows: rows.ticks,
    columns: across.ticks,
    across: wide,
    down: high,
    inside: inside.map(({ dimension }) => dimension),
    panels: [...panels]
      .sort(([, a], [, b]) => compareAll(a.order, b.order))
      .map(([id, { name, at }]) => {
        const raster = new Int32Array(width * wide * rows.ticks.length * high).fill(-1);
        let cells = 0;
        for (const [place, there] of at) {
          const [row, column] = [Math.floor(place / width), place % width];
          for (const [n, cell] of there.sort(order).entries()) {
            const [y, x] = [row * high + Math.floor(n / wide), column * wide + (n % wide)];
            raster[y * width * wide + x] = cell;
            cells++;
          }
        }
        return { id, name, raster, cells };
      }),
  };
}

function compareAll(a: readonly unknown[], b: readonly unknown[]): number {
  for (const [i, value] of a.entries()) {
    const difference = compareValues(value, b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}
