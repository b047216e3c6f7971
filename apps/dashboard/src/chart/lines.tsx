'use client';

import { useComputedColorScheme } from '@mantine/core';
import { CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { DARK, DASHES, LIGHT, SYMBOLS } from './palette';

echarts.use([LineChart, CustomChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly label: string;
}
export interface Line {
  readonly name: string;
  readonly points: readonly LinePoint[];
}

interface LinesProps {
  readonly title: string;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly Line[];
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  readonly logX: boolean;
  readonly onPoint?: (line: number, point: number) => void;
}

/** Lines with error bands. The table beside it has the same numbers. */
export function Lines({ title, xName, yName, lines, formatX, formatY, logX, onPoint }: LinesProps) {
  const dark = useComputedColorScheme('light') === 'dark';
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<echarts.ECharts>(undefined);
  const click = useRef(onPoint);
  click.current = onPoint;

  useEffect(() => {
    const made = echarts.init(place.current, undefined, { renderer: 'svg' });
    chart.current = made;
    made.on('click', ({ seriesIndex, dataIndex, seriesType }) => {
      if (seriesType === 'line' && seriesIndex !== undefined)
        click.current?.(Math.floor(seriesIndex / 2), dataIndex);
    });
    const observer = new ResizeObserver(() => made.resize());
    if (place.current) observer.observe(place.current);
    return () => {
      observer.disconnect();
      made.dispose();
    };
  }, []);

  useEffect(() => {
    const colours = dark ? DARK : LIGHT;
    const ink = dark ? '#c9c9c9' : '#3d3d3d';
    const grid = dark ? '#3a3a3a' : '#e3e3e3';
    const xs = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
    const axis = {
      nameTextStyle: { color: ink },
      axisLabel: { color: ink },
      axisLine: { lineStyle: { color: ink } },
      splitLine: { lineStyle: { color: grid } },
    };
    // On a log-2 axis equal factors are equal distances: the places are the logarithms, the labels the numbers.
    const at = (x: number): number => (logX ? Math.log2(x) : x);
    chart.current?.setOption(
      {
        animation: false,
        aria: { enabled: false },
        grid: { left: 60, right: 24, top: 40, bottom: 48 },
        legend: { top: 0, textStyle: { color: ink }, data: lines.map(({ name }) => name) },
        tooltip: {
          trigger: 'item',
        },
        xAxis: {
          ...axis,
          type: 'value',
          name: xName,
          nameLocation: 'middle',
          nameGap: 28,
          min: logX ? Math.floor(at(xs[0] ?? 1)) : at(xs[0] ?? 0),
          max: logX ? Math.ceil(at(xs.at(-1) ?? 2)) : at(xs.at(-1) ?? 1),
          ...(logX ? { interval: 1 } : {}),
          axisLabel: {
            color: ink,
            formatter: (value: number) =>
              logX ? (Number.isInteger(value) ? formatX(2 ** value) : '') : formatX(value),
          },
        },
        yAxis: {
          ...axis,
          type: 'value',
          name: yName,
          nameLocation: 'end',
          scale: true,
          axisLabel: { color: ink, formatter: formatY },
        },
        series: lines.flatMap(({ name, points }, i) => {
          const colour = colours[i % colours.length];
          const banded = points.filter(({ low, high }) => low !== null && high !== null);
          const band = {
            type: 'custom',
            silent: true,
            z: 1,
            data: banded.length > 1 ? [[0, 0]] : [],
            renderItem: (_params: unknown, api: { coord(value: number[]): number[] }) => ({
              type: 'polygon',
              shape: {
                points: [
                  ...banded.map(({ x, high }) => api.coord([at(x), high!])),
                  ...banded.toReversed().map(({ x, low }) => api.coord([at(x), low!])),
                ],
              },
              style: { fill: colour, opacity: 0.15 },
            }),
          };
          const line = {
            type: 'line',
            name,
            z: 2,
            symbol: SYMBOLS[i % SYMBOLS.length],
            symbolSize: 9,
            color: colour,
            lineStyle: { type: DASHES[i % DASHES.length], width: 2.5 },
            data: points.map(({ x, y, label }) => ({ value: [at(x), y], name: label })),
            tooltip: {
              formatter: ({ name: text }: { name: string }) =>
                text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`),
            },
          };
          return [line, band];
        }),
      },
      { notMerge: true },
    );
  }, [lines, dark, xName, yName, formatX, formatY, logX]);

  return (
    <div
      ref={place}
      role="img"
      aria-label={`${title}. The table below has the same numbers.`}
      style={{ width: '100%', height: 340 }}
    />
  );
}
