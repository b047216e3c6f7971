'use client';

import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { contour } from './contour';
import { Drawing, FONT_SIZE, widthOf } from './drawing';
import { HeatKey, type KeyItem } from './heat-key';
import { CornerMarks, StateMark } from './heat-marks';
import { rampAt, useChartTheme } from './theme';

/** `missing`: there is no run. The others without a mean say why there is none. */
export type CellState = 'value' | 'diverged' | 'failed' | 'unfinished' | 'empty' | 'missing';
export interface HeatCell {
  readonly column: number;
  readonly row: number;
  readonly state: CellState;
  readonly mean: number | null;
  /** Some of its runs did, and are not in the mean. */
  readonly some: { readonly diverged: boolean; readonly failed: boolean; readonly unfinished: boolean };
  readonly best: boolean;
  readonly reliable: boolean;
  /** Within the asked distance of the best. */
  readonly near: boolean;
  /** All that is known of it, as text. */
  readonly label: string;
  readonly href: string | null;
}

export interface Place {
  readonly id: string;
  readonly name: string;
}

export interface HeatMapProps {
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  /** From left to right. */
  readonly columns: readonly Place[];
  /** From top to bottom. */
  readonly rows: readonly Place[];
  /** One for each place, row by row. */
  readonly cells: readonly HeatCell[];
  /** Of the colours; the same in all panels of a question. */
  readonly range: readonly [number, number] | undefined;
  readonly format: (value: number) => string;
  /** What is said of the marks that occur. */
  readonly words: Readonly<Record<'diverged' | 'reliable' | 'near', string>>;
  readonly onCell: (href: string) => void;
}

const CELL_HEIGHT = 26;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Cells of two axes, coloured by their mean. The arrow keys go from cell to cell, Enter to its runs. */
export function HeatMap(props: HeatMapProps) {
  const { label, xName, yName, columns, rows, cells, range, format, words, onCell } = props;
  const theme = useChartTheme();
  const hatch = `hatch-${useId()}`;
  const [pointed, setPointed] = useState<HeatCell>();
  const [entry, setEntry] = useState(0);
  const has = (of: (cell: HeatCell) => boolean) => (column: number, row: number) =>
    of(cells[row * columns.length + column]!);
  const share = (mean: number): number => {
    const [low, high] = range!;
    return high > low ? (mean - low) / (high - low) : 0.5;
  };
  const links = cells.filter(({ href }) => href !== null);
  const enter = links[Math.min(entry, links.length - 1)];

  const move = (event: KeyboardEvent<Element>, from: HeatCell): void => {
    const way = ARROWS[event.key];
    if (!way) return;
    event.preventDefault();
    let [column, row] = [from.column + way[0], from.row + way[1]];
    while (column >= 0 && row >= 0 && column < columns.length && row < rows.length) {
      const next = links.findIndex((one) => one.column === column && one.row === row);
      if (next >= 0) {
        setEntry(next);
        event.currentTarget.closest('svg')!.querySelectorAll<SVGAElement>('a[data-cell]')[next]?.focus();
        return;
      }
      column += way[0];
      row += way[1];
    }
  };

  const draw = (width: number): { height: number; marks: ReactNode } => {
    const left = Math.min(width / 3, Math.max(36, ...rows.map(({ name }) => widthOf(name))) + 14);
    const cell = (width - left - 4) / columns.length;
    const items: KeyItem[] = [
      ...(cells.some(({ best }) => best) ? [{ kind: 'best', name: 'best' } as const] : []),
      ...(cells.some(({ reliable }) => reliable)
        ? [{ kind: 'reliable', name: words.reliable } as const]
        : []),
      ...(cells.some(({ near }) => near) ? [{ kind: 'near', name: words.near } as const] : []),
      ...(
        [
          ['diverged', words.diverged],
          ['unfinished', 'none has ended'],
          ['failed', 'failed'],
          ['empty', 'without this metric'],
          ['missing', 'no run'],
        ] as const
      ).flatMap(([kind, name]) => (cells.some(({ state }) => state === kind) ? [{ kind, name }] : [])),
      ...(['diverged', 'failed', 'unfinished'] as const).flatMap((some) =>
        cells.some((one) => one.some[some]) ? [{ kind: `some ${some}`, name: `some ${some}` } as const] : [],
      ),
    ];
    const key = HeatKey.place(items, width);
    const top = key.height + 24;
    const bottom = top + rows.length * CELL_HEIGHT;
    const every = Math.ceil((Math.max(...columns.map(({ name }) => widthOf(name))) + 8) / cell);
    const at = { x: left, y: top, width: cell, height: CELL_HEIGHT };
    const marks = (
      <>
        <defs>
          <pattern
            id={hatch}
            width={7}
            height={7}
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width={7} height={7} fill={theme.ground} />
            <line y2={7} stroke={theme.ink} strokeWidth={1.4} opacity={0.55} />
          </pattern>
        </defs>
        <HeatKey items={key.items} range={range} format={format} hatch={hatch} theme={theme} />
        <text x={0} y={top - 8} fill={theme.ink}>
          {yName}
        </text>
        {rows.map(({ id, name }, row) => (
          <text
            key={id}
            x={left - 6}
            y={top + (row + 0.5) * CELL_HEIGHT + 4}
            textAnchor="end"
            fill={theme.ink}
          >
            {name}
          </text>
        ))}
        {columns.map(({ id, name }, column) =>
          column % every === 0 ? (
            <text
              key={id}
              x={left + (column + 0.5) * cell}
              y={bottom + 16}
              textAnchor="middle"
              fill={theme.ink}
            >
              {name}
            </text>
          ) : null,
        )}
        <text x={left + (width - left) / 2} y={bottom + 36} textAnchor="middle" fill={theme.ink}>
          {xName}
        </text>
        {cells.map((one) => {
          const [x, y] = [left + one.column * cell, top + one.row * CELL_HEIGHT];
          const colours =
            one.mean === null || !range
              ? { fill: one.state === 'missing' ? `url(#${hatch})` : theme.ground, ink: theme.ink }
              : rampAt(theme, share(one.mean));
          const written = one.mean === null ? '' : format(one.mean);
          const inner = (
            <>
              <rect
                x={x}
                y={y}
                width={cell}
                height={CELL_HEIGHT}
                fill={colours.fill}
                stroke={theme.ground}
                strokeWidth={1}
              />
              {written && widthOf(written) + 8 < cell ? (
                <text
                  x={x + cell / 2}
                  y={y + CELL_HEIGHT / 2 + FONT_SIZE / 3}
                  textAnchor="middle"
                  fill={colours.ink}
                >
                  {written}
                </text>
              ) : null}
              <StateMark state={one.state} x={x + cell / 2} y={y + CELL_HEIGHT / 2} theme={theme} />
              <CornerMarks some={one.some} x={x} y={y} width={cell} height={CELL_HEIGHT} theme={theme} />
            </>
          );
          const point = { onMouseEnter: () => setPointed(one), onMouseLeave: () => setPointed(undefined) };
          const data = {
            'data-cell': one.state,
            'data-mean': one.mean ?? undefined,
            'data-is':
              (['best', 'reliable', 'near'] as const).filter((kind) => one[kind]).join(' ') || undefined,
          };
          return one.href === null ? (
            <g key={`${one.column} ${one.row}`} {...data} {...point}>
              {inner}
            </g>
          ) : (
            <a
              key={`${one.column} ${one.row}`}
              href={one.href}
              aria-label={one.label}
              tabIndex={one === enter ? 0 : -1}
              {...data}
              {...point}
              onFocus={() => setPointed(one)}
              onBlur={() => setPointed(undefined)}
              onKeyDown={(event) => move(event, one)}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
                event.preventDefault();
                onCell(one.href!);
              }}
            >
              {inner}
            </a>
          );
        })}
        {(['reliable', 'near'] as const).map((kind) => {
          const inside = kind === 'reliable' ? 1.5 : 5;
          const path = contour(
            columns.length,
            rows.length,
            has((one) => one[kind]),
            at,
            inside,
          );
          const line = HeatKey.line(theme, kind);
          return path ? (
            <g key={kind} data-contour={kind} fill="none" pointerEvents="none">
              <path d={path} stroke={theme.ground} strokeWidth={line.strokeWidth + 2} />
              <path d={path} {...line} />
            </g>
          ) : null;
        })}
        {cells
          .filter(({ best }) => best)
          .map((one) => (
            <g key="best" data-outline="best" pointerEvents="none" fill="none">
              {[theme.ground, theme.best].map((stroke, i) => (
                <rect
                  key={stroke}
                  x={left + one.column * cell - 2}
                  y={top + one.row * CELL_HEIGHT - 2}
                  width={cell + 4}
                  height={CELL_HEIGHT + 4}
                  rx={3}
                  stroke={stroke}
                  strokeWidth={i ? 3.5 : 6.5}
                />
              ))}
            </g>
          ))}
      </>
    );
    return { height: bottom + 46, marks };
  };
  return (
    <>
      <Drawing label={label} draw={draw} />
      <p className="readout number" data-testid="readout">
        {pointed?.label ?? ''}
      </p>
    </>
  );
}
