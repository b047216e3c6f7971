'use client';

import { useContext, useEffect, useRef, useState } from 'react';
import { useFont } from '../shell/font';
import { CurveLegend } from './curve-legend';
import { CurvePlot, type Picture } from './curve-plot';
import { curveSvg } from './curve-svg';
import { Saving } from './frame';
import { useOnScreen } from './on-screen';
import { nearest } from './sorted';
import { useChartTheme } from './theme';

export type { DrawnCurve } from './curve-path';

export interface CurveChartProps extends Omit<Picture, 'focus'> {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly logX?: boolean;
  readonly logY?: boolean;
  readonly height?: number;
  /** A part of the x axis was chosen; undefined: all of it. */
  readonly onRange: (range: readonly [number, number] | undefined) => void;
}

/**
 * Curves, with their values at the cursor. Their plot is made when they come onto the screen first, and from then on only drawn anew: a curve
 * that grows costs no new plot, and off the screen nothing is drawn.
 */
export function CurveChart({
  label,
  logX = false,
  logY = false,
  height = 280,
  onRange,
  ...picture
}: CurveChartProps) {
  const { curves, xName, yName, formatX, formatY, range } = picture;
  const theme = useChartTheme();
  const saving = useContext(Saving);
  const font = useFont();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<CurvePlot>(undefined);
  const onScreen = useOnScreen(place);
  const [wanted, setWanted] = useState(false);
  if (onScreen && !wanted) setWanted(true);
  const [cursor, setCursor] = useState<{ x: number; y: number }>();
  const [focus, setFocus] = useState<number>();
  const latest = useRef({ onRange, picture: { ...picture, focus } });
  latest.current = { onRange, picture: { ...picture, focus } };

  useEffect(() => {
    const target = place.current;
    if (!target || !font || !wanted) return;
    const made = new CurvePlot(target, latest.current.picture, {
      theme,
      logX,
      logY,
      height,
      onRange: (chosen) => latest.current.onRange(chosen),
      onCursor: setCursor,
    });
    plot.current = made;
    const observer = new ResizeObserver(() => made.resize(target.clientWidth));
    observer.observe(target);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [theme, logX, logY, height, font, wanted]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what a picture is made of
  useEffect(() => {
    if (onScreen) plot.current?.show(latest.current.picture);
  }, [onScreen, curves, xName, yName, formatX, formatY, range, focus]);

  useEffect(() => {
    const drawing = () => {
      const { current } = plot;
      const size = { width: current!.width, height: current!.height };
      return {
        ...curveSvg(current!.picture, current!.frame(), current!.ticks, { theme, ...size }),
        width: size.width,
      };
    };
    return saving?.({ size: drawing, svg: () => drawing().svg, ground: theme.ground });
  }, [saving, theme]);

  const at = cursor && plot.current ? plot.current.valueAt(cursor.x) : undefined;
  const hovered = focus ?? (cursor && plot.current ? plot.current.nearestCurve(cursor) : undefined);
  const move = (by: number): void => {
    const first = curves[focus ?? 0];
    if (!first || !plot.current) return;
    const here = at === undefined ? (by > 0 ? -1 : first.x.length) : nearest(first.x, at);
    const next = Math.min(Math.max(here + by, 0), first.x.length - 1);
    plot.current.pointAt(first.x[next]);
  };
  return (
    <div>
      {/* biome-ignore lint/a11y/useSemanticElements: no element means a chart that is read point by point */}
      <div
        ref={place}
        role="group"
        aria-roledescription="chart"
        aria-label={`${label} Arrow keys read it point by point.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move its cursor
        tabIndex={0}
        className="curves"
        style={{ minHeight: height }}
        data-curves={curves.length}
        data-points={curves.reduce((sum, { x }) => sum + x.length, 0)}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          move(by);
        }}
        onBlur={() => plot.current?.pointAt(undefined)}
      />
      <CurveLegend picture={picture} theme={theme} at={at} hovered={hovered} onFocus={setFocus} />
    </div>
  );
}
