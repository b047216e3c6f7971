'use client';

import { LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useMemo } from 'react';
import { EChart } from './echart';
import { axisStyle, type ChartTheme, LEGEND_MARK, plain, seriesStyle, useChartTheme } from './theme';
import { ticksOf } from './ticks';

echarts.use([CanvasRenderer, ScatterChart, LineChart, GridComponent, LegendComponent, TooltipComponent]);

export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}
export interface ScatterProps {
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  readonly clouds: readonly { readonly name: string; readonly dots: readonly Dot[] }[];
  /** The front, by rising x: a stepped line with a mark at each point. */
  readonly front: readonly Dot[];
  /** Points that are named in the chart. */
  readonly named: readonly (Dot & { readonly name: string })[];
  /** A line at the most x that is asked for. */
  readonly limit: number | null;
  readonly log: boolean;
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** A dot of a cloud, or of the front (cloud null). */
  readonly onDot: (cloud: number | null, dot: number) => void;
}

/** More marks than this are drawn on a canvas: a browser is slow with so many elements. */
const MOST_ELEMENTS = 3000;

/** Clouds of dots with their front. */
export function Scatter({ label, onDot, ...drawn }: ScatterProps) {
  const theme = useChartTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart is drawn anew when what it draws is another, not for each click's function
  const option = useMemo(() => optionOf(drawn, theme), [...Object.values(drawn), theme]);
  const many = drawn.clouds.reduce((total, { dots }) => total + dots.length, 0) > MOST_ELEMENTS;
  return (
    <EChart
      label={label}
      option={option}
      height={460}
      renderer={many ? 'canvas' : 'svg'}
      onClick={({ series, datum }) => {
        if (series < drawn.clouds.length) onDot(series, datum);
        else if (series === drawn.clouds.length) onDot(null, datum);
      }}
    />
  );
}

function optionOf(drawn: Omit<ScatterProps, 'label' | 'onDot'>, theme: ChartTheme): object {
  const { xName, yName, clouds, front, named, limit, log, formatX, formatY } = drawn;
  const style = axisStyle(theme);
  const all = [...clouds.flatMap(({ dots }) => dots), ...front];
  const ends = (of: (dot: Dot) => number): readonly [number, number] => [
    all.reduce((least, dot) => Math.min(least, of(dot)), Number.POSITIVE_INFINITY),
    all.reduce((most, dot) => Math.max(most, of(dot)), Number.NEGATIVE_INFINITY),
  ];
  const [low, high, step] = ticksOf(...ends(({ y }) => y));
  const [least, most] = ends(({ x }) => x);
  const widest = Math.max(most, limit ?? most);
  // On a log axis the places are the logarithms, the labels the numbers.
  const at = (x: number): number => (log ? Math.log10(x) : x);
  const datum = ({ x, y, label }: Dot) => ({ value: [at(x), y], name: label });
  const tooltip = { formatter: ({ name }: { name: string }) => plain(name) };
  const shown = clouds.length > 1;
  return {
    grid: { left: 64, right: 32, top: shown ? 48 : 32, bottom: 52 },
    legend: {
      type: 'scroll',
      top: 0,
      ...LEGEND_MARK,
      textStyle: { color: theme.ink },
      data: [...(shown ? clouds.map(({ name }) => name) : []), 'front'],
    },
    tooltip: { trigger: 'item', confine: true },
    xAxis: {
      ...style,
      type: 'value',
      ...(log
        ? { min: at(least * 0.9), max: at(widest * 1.1), splitLine: { show: false } }
        : { min: 0, max: Math.max(widest, 1e-9) }),
      name: xName,
      nameLocation: 'middle',
      nameGap: 30,
      axisTick: { ...style.axisTick, ...(log ? { customValues: decades(least * 0.9, widest * 1.1) } : {}) },
      axisLabel: {
        color: theme.ink,
        hideOverlap: true,
        formatter: (place: number) => formatX(log ? Number((10 ** place).toPrecision(6)) : place),
        ...(log ? { customValues: decades(least * 0.9, widest * 1.1) } : {}),
      },
    },
    yAxis: {
      ...style,
      type: 'value',
      min: low,
      max: high,
      interval: step,
      name: yName,
      nameLocation: 'end',
      nameTextStyle: { color: theme.ink, align: 'left', padding: [0, 0, 0, -56] },
      axisLabel: { color: theme.ink, formatter: formatY },
    },
    series: [
      ...clouds.map(({ name, dots }, i) => {
        const { colour, symbol } = seriesStyle(theme, i);
        return {
          type: 'scatter',
          name: name || 'settings',
          symbol,
          symbolSize: 7,
          color: colour,
          itemStyle: { opacity: dots.length > 300 ? 0.5 : 0.8 },
          data: dots.map(datum),
          tooltip,
        };
      }),
      {
        type: 'line',
        name: 'front',
        step: 'end',
        z: 4,
        symbol: 'circle',
        symbolSize: 10,
        color: theme.best,
        itemStyle: { color: theme.ground, borderColor: theme.best, borderWidth: 2.5 },
        lineStyle: { width: 2, color: theme.best },
        data: front.map(datum),
        tooltip,
      },
      {
        type: 'scatter',
        z: 5,
        silent: true,
        symbol: 'circle',
        symbolSize: 18,
        itemStyle: { color: 'transparent', borderColor: theme.best, borderWidth: 2 },
        label: {
          show: true,
          // Above and before a point of the front there is nothing: its line leaves to the right.
          position: 'left',
          offset: [4, -12],
          color: theme.best,
          textBorderColor: theme.ground,
          textBorderWidth: 3,
          formatter: ({ name }: { name: string }) => name,
        },
        labelLayout: { moveOverlap: 'shiftY' },
        data: named.map(({ name, ...dot }) => ({ ...datum(dot), name })),
      },
      {
        type: 'line',
        silent: true,
        symbol: 'none',
        color: theme.diverged,
        lineStyle: { type: 'dashed', width: 2 },
        data:
          limit === null || (log && limit <= 0)
            ? []
            : [
                [at(limit), low],
                [at(limit), high],
              ],
      },
    ],
  };
}

/** 1, 2 and 5 of each power of ten in between, as places. */
function decades(least: number, most: number): number[] {
  const powers = Array.from(
    { length: Math.ceil(Math.log10(most)) - Math.floor(Math.log10(least)) + 1 },
    (_, i) => 10 ** (Math.floor(Math.log10(least)) + i),
  );
  return powers
    .flatMap((power) => [power, 2 * power, 5 * power])
    .filter((one) => one >= least && one <= most)
    .map(Math.log10);
}
