import type { CellState } from './heat-map';
import type { ChartTheme } from './theme';

/** What stands in a cell without a mean. */
export function StateMark({
  state,
  x,
  y,
  theme,
}: {
  state: CellState;
  x: number;
  y: number;
  theme: ChartTheme;
}) {
  if (state === 'diverged')
    return (
      <path
        d={`M${x - 5} ${y - 5}l10 10m0 -10l-10 10`}
        stroke={theme.diverged}
        strokeWidth={2.5}
        fill="none"
      />
    );
  const sign = { unfinished: '…', failed: '!', empty: '–' }[state as string];
  return sign ? (
    <text x={x} y={y + 4} textAnchor="middle" fontWeight={700} fill={theme.ink}>
      {sign}
    </text>
  ) : null;
}

/** In the corners of a cell: runs that its mean is without. */
export function CornerMarks({
  some,
  x,
  y,
  width,
  height,
  theme,
}: {
  some: { readonly diverged: boolean; readonly failed: boolean; readonly unfinished: boolean };
  x: number;
  y: number;
  width: number;
  height: number;
  theme: ChartTheme;
}) {
  const edge = { stroke: theme.ground, strokeWidth: 1 };
  return (
    <>
      {some.diverged ? (
        <path d={`M${x + width - 11} ${y + 1}h10v10z`} fill={theme.diverged} {...edge} data-some="diverged" />
      ) : null}
      {some.unfinished ? (
        <circle
          cx={x + 6}
          cy={y + 6}
          r={3.5}
          fill={theme.ground}
          stroke={theme.ink}
          strokeWidth={1.5}
          data-some="unfinished"
        />
      ) : null}
      {some.failed ? (
        <rect
          x={x + 2}
          y={y + height - 9}
          width={7}
          height={7}
          fill={theme.ink}
          {...edge}
          data-some="failed"
        />
      ) : null}
    </>
  );
}
