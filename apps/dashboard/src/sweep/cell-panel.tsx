'use client';

import { useId, useMemo, useRef, useState } from 'react';
import { type Dimension, nameOf } from '../axis/axis';
import { useChartTheme } from '../chart/theme';
import { useKeys } from './cell-keys';
import { indexAt, type Looks, pathsOf, rasterOf, startOf } from './cell-paths';
import type { Layout, Panel, Tick } from './layout';

/** Pixels of a character of a label, about. */
const CHARACTER = 7;
const LINE = 16;

/**
 * One panel of the grid: a few SVG paths for all its cells, and one element for the cell that has the focus, so that ten thousand cells
 * cost no more elements than ten. Arrows move between cells, Enter opens the run.
 */
export function CellPanel({
  panel,
  layout,
  looks,
  places,
  total,
  describe,
  onOpen,
}: {
  panel: Panel;
  layout: Layout;
  looks: Omit<Looks, 'theme'>;
  places: { readonly rows: Dimension | null; readonly columns: Dimension | null };
  /** Cells of all panels: they are drawn in one size. */
  total: number;
  describe: (cell: number) => string;
  onOpen: (cell: number) => void;
}) {
  const theme = useChartTheme();
  const title = useId();
  const raster = useMemo(() => rasterOf(total, layout), [total, layout]);
  const paths = useMemo(
    () => pathsOf(panel, layout, raster, { ...looks, theme }),
    [panel, layout, raster, looks, theme],
  );
  const [hover, setHover] = useState<{ cell: number; x: number; y: number }>();
  const grid = useRef<HTMLDivElement>(null);
  const { across, down } = layout;
  const wide = layout.columns.length * across;
  const high = layout.rows.length * down;
  const { active, focus, onKeyDown } = useKeys(panel, { wide, high, across, down });
  const left = Math.max(8, ...layout.rows.map(({ label }) => label.length * CHARACTER + 8));
  const width = startOf(wide, across, raster);
  const height = startOf(high, down, raster);
  const [column, row] = [active % wide, Math.floor(active / wide)];
  const cell = panel.raster[active] ?? -1;
  const [x, y] = [left + startOf(column, across, raster), startOf(row, down, raster)];
  const find = (event: React.MouseEvent): number | undefined => {
    const box = grid.current!.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left - left, event.clientY - box.top];
    if (px < 0 || py < 0 || px >= width || py >= height) return undefined;
    const at = indexAt(py, down, raster) * wide + indexAt(px, across, raster);
    return panel.raster[at]! < 0 ? undefined : at;
  };
  const shown = hover ?? undefined;
  return (
    <figure className="cells" aria-labelledby={title}>
      <figcaption id={title}>
        {panel.name ? <strong>{panel.name}</strong> : 'All cells'}
        {places.rows ? `, ${nameOf(places.rows)} down` : ''}
        {places.columns ? `, ${nameOf(places.columns)} across` : ''}
      </figcaption>
      <div className="scroll">
        {/* biome-ignore lint/a11y/useSemanticElements: a table has an element for each of its cells. */}
        <div
          ref={grid}
          role="grid"
          tabIndex={-1}
          aria-label={`${panel.name || 'All cells'}: ${panel.cells} cells`}
          aria-rowcount={high}
          aria-colcount={wide}
          style={{ position: 'relative', width: left + width, height: height + LINE + 8 }}
          onMouseMove={(event) => {
            const at = find(event);
            setHover(
              at === undefined ? undefined : { cell: panel.raster[at]!, x: event.clientX, y: event.clientY },
            );
          }}
          onMouseLeave={() => setHover(undefined)}
          onClick={(event) => {
            const at = find(event);
            if (at !== undefined) onOpen(panel.raster[at]!);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' || event.key === ' ') {
              event.preventDefault();
              onOpen(cell);
            } else onKeyDown(event);
          }}
        >
          <svg width={left + width} height={height + LINE + 8} aria-hidden="true">
            <g transform={`translate(${left} 0)`}>
              {paths.map(({ id, state, d, count, fill, stroke }) => (
                <path
                  key={id}
                  d={d}
                  fill={fill}
                  stroke={stroke}
                  strokeWidth={fill === 'none' ? 1.5 : 0.5}
                  opacity={looks.shown(state) ? 1 : 0.12}
                  data-state={state}
                  data-count={count}
                />
              ))}
            </g>
            <Labels
              ticks={layout.rows}
              at={(i) => startOf(i * down, down, raster) + (down * raster.step) / 2 + 4}
              least={12}
              place={(at, label) => (
                <text key={label} x={left - 6} y={at} textAnchor="end" fontSize="12" fill={theme.ink}>
                  {label}
                </text>
              )}
            />
            <Labels
              ticks={layout.columns}
              at={(i) => left + startOf(i * across, across, raster) + (across * raster.step) / 2}
              least={Math.max(...layout.columns.map(({ label }) => label.length * CHARACTER)) + 6}
              place={(at, label) => (
                <text key={label} x={at} y={height + LINE} textAnchor="middle" fontSize="12" fill={theme.ink}>
                  {label}
                </text>
              )}
            />
          </svg>
          {/* biome-ignore lint/a11y/useSemanticElements: of the grid above. */}
          <div role="row" aria-rowindex={row + 1} tabIndex={-1}>
            {/* biome-ignore lint/a11y/useSemanticElements: of the grid above. */}
            <div
              key={active}
              ref={focus}
              role="gridcell"
              aria-colindex={column + 1}
              aria-label={cell < 0 ? 'no cell' : describe(cell)}
              tabIndex={0}
              className="cell"
              style={{ left: x, top: y, width: raster.step, height: raster.step }}
            />
          </div>
        </div>
      </div>
      {shown ? (
        <div role="tooltip" className="cell-words" style={besides(shown)}>
          {describe(shown.cell)}
        </div>
      ) : null}
    </figure>
  );
}

/** As many labels as have room: the first, and of the others every n-th. */
function Labels({
  ticks,
  at,
  least,
  place,
}: {
  ticks: readonly Tick[];
  at: (i: number) => number;
  /** Pixels that a label needs. */
  least: number;
  place: (at: number, label: string) => React.ReactNode;
}) {
  const each = ticks.length > 1 ? Math.max(1, Math.ceil(least / (at(1) - at(0)))) : 1;
  return ticks.map(({ label }, i) => (i % each === 0 ? place(at(i), label) : null));
}

/** Beside the pointer, on the side where there is room. */
const besides = ({ x, y }: { x: number; y: number }): React.CSSProperties => ({
  ...(x > window.innerWidth / 2 ? { right: window.innerWidth - x + 14 } : { left: x + 14 }),
  ...(y > window.innerHeight / 2 ? { bottom: window.innerHeight - y + 10 } : { top: y + 10 }),
});
