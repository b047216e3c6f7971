'use client';

import { CustomChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useMemo } from 'react';
import { EChart } from './echart';
import { axisStyle, type ChartTheme, LEGEND_MARK, plain, seriesStyle, useChartTheme } from './theme';

echarts.use([CanvasRenderer, ScatterChart, CustomChart, GridComponent, LegendComponent, TooltipComponent]);

export interface StripBox {
  /** Its place among `xNames`. */
  readonly x: number;
  readonly mean: number;
  /** Mean ± deviation; null where there is none. */
  readonly low: number | null;
  readonly high: number | null;
  readonly label: string;
  readonly dots: readonly { readonly y: number; readonly label: string }[];
}
export interface StripSeries {
  readonly name: string;
  readonly style: number;
  readonly boxes: readonly StripBox[];
}

const MOST_ELEMENTS = 3000;

/** Single values as dots side by side, each group with its mean and deviation. */
export function Strip({
  onMark,
  label,
  ...drawn
}: {
  label: string;
  xName: string;
  yName: string;
  xNames: readonly string[];
  /** Of all panels: how many share the width of a place. */
  beside: number;
  series: readonly StripSeries[];
  yRange: readonly [min: number, max: number, step: number] | undefined;
  formatY: (y: number) => string;
  /** A group's box (dot null) or one of its dots. */
  onMark: (series: number, box: number, dot: number | null) => void;
}) {
  const theme = useChartTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart is drawn anew when what it draws is another, not for each click's function
  const option = useMemo(() => optionOf(drawn, theme), [...Object.values(drawn), theme]);
  const dots = drawn.series.map(({ boxes }) =>
    boxes.flatMap((box, place) => box.dots.map((_, dot) => ({ place, dot }))),
  );
  return (
    <EChart
      label={label}
      option={option}
      renderer={dots.flat().length > MOST_ELEMENTS ? 'canvas' : 'svg'}
      onClick={({ series, datum }) => {
        const of = Math.floor(series / 2);
        const dot = series % 2 === 1 ? dots[of]?.[datum] : undefined;
        onMark(of, dot?.place ?? datum, dot?.dot ?? null);
      }}
    />
  );
}

type Drawn = Omit<Parameters<typeof Strip>[0], 'label' | 'onMark'>;

function optionOf(
  { xName, yName, xNames, beside, series, yRange, formatY }: Drawn,
  theme: ChartTheme,
): object {
  const axis = axisStyle(theme);
  // Each place is one wide; the series share eight tenths of it.
  const wide = 0.8 / beside;
  const tooltip = { formatter: ({ name }: { name: string }) => plain(name) };
  return {
    grid: { left: 64, right: 24, top: series.length > 1 ? 40 : 24, bottom: 48 },
    legend: {
      show: series.length > 1,
      type: 'scroll',
      top: 0,
      ...LEGEND_MARK,
      textStyle: { color: theme.ink },
      data: series.map(({ name }) => name),
    },
    tooltip: { trigger: 'item', confine: true },
    xAxis: {
      ...axis,
      type: 'value',
      min: -0.5,
      max: xNames.length - 0.5,
      interval: 1,
      name: xName,
      nameLocation: 'middle',
      nameGap: 28,
      splitLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        color: theme.ink,
        hideOverlap: true,
        customValues: xNames.map((_, i) => i),
        formatter: (place: number) => xNames[place] ?? '',
      },
    },
    yAxis: {
      ...axis,
      type: 'value',
      name: yName,
      nameLocation: 'end',
      nameTextStyle: { color: theme.ink, align: 'left', padding: [0, 0, 0, -56] },
      scale: true,
      ...(yRange ? { min: yRange[0], max: yRange[1], interval: yRange[2] } : {}),
      axisLabel: { color: theme.ink, formatter: formatY },
    },
    series: series.flatMap(({ name, style, boxes }) => {
      const { colour, symbol } = seriesStyle(theme, style);
      const centre = (x: number): number => x + (style % beside) * wide + wide / 2 - 0.4;
      return [
        {
          type: 'custom',
          z: 1,
          color: colour,
          tooltip,
          data: boxes.map(({ x, mean, low, high, label }) => ({
            value: [centre(x), mean, low ?? mean, high ?? mean],
            name: label,
          })),
          renderItem: boxAt(wide, colour, theme.ground),
        },
        {
          type: 'scatter',
          name,
          z: 3,
          symbol,
          symbolSize: 7,
          color: colour,
          itemStyle: { borderColor: theme.ground, borderWidth: 0.7 },
          tooltip,
          data: boxes.flatMap(({ x, dots }) =>
            dots.map(({ y, label }, i) => ({
              // Side by side in the order of the seeds: nothing lies on another by chance.
              value: [centre(x) + wide * 0.7 * ((i + 0.5) / dots.length - 0.5), y],
              name: label,
            })),
          ),
        },
      ];
    }),
  };
}

interface Api {
  value(dimension: number): number;
  coord(value: [number, number]): [number, number];
  size(value: [number, number]): [number, number];
}

/** Mean ± deviation as a pale box, the mean as a line through it. */
const boxAt = (wide: number, colour: string, ground: string) => (_params: unknown, api: Api) => {
  const [x, mean] = api.coord([api.value(0), api.value(1)]);
  const [, low] = api.coord([api.value(0), api.value(2)]);
  const [, high] = api.coord([api.value(0), api.value(3)]);
  const width = Math.max(8, api.size([wide, 0])[0] * 0.9);
  return {
    type: 'group',
    children: [
      {
        type: 'rect',
        shape: { x: x - width / 2, y: high, width, height: Math.max(1, low - high) },
        style: { fill: colour, opacity: 0.18 },
      },
      {
        type: 'line',
        shape: { x1: x - width / 2, x2: x + width / 2, y1: mean, y2: mean },
        style: { stroke: ground, lineWidth: 5 },
      },
      {
        type: 'line',
        shape: { x1: x - width / 2, x2: x + width / 2, y1: mean, y2: mean },
        style: { stroke: colour, lineWidth: 3 },
      },
    ],
  };
};
