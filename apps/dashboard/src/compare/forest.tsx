'use client';

import { Table } from '@mantine/core';
import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { useMemo } from 'react';
import { type Axis, filterOf, nameOf, type RunFilter, seriesName, valueAt } from '../axis/axis';
import { EChart } from '../chart/echart';
import { ChartFrame } from '../chart/frame';
import { axisStyle, type ChartTheme, plain, useChartTheme } from '../chart/theme';
import { Choices } from '../question/controls';
import { count } from '../shell/format';
import type { Answer, Difference } from './compare-query';
import { SETTING_AXES } from './compare-question';

echarts.use([CustomChart, LineChart, ScatterChart, GridComponent, TooltipComponent]);

interface Row extends Difference {
  readonly name: string;
  /** The runs that it is of, beside those of the whole. */
  readonly where: RunFilter | null;
}

/** Axes whose values differ between pairs: only these have something to break down. */
export const varyingOf = (answer: Answer): Axis[] => SETTING_AXES.filter((axis) => answer[axis].length > 1);

/** The mean difference with its interval: of all pairs, and by the values of each axis. */
export function Forest({
  answer,
  by,
  say,
  onBy,
  onRow,
}: {
  answer: Answer;
  /** Axes that are looked at; all that vary where none is named. */
  by: readonly Axis[];
  say: (difference: number | null) => string;
  onBy: (axes: Axis[]) => void;
  onRow: (where: RunFilter) => void;
}) {
  const theme = useChartTheme();
  const varying = useMemo(() => varyingOf(answer), [answer]);
  const rows = useMemo(() => rowsOf(answer, by.length > 0 ? by : varying), [answer, by, varying]);
  const option = useMemo(() => optionOf(rows, say, theme), [rows, say, theme]);
  if (answer.n === 0) return null;
  const title = 'Mean difference A − B, with its 95 % interval';
  return (
    <>
      <ChartFrame id="forest" title={title} table={<Rows label={title} rows={rows} say={say} />}>
        <EChart
          label={`${title}. ${rows.map((row) => describe(row, say)).join('. ')}`}
          option={option}
          height={90 + 26 * rows.length}
          onClick={({ series, datum }) => {
            const row = rows[datum];
            if (series === 0 && row?.where) onRow(row.where);
          }}
        />
      </ChartFrame>
      {varying.length > 1 ? (
        <Choices
          label="Broken down by"
          values={by}
          options={varying.map((value) => ({ value, name: nameOf(value) }))}
          words={`Broken down by ${(by.length > 0 ? by : varying).map(nameOf).join(', ')}`}
          onChange={onBy}
        />
      ) : null}
    </>
  );
}

function rowsOf(answer: Answer, axes: readonly Axis[]): Row[] {
  const groups = SETTING_AXES.filter((axis) => axes.includes(axis)).flatMap((axis) =>
    answer[axis].map((group): Row => {
      const value = valueAt(group, axis);
      return { ...group, name: seriesName(axis, value), where: filterOf(axis, value) };
    }),
  );
  return [{ ...answer, name: 'all pairs', where: null }, ...groups];
}

const VERDICTS = { A: 'A is better', B: 'B is better', UNDECIDED: 'undecided' };
const verdictOf = ({ verdict, n }: Row): string =>
  verdict ? VERDICTS[verdict] : n < 2 ? 'one pair only' : '–';
const describe = (row: Row, say: (difference: number | null) => string): string =>
  `${row.name}: ${say(row.mean)}${row.ci95 ? ` (${say(row.ci95.low)} to ${say(row.ci95.high)})` : ''}, n = ${row.n}, ${verdictOf(row)}`;

function Rows({
  label,
  rows,
  say,
}: {
  label: string;
  rows: readonly Row[];
  say: (one: number | null) => string;
}) {
  return (
    <div className="scroll">
      <Table aria-label={label} className="number nowrap" striped>
        <Table.Thead>
          <Table.Tr>
            {['of', 'A − B', '95 % interval', 'pairs', 'A better', 'equal', 'B better', 'verdict'].map(
              (name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ),
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.name}>
              <Table.Th scope="row">{row.name}</Table.Th>
              <Table.Td data-mean={row.mean ?? ''}>{say(row.mean)}</Table.Td>
              <Table.Td>{row.ci95 ? `${say(row.ci95.low)} to ${say(row.ci95.high)}` : '–'}</Table.Td>
              <Table.Td>{count(row.n)}</Table.Td>
              <Table.Td>{count(row.wins)}</Table.Td>
              <Table.Td>{count(row.ties)}</Table.Td>
              <Table.Td>{count(row.losses)}</Table.Td>
              <Table.Td>{verdictOf(row)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function optionOf(rows: readonly Row[], say: (one: number | null) => string, theme: ChartTheme): object {
  const style = axisStyle(theme);
  const markOf = ({ verdict }: Row) =>
    verdict === 'A'
      ? { symbol: 'circle', itemStyle: { color: theme.colours[0] } }
      : verdict === 'B'
        ? { symbol: 'rect', itemStyle: { color: theme.colours[1] } }
        : { symbol: 'diamond', itemStyle: { color: theme.ground, borderColor: theme.ink, borderWidth: 2 } };
  return {
    grid: { left: 8, right: 24, top: 24, bottom: 48, containLabel: true },
    tooltip: { trigger: 'item', confine: true },
    xAxis: {
      ...style,
      type: 'value',
      scale: true,
      name: '‹ B greater     A − B     A greater ›',
      nameLocation: 'middle',
      nameGap: 30,
      axisLabel: { color: theme.ink, hideOverlap: true, formatter: say },
      // Zero is what an interval is read against: it is always there.
      min: ({ min }: { min: number }) => Math.min(0, min),
      max: ({ max }: { max: number }) => Math.max(0, max),
    },
    yAxis: {
      ...style,
      type: 'category',
      inverse: true,
      data: rows.map(({ name }) => name),
      axisLabel: { color: theme.ink, interval: 0 },
    },
    series: [
      {
        type: 'scatter',
        z: 4,
        symbolSize: 11,
        data: rows.map((row, i) => ({ value: [row.mean, i], name: describe(row, say), ...markOf(row) })),
        tooltip: { formatter: ({ name }: { name: string }) => plain(name) },
      },
      {
        type: 'custom',
        silent: true,
        z: 3,
        encode: { x: [0, 1], y: 2 },
        data: rows.flatMap(({ ci95 }, i) => (ci95 ? [[ci95.low, ci95.high, i]] : [])),
        renderItem: (
          _params: unknown,
          api: { value(dimension: number): number; coord(value: number[]): number[] },
        ) => {
          const [x1, y] = api.coord([api.value(0), api.value(2)]) as [number, number];
          const [x2] = api.coord([api.value(1), api.value(2)]) as [number, number];
          const line = (shape: object) => ({
            type: 'line',
            shape,
            style: { stroke: theme.ink, lineWidth: 2 },
          });
          return {
            type: 'group',
            children: [
              line({ x1, y1: y, x2, y2: y }),
              line({ x1, y1: y - 5, x2: x1, y2: y + 5 }),
              line({ x1: x2, y1: y - 5, x2, y2: y + 5 }),
            ],
          };
        },
      },
      {
        type: 'line',
        silent: true,
        symbol: 'none',
        z: 2,
        lineStyle: { color: theme.ink, type: 'dashed', width: 1 },
        data: [
          [0, 0],
          [0, rows.length - 1],
        ],
      },
    ],
  };
}
