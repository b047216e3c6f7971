import type { ChartTheme } from '../chart/theme';
import { type CellState, isOutline, mark, stateColour } from './cell-state';
import type { Layout, Panel } from './layout';

/** Of the marks, in pixels: large while there are few. */
export interface Raster {
  /** From one cell to the next. */
  readonly step: number;
  readonly mark: number;
  /** Between places with several cells each. */
  readonly gap: number;
}
export function rasterOf(cells: number, { across }: Pick<Layout, 'across'>): Raster {
  const step = cells <= 600 ? 18 : cells <= 3000 ? 13 : 8;
  return {
    step,
    mark: cells <= 600 ? 13 : cells <= 3000 ? 10 : 6,
    gap: across > 1 ? Math.ceil(step / 2) : 0,
  };
}
/** Where column or row `i` of a raster begins. */
export const startOf = (i: number, inside: number, { step, gap }: Raster): number =>
  i * step + Math.floor(i / inside) * gap;
/** The column or row at a pixel. */
export function indexAt(pixel: number, inside: number, { step, gap }: Raster): number {
  const place = Math.floor(pixel / (inside * step + gap));
  return place * inside + Math.min(inside - 1, Math.floor((pixel - place * (inside * step + gap)) / step));
}

/** One SVG path for all marks of one look: a sweep of any size is a dozen elements. */
export interface Path {
  readonly id: string;
  readonly state: CellState;
  readonly d: string;
  readonly count: number;
  readonly fill: string;
  readonly stroke: string;
}

export interface Looks {
  readonly states: readonly CellState[];
  /** Test accuracies, where cells are coloured by them. */
  readonly values: readonly (number | null)[] | undefined;
  /** The least and the greatest of all cells. */
  readonly range: readonly [number, number] | undefined;
  /** States that are shown; the others are faint. */
  readonly shown: (state: CellState) => boolean;
  readonly theme: ChartTheme;
}
const SHADES = 16;

export function pathsOf(panel: Panel, layout: Layout, raster: Raster, looks: Looks): Path[] {
  const { states, values, range, theme } = looks;
  const { across, down } = layout;
  const width = layout.columns.length * across;
  const found = new Map<string, { state: CellState; parts: string[]; shade: number | undefined }>();
  for (let i = 0; i < panel.raster.length; i++) {
    const cell = panel.raster[i]!;
    if (cell < 0) continue;
    const state = states[cell]!;
    const value = values?.[cell];
    const shade = range && typeof value === 'number' ? shadeOf(value, range) : undefined;
    const id = shade === undefined ? state : `${state} ${shade}`;
    let path = found.get(id);
    if (!path) {
      path = { state, parts: [], shade };
      found.set(id, path);
    }
    const inset = (raster.step - raster.mark) / 2;
    path.parts.push(
      mark(
        state,
        startOf(i % width, across, raster) + inset,
        startOf(Math.floor(i / width), down, raster) + inset,
        raster.mark,
      ),
    );
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { state, parts, shade }]) => {
      const colour = shade === undefined ? stateColour(state, theme) : shadeColour(shade, theme);
      const outline = isOutline(state);
      return {
        id,
        state,
        d: parts.join(''),
        count: parts.length,
        fill: outline ? 'none' : colour,
        stroke: outline || shade !== undefined ? (outline ? colour : theme.ink) : 'none',
      };
    });
}

const shadeOf = (value: number, [low, high]: readonly [number, number]): number =>
  Math.round(((value - low) / (high - low || 1)) * (SHADES - 1));

/** Between the ramp's colours. */
function shadeColour(shade: number, { ramp }: ChartTheme): string {
  const at = (shade / (SHADES - 1)) * (ramp.length - 1);
  const [from, to] = [ramp[Math.floor(at)]!, ramp[Math.ceil(at)]!];
  const part = at - Math.floor(at);
  const channel = (i: number): number => {
    const [a, b] = [from, to].map((colour) => Number.parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16));
    return Math.round(a! + part * (b! - a!));
  };
  return `rgb(${channel(0)} ${channel(1)} ${channel(2)})`;
}
