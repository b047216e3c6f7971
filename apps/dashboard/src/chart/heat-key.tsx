import { widthOf } from './drawing';
import type { CellState } from './heat-map';
import { CornerMarks, StateMark } from './heat-marks';
import { type ChartTheme, rampAt } from './theme';

export interface KeyItem {
  readonly kind:
    | Exclude<CellState, 'value'>
    | 'best'
    | 'reliable'
    | 'near'
    | 'some diverged'
    | 'some failed'
    | 'some unfinished';
  readonly name: string;
}
interface Placed extends KeyItem {
  readonly x: number;
  readonly y: number;
}

const ROW = 24;
const SIGN = 20;
const RAMP = { width: 120, steps: 24 };
const NONE = { diverged: false, failed: false, unfinished: false };

/** What colours and marks mean: the ramp with its ends, then every mark that occurs. */
export function HeatKey({
  items,
  range,
  format,
  hatch,
  theme,
}: {
  items: readonly Placed[];
  range: readonly [number, number] | undefined;
  format: (value: number) => string;
  hatch: string;
  theme: ChartTheme;
}) {
  const [low, high] = range ? range.map(format) : ['', ''];
  const start = widthOf(low!) + 6;
  const step = RAMP.width / RAMP.steps;
  return (
    <>
      {range ? (
        <g>
          <text x={0} y={14} fill={theme.ink}>
            {low}
          </text>
          {Array.from({ length: RAMP.steps }, (_, i) => (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a ramp have no other name
              key={i}
              x={start + i * step}
              y={3}
              width={step + 0.5}
              height={14}
              fill={rampAt(theme, i / (RAMP.steps - 1)).fill}
            />
          ))}
          <text x={start + RAMP.width + 6} y={14} fill={theme.ink}>
            {high}
          </text>
        </g>
      ) : null}
      {items.map(({ kind, name, x, y }) => (
        <g key={kind}>
          <Sign kind={kind} x={x} y={y} hatch={hatch} theme={theme} />
          <text x={x + SIGN + 5} y={y + 12} fill={theme.ink}>
            {name}
          </text>
        </g>
      ))}
    </>
  );
}

function Sign({
  kind,
  x,
  y,
  hatch,
  theme,
}: {
  kind: KeyItem['kind'];
  x: number;
  y: number;
  hatch: string;
  theme: ChartTheme;
}) {
  if (kind === 'best')
    return (
      <rect
        x={x + 2}
        y={y + 1}
        width={16}
        height={14}
        rx={3}
        fill="none"
        stroke={theme.best}
        strokeWidth={3.5}
      />
    );
  if (kind === 'reliable' || kind === 'near')
    return <path d={`M${x} ${y + 8}h${SIGN}`} {...HeatKey.line(theme, kind)} />;
  const some = kind.startsWith('some ') ? kind.slice(5) : undefined;
  return (
    <>
      <rect
        x={x + 0.5}
        y={y + 0.5}
        width={SIGN - 1}
        height={15}
        fill={kind === 'missing' ? `url(#${hatch})` : theme.ground}
        stroke={theme.grid}
      />
      {some ? (
        <CornerMarks some={{ ...NONE, [some]: true }} x={x} y={y} width={SIGN} height={16} theme={theme} />
      ) : (
        <StateMark state={kind as CellState} x={x + SIGN / 2} y={y + 8} theme={theme} />
      )}
    </>
  );
}

/** Items in rows under the ramp, each row as full as the width lets it be. */
HeatKey.place = (items: readonly KeyItem[], width: number): { items: Placed[]; height: number } => {
  let [x, y] = [0, ROW];
  const placed = items.map((item) => {
    const wide = SIGN + 5 + widthOf(item.name) + 14;
    if (x > 0 && x + wide > width) [x, y] = [0, y + ROW];
    const at = { ...item, x, y };
    x += wide;
    return at;
  });
  return { items: placed, height: y + (items.length > 0 ? ROW : 0) };
};

/** The lines around what is usable. */
HeatKey.line = (theme: ChartTheme, kind: 'reliable' | 'near') => ({
  stroke: kind === 'reliable' ? theme.ink : theme.diverged,
  strokeWidth: kind === 'reliable' ? 2.5 : 2,
  ...(kind === 'near' ? { strokeDasharray: '5 3' } : {}),
});
