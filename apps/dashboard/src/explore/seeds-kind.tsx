'use client';

import { Text } from '@mantine/core';
import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import { type Dimension, formatValue, nameOf, valueAt, valuesOf } from '../axis/axis';
import { Strip, type StripBox, type StripSeries } from '../chart/strip';
import { ticksOf } from '../chart/ticks';
import { both, isEverything, runsHref } from '../filter/filter';
import { Asked } from '../question/asked';
import { bestOf, facetsOf, type Question } from '../question/question';
import { useLast, useLiveQuery } from '../shell/activity';
import { count } from '../shell/format';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { Counts } from './counts';
import type { KindProps } from './kind';
import { useMounted } from './mounted';
import { PanelFrame } from './panel-frame';
import { type Series, seriesIn } from './series';
import { useSingles } from './singles';
import {
  type Answer,
  describe,
  formatOf,
  type Group,
  type Panel,
  panelsOf,
  quantityOf,
  runsOf,
  Statistics,
  sameOn,
  shownBy,
  variablesOf,
} from './statistics';

/** For each point of the lines, the values of its runs one by one, with their mean and deviation. */
export function SeedsKind({ question }: KindProps) {
  const mounted = useMounted();
  const dimensions = shownBy(question);
  const variables = variablesOf(question, dimensions);
  const [{ data, error, fetching }, again] = useLiveQuery({ query: Statistics, variables });
  const singles = useSingles(question, dimensions, mounted ? data?.aggregate.groups : undefined);
  const shown = useLast(
    useMemo(
      () => data && { question, answer: data.aggregate, singles: singles.runs },
      [data, question, singles.runs],
    ),
  );
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the runs" />;
  return (
    <div aria-busy={fetching}>
      {singles.error ? <Failed message={singles.error.message} /> : null}
      <Panels {...shown} />
      <Asked query={Statistics} variables={variables} />
    </div>
  );
}

function Panels({
  question,
  answer: { runs, groups },
  singles,
}: {
  question: Question;
  answer: Answer;
  singles: readonly Group[] | undefined;
}) {
  const { where, x } = question;
  const facets = useMemo(() => facetsOf(question), [question]);
  const panels = useMemo(() => panelsOf(groups, facets, where), [groups, facets, where]);
  const series = useMemo(() => seriesIn(groups, question.series), [groups, question.series]);
  const xs = useMemo(() => valuesOf(groups, x), [groups, x]);
  const valued = useMemo(() => (singles ?? []).filter(({ mean }) => mean !== null), [singles]);
  const yRange = useMemo(() => {
    const ends = [...groups, ...valued].flatMap(({ mean, sd }) => {
      const half = sd ?? 0;
      return mean === null ? [] : [mean - half, mean + half];
    });
    return ends.length > 0
      ? ticksOf(
          ends.reduce((a, b) => Math.min(a, b)),
          ends.reduce((a, b) => Math.max(a, b)),
        )
      : undefined;
  }, [groups, valued]);
  if (runs === 0) return <HowToBegin filtered={!isEverything(where)} />;
  return (
    <>
      <Counts runs={runs} groups={groups} where={where} best={bestOf(question)} />
      <Text data-testid="singles" className="number">
        {singles
          ? `${count(valued.length)} ${valued.length === 1 ? 'run' : 'runs'} one by one; each box is a mean ± its standard deviation.`
          : 'The single runs are on their way.'}
      </Text>
      <div className="panels">
        {panels.map((panel) => (
          <SeedsPanel
            key={panel.id}
            panel={panel}
            question={question}
            series={series}
            xs={xs}
            yRange={yRange}
            singles={valued}
          />
        ))}
      </div>
    </>
  );
}

function SeedsPanel({
  panel,
  question,
  series,
  xs,
  yRange,
  singles,
}: {
  panel: Panel;
  question: Question;
  series: readonly Series[];
  xs: readonly unknown[];
  yRange: readonly [number, number, number] | undefined;
  singles: readonly Group[];
}) {
  const router = useRouter();
  const { x } = question;
  const inPanel = useMemo(() => [...new Set<Dimension>([...question.series, x])], [question.series, x]);
  const { drawn, found } = useMemo(() => {
    const facets = facetsOf(question);
    const places = new Map(xs.map((value, i) => [JSON.stringify(value), i]));
    const here = singles.filter((one) => panel.groups[0] && sameOn(facets, one, panel.groups[0]));
    const found: { readonly group: Group; readonly runs: readonly Group[] }[][] = [];
    const drawn = series.flatMap(({ name, is }, style): StripSeries[] => {
      const groups = panel.groups.filter((group) => is(group) && group.mean !== null);
      if (groups.length === 0) return [];
      const boxes = groups.map((group) => ({
        group,
        runs: here
          .filter((one) => sameOn(inPanel, one, group))
          .sort((a, b) => Number(a.seed) - Number(b.seed)),
      }));
      found.push(boxes);
      return [{ name, style, boxes: boxes.map((box) => boxOf(box, places, question, inPanel)) }];
    });
    return { drawn, found };
  }, [panel, question, series, xs, singles, inPanel]);
  const title = `${quantityOf(question)} of single runs against ${nameOf(x)}${panel.name ? `: ${panel.name}` : ''}`;
  const dots = drawn.reduce((all, { boxes }) => all + boxes.reduce((n, box) => n + box.dots.length, 0), 0);
  return (
    <PanelFrame panel={panel} title={title} dimensions={inPanel} question={question}>
      <Strip
        label={`${title}. ${count(dots)} runs as dots; the table has the means.`}
        xName={nameOf(x)}
        yName={quantityOf(question)}
        xNames={xs.map((value) => formatValue(x, value))}
        beside={series.length}
        series={drawn}
        yRange={yRange}
        formatY={formatOf(question)}
        onMark={(of, box, dot) => {
          const { group, runs } = found[of]?.[box] ?? {};
          if (!group) return;
          const filter = runsOf(group, inPanel, panel.where);
          const seed = dot === null ? undefined : runs?.[dot]?.seed;
          router.push(runsHref(both(filter, ...(seed == null ? [] : [{ seed: { eq: seed } }]))));
        }}
      />
    </PanelFrame>
  );
}

function boxOf(
  { group, runs }: { readonly group: Group; readonly runs: readonly Group[] },
  places: ReadonlyMap<string, number>,
  question: Question,
  dimensions: readonly Dimension[],
): StripBox {
  const { mean, sd } = group;
  return {
    x: places.get(JSON.stringify(valueAt(group, question.x)))!,
    mean: mean!,
    low: sd === null ? null : mean! - sd,
    high: sd === null ? null : mean! + sd,
    label: describe(group, question, dimensions),
    dots: runs.map((run) => ({
      y: run.mean!,
      label: `seed ${run.seed}: ${describe(run, question, dimensions)}`,
    })),
  };
}
