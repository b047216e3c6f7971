'use client';

import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useContext, useEffect, useRef } from 'react';
import { FONT, useFont } from '../shell/font';
import { Saving } from './frame';
import { useChartTheme } from './theme';

echarts.use([SVGRenderer]);

export interface EChartProps {
  /** Said to those who do not see it: what is drawn, and that the table has the same numbers. */
  readonly label: string;
  /** Of ECharts; memoised: a new one is drawn anew. */
  readonly option: object;
  readonly height?: number;
  /** SVG unless there are so many marks that a browser would be slow with it; it is saved as SVG all the same. Register CanvasRenderer where it is used. */
  readonly renderer?: 'svg' | 'canvas';
  /** A mark was chosen. */
  readonly onClick?: (mark: Mark) => void;
  /** The chart once it is there, for what options cannot say (brushes, actions). */
  readonly onReady?: (chart: echarts.ECharts) => void;
}

/** What was drawn at the place that was clicked: series and datum by their places in the option. */
export interface Mark {
  readonly series: number;
  readonly datum: number;
  readonly data: unknown;
}

/** A chart of ECharts, in SVG unless said, so that it prints, saves and is read as what it is. Register its series and components beside it. */
export function EChart({ label, option, height = 340, renderer = 'svg', onClick, onReady }: EChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<echarts.ECharts>(undefined);
  const latest = useRef({ onClick, onReady });
  latest.current = { onClick, onReady };
  const drawn = useRef(option);
  const saving = useContext(Saving);
  const { ground } = useChartTheme();
  const font = useFont();

  useEffect(() => {
    const target = place.current;
    if (!target || !font) return;
    const made = echarts.init(target, undefined, { renderer });
    chart.current = made;
    made.setOption(withDefaults(drawn.current));
    made.on('click', ({ seriesIndex, dataIndex, data }) => {
      if (seriesIndex !== undefined)
        latest.current.onClick?.({ series: seriesIndex, datum: dataIndex, data });
    });
    latest.current.onReady?.(made);
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(target);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = undefined;
    };
  }, [renderer, font]);

  useEffect(() => {
    if (drawn.current === option) return;
    drawn.current = option;
    chart.current?.setOption(withDefaults(option), { notMerge: true });
  }, [option]);

  useEffect(
    () =>
      font
        ? saving?.({
            size: () => ({ width: chart.current!.getWidth(), height: chart.current!.getHeight() }),
            svg: () => svgOf(chart.current!),
            ground,
          })
        : undefined,
    [saving, ground, font],
  );

  return <div ref={place} role="img" aria-label={label} style={{ width: '100%', height }} />;
}

const withDefaults = (option: object): Record<string, unknown> => ({
  animation: false,
  aria: { enabled: false },
  textStyle: { fontFamily: FONT },
  ...option,
});

/** What a canvas shows is drawn once more as SVG, out of sight. */
function svgOf(chart: echarts.ECharts): string {
  if (chart.getZr().painter.type === 'svg') return chart.renderToSVGString();
  const again = echarts.init(null, undefined, {
    renderer: 'svg',
    ssr: true,
    width: chart.getWidth(),
    height: chart.getHeight(),
  });
  again.setOption(withDefaults(chart.getOption()));
  const svg = again.renderToSVGString();
  again.dispose();
  return svg;
}
