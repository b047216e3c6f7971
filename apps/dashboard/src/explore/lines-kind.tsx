'use client';

import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import {
  type Dimension,
  filterOf,
  formatValue,
  nameOf,
  scaleOf,
  seriesName,
  valueAt,
  valuesOf,
} from '../axis/axis';
import { ChartFrame } from '../chart/frame';
import { type Line, Lines } from '../chart/lines';
import { both, isEverything, runsHref } from '../filter/filter';
import { Asked } from '../question/asked';
import { bestOf, facetsOf, type Question } from '../question/question';
import { useLast, useLiveQuery } from '../shell/activity';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { Counts } from './counts';
import type { KindProps } from './kind';
import {
  type Answer,
  describe,
  fileOf,
  formatOf,
  type Group,
  type Panel,
  panelsOf,
  quantityOf,
  Statistics,
  variablesOf,
} from './statistics';
import { StatisticsTable } from './statistics-table';

/** Lines with bands: one line per value of the series, one panel per value of the facets. */
export function LinesKind({ question }: KindProps) {
  const { seeds } = question;
  const dimensions = dimensionsOf(question);
  const variables = variablesOf(question, dimensions);
  const [{ data, error, fetching }, again] = useLiveQuery({ query: Statistics, variables });
  const [{ data: single }] = useLiveQuery({
    query: Statistics,
    variables: singleRuns(question, dimensions, data?.aggregate.groups ?? []),
    pause: seeds !== 'shown' || !data,
  });
  const shown = useLast(useMemo(() => data && { question, answer: data.aggregate }, [data, question]));
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the runs" />;
  return (
    <div aria-busy={fetching}>
      <Panels {...shown} singles={(seeds === 'shown' && single?.aggregate.groups) || NONE} />
      <Asked query={Statistics} variables={variables} />
    </div>
  );
}
const NONE: readonly Group[] = [];

const dimensionsOf = (question: Question): Dimension[] => [
  ...new Set<Dimension>([...facetsOf(question), ...question.series, question.x]),
];

function Panels({
  question,
  answer: { runs, groups },
  singles,
}: {
  question: Question;
  answer: Answer;
  singles: readonly Group[];
}) {
  const { where } = question;
  const facets = useMemo(() => facetsOf(question), [question]);
  const panels = useMemo(() => panelsOf(groups, facets, where), [groups, facets, where]);
  const yRange = useMemo(() => rangeOf(groups, question), [groups, question]);
  const dots = useMemo(
    () =>
      panels.map((panel) =>
        singles.filter((group) => group.mean !== null && sameOn(facets, group, panel.groups[0]!)),
      ),
    [panels, singles, facets],
  );
  if (runs === 0) return <HowToBegin filtered={!isEverything(where)} />;
  return (
    <>
      <Counts runs={runs} groups={groups} where={where} best={bestOf(question)} />
      <div className="panels">
        {panels.map((panel, i) => (
          <LinesPanel key={panel.id} panel={panel} question={question} yRange={yRange} dots={dots[i]!} />
        ))}
      </div>
    </>
  );
}

function LinesPanel({
  panel,
  question,
  yRange,
  dots,
}: {
  panel: Panel;
  question: Question;
  yRange: readonly [number, number] | undefined;
  dots: readonly Group[];
}) {
  const router = useRouter();
  const { x, series, band } = question;
  const inPanel = useMemo(() => [...new Set<Dimension>([...series, x])], [series, x]);
  const { lines, drawn, xNames, scale } = useMemo(() => {
    const names = valuesOf(panel.groups, x);
    const scale = scaleFor(x, names);
    const place = (group: Group): number => {
      const value = valueAt(group, x);
      return scale === 'names'
        ? names.findIndex((one) => JSON.stringify(one) === JSON.stringify(value))
        : Number(value);
    };
    const drawn: Group[][] = [];
    const lines: Line[] = seriesIn(panel.groups, series).flatMap(({ name, is }) => {
      const groups = panel.groups.filter(
        (group) => is(group) && group.mean !== null && (scale === 'names' || valueAt(group, x) !== null),
      );
      if (groups.length === 0) return [];
      drawn.push(groups);
      return [
        {
          name,
          points: groups.map((group) => ({
            x: place(group),
            y: group.mean!,
            ...bandOf(group, band),
            label: describe(group, question, inPanel),
          })),
          dots: dots.filter(is).map((group) => ({
            x: place(group),
            y: group.mean!,
            label: `seed ${group.seed}, ${describe(group, question, inPanel)}`,
          })),
        },
      ];
    });
    return { lines, drawn, scale, xNames: names.map((one) => formatValue(x, one)) };
  }, [panel, question, dots, x, series, band, inPanel]);
  const { formatX, formatY } = useMemo(
    () => ({ formatX: (value: number) => formatValue(x, value), formatY: formatOf(question) }),
    [x, question],
  );
  const title = `${quantityOf(question)} against ${nameOf(x)}${panel.name ? `: ${panel.name}` : ''}`;
  const variables = variablesOf(question, inPanel);
  return (
    <ChartFrame
      id={panel.id}
      title={title}
      table={
        <StatisticsTable
          label={title}
          groups={panel.groups}
          dimensions={inPanel}
          question={question}
          where={panel.where}
        />
      }
      files={{
        csv: fileOf('csv', variables, panel.where),
        latex: fileOf('tex', variables, panel.where),
        markdown: fileOf('md', variables, panel.where),
      }}
    >
      <Lines
        label={`${title}. ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}; the table has the same numbers.`}
        xName={nameOf(x)}
        yName={quantityOf(question)}
        lines={lines}
        formatX={formatX}
        formatY={formatY}
        scale={scale}
        xNames={xNames}
        yRange={yRange}
        onPoint={(line, point) => {
          const group = drawn[line]?.[point];
          if (group)
            router.push(
              runsHref(both(panel.where, ...inPanel.map((one) => filterOf(one, valueAt(group, one))))),
            );
        }}
      />
    </ChartFrame>
  );
}

/** Numbers lie on a number line, on a log-2 one only if they are all positive; all else side by side. */
function scaleFor(x: Dimension, values: readonly unknown[]): 'log2' | 'linear' | 'names' {
  const numbers = values.filter((value) => typeof value === 'number');
  const scale = scaleOf(x) ?? (x.startsWith('param:') && numbers.length === values.length ? 'linear' : null);
  if (scale === null || numbers.length === 0) return 'names';
  return scale === 'log2' && numbers.some((value) => value <= 0) ? 'linear' : scale;
}

/** The lines of a panel: each combination of the series' values that there is. */
function seriesIn(
  groups: readonly Group[],
  series: readonly Dimension[],
): { name: string; is: (group: Group) => boolean }[] {
  let all: { name: string; is: (group: Group) => boolean }[] = [{ name: '', is: () => true }];
  for (const dimension of series)
    all = all.flatMap(({ name, is }) =>
      valuesOf(groups.filter(is), dimension).map((value) => ({
        name: [name, seriesName(dimension, value)].filter(Boolean).join(', '),
        is: (group: Group) =>
          is(group) && JSON.stringify(valueAt(group, dimension)) === JSON.stringify(value),
      })),
    );
  return all;
}

function bandOf(
  { mean, sd, sem, ci95, min, max }: Group,
  band: Question['band'],
): { low: number | null; high: number | null } {
  const half = band === 'sd' ? sd : band === 'sem' ? sem : null;
  if (half !== null) return { low: mean! - half, high: mean! + half };
  if (band === 'ci95' && ci95) return ci95;
  return band === 'range' ? { low: min, high: max } : { low: null, high: null };
}

/** Of all panels together, a little wider; a band that leaves it is cut by the frame's edge, never the mean. */
function rangeOf(groups: readonly Group[], question: Question): readonly [number, number] | undefined {
  const ends = groups.flatMap((group) => {
    if (group.mean === null) return [];
    const { low, high } = bandOf(group, question.band);
    return [
      group.mean,
      low ?? group.mean,
      high ?? group.mean,
      ...(question.seeds === 'shown' ? [group.min!, group.max!] : []),
    ];
  });
  if (ends.length === 0) return undefined;
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const step = 10 ** Math.floor(Math.log10(Math.max(high - low, Math.abs(high) * 1e-3, 1e-12)));
  return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
}

const sameOn = (dimensions: readonly Dimension[], a: Group, b: Group): boolean =>
  dimensions.every((one) => JSON.stringify(valueAt(a, one)) === JSON.stringify(valueAt(b, one)));

/** The runs that the points are means of, one by one: of the chosen settings alone, without the seeds that chose them. */
function singleRuns(
  question: Question,
  dimensions: readonly Dimension[],
  groups: readonly Group[],
): ReturnType<typeof variablesOf> {
  const chosen = groups.flatMap(({ best }) => best?.settingHash ?? []);
  const { select } = question;
  const varying = groups.flatMap(({ varying, varyingParams }) => [
    ...varying,
    ...varyingParams.map((name): Dimension => `param:${name}`),
  ]);
  const where = both(
    question.where,
    ...(chosen.length > 0 ? [{ settingHash: { in: chosen } }] : []),
    ...(chosen.length > 0 && select.length > 0 ? [{ not: { seed: { in: select } } }] : []),
  );
  const plain = { ...question, where, best: [], select: [] };
  return variablesOf(plain, [...dimensions, ...(chosen.length > 0 ? [] : varying), 'SEED']);
}
