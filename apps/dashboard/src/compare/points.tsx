'use client';

import { Button, Group, Table, Text } from '@mantine/core';
import { useClient } from '@urql/next';
import { LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { useMemo, useState } from 'react';
import { formatValue } from '../axis/axis';
import { EChart } from '../chart/echart';
import { ChartFrame } from '../chart/frame';
import { axisStyle, type ChartTheme, LEGEND_MARK, plain, useChartTheme } from '../chart/theme';
import { Choice } from '../question/controls';
import { count } from '../shell/format';
import { warn } from '../shell/notice';
import { type Answer, MorePoints, type Point } from './compare-query';
import { DRAWINGS, differenceOf, formatOf, type Sides, variablesOf } from './compare-question';

echarts.use([LineChart, ScatterChart, GridComponent, LegendComponent, TooltipComponent]);

/** Each pair as a mark: its difference, or A's mean against B's. */
export function Points({
  answer,
  question,
  onChange,
}: {
  answer: Answer;
  question: Sides;
  onChange: (change: Partial<Sides>) => void;
}) {
  const theme = useChartTheme();
  const client = useClient();
  const [more, setMore] = useState<{ of: Answer; points: readonly Point[] }>();
  const [loading, setLoading] = useState(false);
  const points = useMemo(
    () => (more?.of === answer ? [...answer.points, ...more.points] : answer.points),
    [answer, more],
  );
  const { drawn } = question;
  const option = useMemo(
    () => (drawn === 'sorted' ? sortedOf : againstOf)(points, question, answer.goal === 'MINIMISE', theme),
    [drawn, points, question, answer.goal, theme],
  );
  if (answer.n === 0) return null;
  const loadAll = async (): Promise<void> => {
    setLoading(true);
    const found: Point[] = [];
    for (let skip = 1000; skip < answer.n; skip += 1000) {
      const { data, error } = await client.query(MorePoints, { ...variablesOf(question), skip }).toPromise();
      if (error) {
        warn(error.message);
        break;
      }
      found.push(...data!.compare.points);
    }
    setMore({ of: answer, points: found });
    setLoading(false);
  };
  const title = drawn === 'sorted' ? 'Difference of each pair, sorted' : 'A against B, pair by pair';
  return (
    <>
      <ChartFrame id="points" title={title} table={<Quantiles answer={answer} question={question} />}>
        <EChart
          label={`${title}: ${count(points.length)} marks. A is better in ${answer.wins}, B in ${answer.losses}, equal in ${answer.ties}; the table of pairs has the numbers.`}
          option={option}
          height={320}
        />
      </ChartFrame>
      <Group gap="xs" className="sentence" style={{ fontSize: '1rem' }}>
        <Choice
          label="Drawn as"
          value={drawn}
          options={(Object.keys(DRAWINGS) as (keyof typeof DRAWINGS)[]).map((value) => ({
            value,
            name: DRAWINGS[value],
          }))}
          onChange={(drawn) => onChange({ drawn })}
        />
        {points.length < answer.n ? (
          <>
            <Text size="sm" data-testid="drawn">
              {count(points.length)} of {count(answer.n)} pairs are drawn, the first in the order of the
              table.
            </Text>
            <Button size="compact-sm" variant="default" loading={loading} onClick={() => void loadAll()}>
              Draw all
            </Button>
          </>
        ) : null}
      </Group>
    </>
  );
}

/** The chart's numbers at a glance; pair by pair they are in the table of pairs. */
function Quantiles({ answer, question }: { answer: Answer; question: Sides }) {
  const say = differenceOf(question);
  const { min, median, max, mean, sd, sem } = answer;
  return (
    <Table aria-label="Differences of pairs" className="number" w="auto">
      <Table.Tbody>
        {(
          [
            ['least', min],
            ['median', median],
            ['greatest', max],
            ['mean', mean],
            ['standard deviation', sd],
            ['standard error of the mean', sem],
          ] as const
        ).map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row">{name}</Table.Th>
            <Table.Td>{name.startsWith('standard') ? say(value).replace('+', '') : say(value)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

interface Kind {
  readonly name: string;
  readonly is: (difference: number) => boolean;
  readonly symbol: string;
  readonly colour: string;
}
const kindsOf = (minimise: boolean, { colours, ink }: ChartTheme): Kind[] => {
  const towards = minimise ? -1 : 1;
  return [
    { name: 'A better', is: (one) => one * towards > 0, symbol: 'circle', colour: colours[0]! },
    { name: 'B better', is: (one) => one * towards < 0, symbol: 'rect', colour: colours[1]! },
    { name: 'equal', is: (one) => one === 0, symbol: 'diamond', colour: ink },
  ];
};

const nameOf = ({ a, b, difference }: Point, question: Sides): string => {
  const format = formatOf(question);
  const rates = [a, b].map((one) => formatValue('BASE_LEARNING_RATE', one.baseLearningRate));
  const rate = rates[0] === rates[1] ? rates[0] : `${rates.join(' (A), ')} (B)`;
  return `${a.dataset}, batch size ${a.batchSize}, base learning rate ${rate}: A ${format(a.mean)}, B ${format(b.mean)}, A − B ${differenceOf(question)(difference)}`;
};

const shared = (theme: ChartTheme, kinds: readonly Kind[]) => ({
  grid: { left: 80, right: 24, top: 36, bottom: 48 },
  legend: { top: 0, ...LEGEND_MARK, textStyle: { color: theme.ink }, data: kinds.map(({ name }) => name) },
  tooltip: {
    trigger: 'item',
    confine: true,
    formatter: ({ name }: { name: string }) => plain(name),
  },
});
const marks = ({ name, symbol, colour }: Kind, data: readonly object[]) => ({
  type: 'scatter',
  name,
  symbol,
  symbolSize: 7,
  z: 3,
  itemStyle: { color: colour, opacity: 0.8 },
  data,
});
const guide = (theme: ChartTheme, data: readonly (readonly number[])[]) => ({
  type: 'line',
  silent: true,
  symbol: 'none',
  z: 2,
  lineStyle: { color: theme.ink, type: 'dashed', width: 1 },
  data,
});

function sortedOf(points: readonly Point[], question: Sides, minimise: boolean, theme: ChartTheme): object {
  const kinds = kindsOf(minimise, theme);
  const style = axisStyle(theme);
  const sorted = points.toSorted((one, other) => one.difference - other.difference);
  return {
    ...shared(theme, kinds),
    xAxis: {
      ...style,
      type: 'value',
      name: 'pairs',
      nameLocation: 'middle',
      nameGap: 28,
      min: 0,
      max: sorted.length + 1,
    },
    yAxis: {
      ...style,
      type: 'value',
      name: 'A − B',
      axisLabel: { color: theme.ink, formatter: differenceOf(question) },
    },
    series: [
      ...kinds.map((kind) =>
        marks(
          kind,
          sorted.flatMap((point, i) =>
            kind.is(point.difference)
              ? [{ value: [i + 1, point.difference], name: nameOf(point, question) }]
              : [],
          ),
        ),
      ),
      guide(theme, [
        [0, 0],
        [sorted.length + 1, 0],
      ]),
    ],
  };
}

function againstOf(points: readonly Point[], question: Sides, minimise: boolean, theme: ChartTheme): object {
  const kinds = kindsOf(minimise, theme);
  const style = axisStyle(theme);
  const ends = points.flatMap(({ a, b }) => [a.mean, b.mean]);
  const [low, high] = ends.reduce(
    ([l, h], one) => [Math.min(l, one), Math.max(h, one)],
    [ends[0]!, ends[0]!],
  );
  const axis = {
    ...style,
    type: 'value',
    scale: true,
    min: low,
    max: high > low ? high : low + 1,
    axisLabel: { color: theme.ink, hideOverlap: true, formatter: formatOf(question) },
  };
  return {
    ...shared(theme, kinds),
    xAxis: { ...axis, name: 'B', nameLocation: 'middle', nameGap: 28 },
    yAxis: { ...axis, name: 'A' },
    series: [
      ...kinds.map((kind) =>
        marks(
          kind,
          points.flatMap((point) =>
            kind.is(point.difference)
              ? [{ value: [point.b.mean, point.a.mean], name: nameOf(point, question) }]
              : [],
          ),
        ),
      ),
      guide(theme, [
        [low, low],
        [high, high],
      ]),
    ],
  };
}
