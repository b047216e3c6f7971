'use client';

import { CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { useMemo } from 'react';
import { EChart } from './echart';
import { axisStyle, type ChartTheme, plain, seriesStyle, useChartTheme } from './theme';

echarts.use([LineChart, CustomChart, GridComponent, LegendComponent, TooltipComponent]);

export interface LinePoint {
  /** Its place on the x axis: a number, or of names the place in `xNames`. */
  readonly x: number;
  readonly y: number;
  readonly low: number | null;
  readonly high: number | null;
  /** All that is known of it, as text. */
  readonly label: string;
}
export interface Line {
  readonly name: string;
  /** Which colour, dash and symbol; its place among the lines unless said. */
  readonly style?: number;
  readonly points: readonly LinePoint[];
  /** Values of single runs beside it, of the same colour. */
  readonly dots?: readonly { readonly x: number; readonly y: number; readonly label: string }[];
}

export interface LinesProps {
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly Line[];
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  readonly scale: 'log2' | 'linear' | 'names';
  /** Of `names`. */
  readonly xNames?: readonly string[];
  /** All panels of one question have the same y axis, or they could not be compared. */
  readonly yRange?: readonly [min: number, max: number, step?: number] | undefined;
  /** Least and greatest x of all panels; those of the lines unless said. */
  readonly xRange?: readonly [number, number] | undefined;
  readonly height?: number;
  readonly onPoint?: (line: number, point: number) => void;
}

/** Lines with error bands. */
export function Lines(props: LinesProps) {
  const theme = useChartTheme();
  const { label, onPoint, height, ...drawn } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart is drawn anew when what it draws is another, not for each click's function
  const option = useMemo(() => optionOf(drawn, theme), [...Object.values(drawn), theme]);
  return (
    <EChart
      label={label}
      option={option}
      {...(height ? { height } : {})}
      onClick={({ series, datum }) => series % PARTS === 0 && onPoint?.(series / PARTS, datum)}
    />
  );
}

/** Each line is three series of ECharts: the line, its band, its dots. */
const PARTS = 3;

type Drawn = Omit<LinesProps, 'label' | 'onPoint' | 'height'>;

function optionOf(drawn: Drawn, theme: ChartTheme): object {
  const { xName, yName, lines, formatX, formatY, scale, xNames = [], yRange, xRange } = drawn;
  const style = axisStyle(theme);
  // On a log-2 axis equal factors are equal distances: the places are the logarithms, the labels the numbers.
  const at = (x: number): number => (scale === 'log2' ? Math.log2(x) : x);
  const xs = (
    xRange ?? lines.flatMap(({ points, dots = [] }) => [...points, ...dots].map(({ x }) => x))
  ).toSorted((a, b) => a - b);
  const [least = 0, most = 1] = xs.length > 0 ? [at(xs[0]!), at(xs.at(-1)!)] : [];
  const bounds =
    scale === 'names'
      ? {}
      : scale === 'log2'
        ? {
            min: Math.floor(least),
            max: Math.max(Math.ceil(most), Math.floor(least) + 1),
            interval: Math.ceil((most - least) / 14) || 1,
          }
        : least === most
          ? { min: least - 1, max: most + 1 }
          : { min: least, max: most };
  return {
    grid: { left: 64, right: 24, top: lines.length > 1 ? 40 : 24, bottom: 48 },
    legend: {
      show: lines.length > 1,
      type: 'scroll',
      top: 0,
      textStyle: { color: theme.ink },
      data: lines.map(({ name }) => name),
    },
    tooltip: { trigger: 'item', confine: true },
    xAxis: {
      ...style,
      type: scale === 'names' ? 'category' : 'value',
      ...(scale === 'names' ? { data: xNames } : {}),
      ...bounds,
      name: xName,
      nameLocation: 'middle',
      nameGap: 28,
      axisLabel: {
        color: theme.ink,
        ...(scale === 'names'
          ? {}
          : {
              formatter: (value: number) =>
                scale !== 'log2' ? formatX(value) : Number.isInteger(value) ? formatX(2 ** value) : '',
            }),
      },
    },
    yAxis: {
      ...style,
      type: 'value',
      name: yName,
      nameLocation: 'end',
      nameTextStyle: { color: theme.ink, align: 'left', padding: [0, 0, 0, -56] },
      scale: true,
      ...(yRange ? { min: yRange[0], max: yRange[1] } : {}),
      ...(yRange?.[2] ? { interval: yRange[2] } : {}),
      axisLabel: { color: theme.ink, formatter: formatY },
    },
    series: lines.flatMap(({ name, points, dots = [], style }, i) => {
      const { colour, dash, symbol } = seriesStyle(theme, style ?? i);
      const tooltip = { formatter: ({ name: text }: { name: string }) => plain(text) };
      return [
        {
          type: 'line',
          name,
          z: 3,
          symbol,
          symbolSize: 9,
          color: colour,
          lineStyle: { type: dash, width: 2.5 },
          data: points.map(({ x, y, label }) => ({ value: [at(x), y], name: label })),
          tooltip,
        },
        band(points, at, colour),
        {
          type: 'line',
          z: 2,
          symbol: 'circle',
          symbolSize: 5,
          color: colour,
          lineStyle: { width: 0 },
          data: dots.map(({ x, y, label }) => ({ value: [at(x), y], name: label })),
          tooltip,
        },
      ];
    }),
  };
}

/** One piece for each stretch of points that have a band; a point alone has a bar. */
function band(points: readonly LinePoint[], at: (x: number) => number, colour: string): object {
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
  return {
    type: 'custom',
    silent: true,
    z: 1,
    data: pieces.map(([first]) => [at(first!.x), first!.low]),
    renderItem: ({ dataIndex }: { dataIndex: number }, api: { coord(value: number[]): number[] }) => {
      const piece = pieces[dataIndex]!;
      const ends = [
        ...piece.map(({ x, high }) => api.coord([at(x), high!])),
        ...piece.toReversed().map(({ x, low }) => api.coord([at(x), low!])),
      ];
      if (piece.length > 1)
        return { type: 'polygon', shape: { points: ends }, style: { fill: colour, opacity: 0.15 } };
      const [[x, y1], [, y2]] = ends as [number[], number[]];
      return {
        type: 'line',
        shape: { x1: x, x2: x, y1, y2 },
        style: { stroke: colour, lineWidth: 3, opacity: 0.5 },
      };
    },
  };
}
