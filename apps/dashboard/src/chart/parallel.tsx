'use client';

import { ParallelChart } from 'echarts/charts';
import { ParallelComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useMemo, useRef } from 'react';
import { EChart } from './echart';
import { type ChartTheme, plain, rampAt, useChartTheme } from './theme';

echarts.use([CanvasRenderer, ParallelChart, ParallelComponent, TooltipComponent]);

export interface ParallelAxis {
  readonly id: string;
  readonly name: string;
  /** Of names: places 0, 1, … from the bottom. */
  readonly names?: readonly string[];
  /** Of numbers. */
  readonly range?: readonly [min: number, max: number, step: number];
  readonly format?: (place: number) => string;
  /** What is brushed, as places. */
  readonly brushed: readonly (readonly [number, number])[];
}
export interface ParallelLine {
  /** A place on each axis. */
  readonly places: readonly number[];
  /** Its colour: 0 … 1. */
  readonly share: number;
  readonly label: string;
}

/** More lines than this are drawn on a canvas: a browser is slow with so many elements. */
const MOST_ELEMENTS = 500;
const AXIS_WIDTH = 96;

/** Lines over parallel axes. Ranges are brushed on the axes: a drag selects, a click takes back. */
export function Parallel({
  label,
  axes,
  lines,
  onBrush,
  onLine,
}: {
  label: string;
  axes: readonly ParallelAxis[];
  lines: readonly ParallelLine[];
  onBrush: (axis: string, places: readonly (readonly [number, number])[]) => void;
  onLine: (line: number) => void;
}) {
  const theme = useChartTheme();
  const chart = useRef<echarts.ECharts>(undefined);
  const brush = useRef(onBrush);
  brush.current = onBrush;
  // Brushes are put on afterwards, so that a drag does not draw every line anew.
  const kept = useRef(axes);
  if (drawnBy(axes) !== drawnBy(kept.current)) kept.current = axes;
  const drawn = kept.current;
  const option = useMemo(() => optionOf(drawn, lines, theme), [drawn, lines, theme]);
  const restoring = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart that is drawn anew has lost its brushes
  useEffect(() => {
    restoring.current = true;
    for (const { id, brushed } of axes)
      chart.current?.dispatchAction({
        type: 'axisAreaSelect',
        parallelAxisId: id,
        intervals: brushed.map((range) => [...range]),
      });
    restoring.current = false;
  }, [axes, option]);
  return (
    <div className="scroll">
      <div style={{ minWidth: axes.length * AXIS_WIDTH }}>
        <EChart
          label={label}
          option={option}
          height={440}
          renderer={lines.length > MOST_ELEMENTS ? 'canvas' : 'svg'}
          onClick={({ datum }) => onLine(datum)}
          onReady={(made) => {
            chart.current = made;
            made.on('axisareaselected', (event) => {
              const { parallelAxisId, intervals } = event as unknown as Brushed;
              if (!restoring.current) brush.current(parallelAxisId, intervals);
            });
          }}
        />
      </div>
    </div>
  );
}

interface Brushed {
  readonly parallelAxisId: string;
  readonly intervals: readonly (readonly [number, number])[];
}

const drawnBy = (axes: readonly ParallelAxis[]): string =>
  JSON.stringify(axes.map(({ id, name, names, range }) => [id, name, names, range]));

function optionOf(axes: readonly ParallelAxis[], lines: readonly ParallelLine[], theme: ChartTheme): object {
  const opacity = lines.length < 100 ? 0.85 : lines.length < 600 ? 0.5 : 0.25;
  return {
    tooltip: {
      trigger: 'item',
      confine: true,
      formatter: ({ dataIndex }: { dataIndex: number }) => plain(lines[dataIndex]?.label ?? ''),
    },
    parallel: { left: 48, right: 64, top: 48, bottom: 24 },
    parallelAxis: axes.map(({ id, name, names, range, format }, dim) => ({
      id,
      dim,
      name,
      ...(names
        ? { type: 'category', data: names }
        : { type: 'value', min: range![0], max: range![1], interval: range![2] }),
      realtime: false,
      nameLocation: 'end',
      nameTextStyle: { color: theme.ink, width: AXIS_WIDTH - 12, overflow: 'break', fontSize: 12 },
      axisLine: { lineStyle: { color: theme.ink } },
      axisTick: { lineStyle: { color: theme.ink } },
      axisLabel: {
        color: theme.ink,
        textBorderColor: theme.ground,
        textBorderWidth: 3,
        ...(names ? { width: AXIS_WIDTH - 24, overflow: 'truncate' } : { formatter: format }),
      },
      areaSelectStyle: { width: 18, color: theme.diverged, opacity: 0.3, borderColor: theme.diverged },
    })),
    series: [
      {
        type: 'parallel',
        // In one go: what is drawn little by little loses its later lines to a brush.
        progressive: 0,
        inactiveOpacity: 0.04,
        activeOpacity: Math.min(1, opacity * 2),
        lineStyle: { width: 1.5, opacity },
        emphasis: { lineStyle: { width: 3, opacity: 1 } },
        data: lines.map(({ places, share }) => ({
          value: places,
          // The palest part of the ramp is no line to be seen.
          lineStyle: { color: rampAt(theme, 0.35 + 0.65 * share).fill },
        })),
      },
    ],
  };
}
