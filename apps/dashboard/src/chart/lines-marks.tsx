import type { ReactNode } from 'react';
import { DASH, type LinePoint } from './lines';
import type { Frame, LegendItem } from './lines-frame';
import type { ChartTheme, seriesStyle } from './theme';

type Style = ReturnType<typeof seriesStyle>;

export function Axes({
  frame,
  xName,
  yName,
  theme,
}: {
  frame: Frame;
  xName: string;
  yName: string;
  theme: ChartTheme;
}) {
  const { left, right, top, bottom, xTicks, yTicks } = frame;
  return (
    <>
      {yTicks.map(({ at, name }, i) => (
        <g key={name}>
          <line x1={left} x2={right} y1={at} y2={at} stroke={i ? theme.grid : theme.ink} />
          <text x={left - 6} y={at + 4} textAnchor="end" fill={theme.ink}>
            {name}
          </text>
        </g>
      ))}
      {xTicks.map(({ at, name }) => (
        <g key={name}>
          <line x1={at} x2={at} y1={bottom} y2={bottom + 5} stroke={theme.ink} />
          <text x={at} y={bottom + 18} textAnchor="middle" fill={theme.ink}>
            {name}
          </text>
        </g>
      ))}
      <text x={0} y={top - 12} fill={theme.ink}>
        {yName}
      </text>
      <text x={(left + right) / 2} y={bottom + 36} textAnchor="middle" fill={theme.ink}>
        {xName}
      </text>
    </>
  );
}

/** One piece for each stretch of points that have a band; a point alone has a bar. */
export function Band({
  points,
  frame: { x, y },
  colour,
}: {
  points: readonly LinePoint[];
  frame: Frame;
  colour: string;
}) {
  const pieces: LinePoint[][] = [];
  let open: LinePoint[] | undefined;
  for (const point of points) {
    if (point.low === null || point.high === null) open = undefined;
    else if (open) open.push(point);
    else {
      open = [point];
      pieces.push(open);
    }
  }
  return pieces.map((piece) => {
    const [first] = piece;
    if (piece.length === 1)
      return (
        <line
          key={first!.x}
          data-band={1}
          x1={x(first!.x)}
          x2={x(first!.x)}
          y1={y(first!.low!)}
          y2={y(first!.high!)}
          stroke={colour}
          strokeWidth={3}
          opacity={0.5}
        />
      );
    const ends = [
      ...piece.map((point) => `${x(point.x)} ${y(point.high!)}`),
      ...piece.toReversed().map((point) => `${x(point.x)} ${y(point.low!)}`),
    ];
    return (
      <path key={first!.x} data-band={piece.length} d={`M${ends.join('L')}Z`} fill={colour} opacity={0.15} />
    );
  });
}

/** Each line's name beside a sample of it; a click hides and shows it. */
export function Legend({
  items,
  styleOf,
  hidden,
  theme,
  onToggle,
}: {
  items: readonly LegendItem[];
  styleOf: (line: number) => Style;
  hidden: readonly string[];
  theme: ChartTheme;
  onToggle: (name: string) => void;
}) {
  return items.map(({ line, name, x, y, width }) => {
    const { colour, dash, symbol } = styleOf(line);
    const off = hidden.includes(name);
    return (
      // biome-ignore lint/a11y/useSemanticElements: a drawing has no buttons of HTML
      <g
        key={name}
        role="button"
        tabIndex={0}
        aria-pressed={!off}
        aria-label={`Show ${name}`}
        className="pointable"
        transform={`translate(${x} ${y})`}
        onClick={() => onToggle(name)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          onToggle(name);
        }}
      >
        <rect width={width - 8} height={20} fill="transparent" />
        {off ? null : (
          <>
            <path d="M0 10h26" stroke={colour} strokeWidth={2.5} strokeDasharray={DASH[dash]} />
            <g transform="translate(13 10)">
              <SymbolMark symbol={symbol} colour={colour} ground={theme.ground} />
            </g>
          </>
        )}
        <text x={32} y={14} fill={theme.ink} textDecoration={off ? 'line-through' : undefined}>
          {name}
        </text>
      </g>
    );
  });
}

/** Where a series' points are; each shape is told from the others without its colour. */
export function SymbolMark({
  symbol,
  colour,
  ground,
}: {
  symbol: Style['symbol'];
  colour: string;
  ground: string;
}): ReactNode {
  const paint = { fill: colour, stroke: ground, strokeWidth: 1 };
  return symbol === 'circle' ? <circle r={5} {...paint} /> : <path d={SHAPES[symbol]} {...paint} />;
}
const SHAPES: Readonly<Record<Exclude<Style['symbol'], 'circle'>, string>> = {
  rect: 'M-4.5-4.5h9v9h-9Z',
  triangle: 'M0-5.5L5.5 4.5h-11Z',
  diamond: 'M0-6L6 0L0 6L-6 0Z',
  pin: 'M0 6L-5.5-4.5h11Z',
  arrow: 'M0-6L5 5L0 2L-5 5Z',
};
