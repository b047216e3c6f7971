'use client';

import type { DrawnCurve } from './curve-path';
import { DASH_LENGTHS, FEW_CURVES, type Picture } from './curve-plot';
import { nearest } from './sorted';
import { type ChartTheme, seriesStyle } from './theme';

/** Names of curves, their values at the cursor; a curve whose name is pointed at stands out. */
export function CurveLegend({
  picture: { curves, xName, formatX, formatY },
  theme,
  at,
  hovered,
  onFocus,
}: {
  picture: Picture;
  theme: ChartTheme;
  /** The cursor's place on the x axis. */
  at: number | undefined;
  /** The curve that is nearest to it. */
  hovered: number | undefined;
  onFocus: (curve: number | undefined) => void;
}) {
  const listed =
    curves.length <= FEW_CURVES ? curves.map((_, i) => i) : hovered === undefined ? [] : [hovered];
  const valueAtCursor = ({ x, y }: DrawnCurve): string => {
    const value = at === undefined ? undefined : y[nearest(x, at)];
    if (value === undefined) return '';
    return Number.isFinite(value) ? formatY(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  };
  return (
    <div className="curve-legend number" role="status" aria-label="Values at the cursor">
      <span>
        {xName}
        {at === undefined ? '' : ` ${formatX(at)}`}
      </span>
      {curves.length > FEW_CURVES ? (
        <span>
          {curves.length} curves
          {hovered === undefined ? '; the one nearest to the cursor is named here' : ', of them'}
        </span>
      ) : null}
      {listed.map((i) => {
        const curve = curves[i]!;
        const { colour, dash } = seriesStyle(theme, curve.style);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: what is said on hovering is said by the names, too
          <span
            key={`${i} ${curve.name}`}
            onMouseEnter={() => onFocus(i)}
            onMouseLeave={() => onFocus(undefined)}
          >
            <svg width="28" height="10" aria-hidden="true">
              <path
                d="M0 5h28"
                stroke={colour}
                strokeWidth="2"
                strokeDasharray={curves.length <= FEW_CURVES ? DASH_LENGTHS[dash].join(' ') : undefined}
              />
            </svg>{' '}
            {curve.name} <strong>{valueAtCursor(curve)}</strong>
          </span>
        );
      })}
    </div>
  );
}
