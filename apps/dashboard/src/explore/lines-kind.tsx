'use client';

import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import { type Dimension, formatValue, nameOf, scaleOf, valueAt, valuesOf } from '../axis/axis';
import { type Line, Lines } from '../chart/lines';
import { ticksOf } from '../chart/ticks';
import { isEverything, runsHref } from '../filter/filter';
import { Asked } from '../question/asked';
import { bestOf, facetsOf, type Question } from '../question/question';
import { useLast, useLiveQuery } from '../shell/activity';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { Counts } from './counts';
import type { KindProps } from './kind';
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

/** Lines with bands: one line per value of the series, one panel per value of the facets. */
export function LinesKind({ question }: KindProps) {
  const dimensions = shownBy(question);
  const variables = variablesOf(question, dimensions);
  const [{ data, error, fetching }, again] = useLiveQuery({ query: Statistics, variables });
  const showing = question.seeds === 'shown';
  const singles = useSingles(question, dimensions, showing ? data?.aggregate.groups : undefined);
  const shown = useLast(useMemo(() => data && { question, answer: data.aggregate }, [data, question]));
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the runs" />;
  return (
    <div aria-busy={fetching}>
      {showing && singles.error ? <Failed message={singles.error.message} /> : null}
      <Panels {...shown} singles={(showing && singles.runs) || NONE} />
      <Asked query={Statistics} variables={variables} />
    </div>
  );
}
const NONE: readonly Group[] = [];

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
  const yRange = useMemo(() => rangeOf(groups, singles, question), [groups, singles, question]);
  const axis = useMemo(() => xAxisOf(groups, question.x), [groups, question.x]);
  const series = useMemo(() => seriesIn(groups, question.series), [groups, question.series]);
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
          <LinesPanel
            key={panel.id}
            panel={panel}
            question={question}
            axis={axis}
            series={series}
            yRange={yRange}
            dots={dots[i]!}
          />
        ))}
      </div>
    </>
  );
}

function LinesPanel({
  panel,
  question,
  axis,
  series,
  yRange,
  dots,
}: {
  panel: Panel;
  question: Question;
  axis: XAxis;
  series: readonly Series[];
  yRange: readonly [number, number, number] | undefined;
  dots: readonly Group[];
}) {
  const router = useRouter();
  const { x, band } = question;
  const inPanel = useMemo(() => [...new Set<Dimension>([...question.series, x])], [question.series, x]);
  const { lines, drawn } = useMemo(() => {
    const drawn: Group[][] = [];
    const lines: Line[] = series.flatMap(({ name, is }, style) => {
      const groups = panel.groups.filter((group) => is(group) && group.mean !== null);
      if (groups.length === 0) return [];
      drawn.push(groups);
      return [
        {
          name,
          style,
          points: groups.map((group) => ({
            x: axis.place(valueAt(group, x)),
            y: group.mean!,
            ...bandOf(group, band),
            label: describe(group, question, inPanel),
          })),
          dots: dots.filter(is).map((group) => ({
            x: axis.place(valueAt(group, x)),
            y: group.mean!,
            label: `seed ${group.seed}, ${describe(group, question, inPanel)}`,
          })),
        },
      ];
    });
    return { lines, drawn };
  }, [panel, question, dots, series, axis, x, band, inPanel]);
  const { formatX, formatY } = useMemo(
    () => ({ formatX: (value: number) => formatValue(x, value), formatY: formatOf(question) }),
    [x, question],
  );
  const title = `${quantityOf(question)} against ${nameOf(x)}${panel.name ? `: ${panel.name}` : ''}`;
  return (
    <PanelFrame panel={panel} title={title} dimensions={inPanel} question={question}>
      <Lines
        label={`${title}. ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}; the table has the same numbers.`}
        xName={nameOf(x)}
        yName={quantityOf(question)}
        lines={lines}
        formatX={formatX}
        formatY={formatY}
        scale={axis.scale}
        xNames={axis.names}
        xRange={axis.range}
        yRange={yRange}
        onPoint={(line, point) => {
          const group = drawn[line]?.[point];
          if (group) router.push(runsHref(runsOf(group, inPanel, panel.where)));
        }}
      />
    </PanelFrame>
  );
}

interface XAxis {
  readonly scale: 'log2' | 'linear' | 'names';
  readonly names: readonly string[];
  readonly range: readonly [number, number] | undefined;
  readonly place: (value: unknown) => number;
}

/**
 * Of all panels together, so that these can be compared. Numbers lie on a number line, on a log-2 one only if they are all positive;
 * all else side by side, as numbers do among which one is none.
 */
function xAxisOf(groups: readonly Group[], x: Dimension): XAxis {
  const values = valuesOf(groups, x);
  const numbers = values.filter((value) => typeof value === 'number');
  const wanted = scaleOf(x) ?? (x.startsWith('param:') ? 'linear' : null);
  if (wanted === null || numbers.length === 0 || numbers.length < values.length) {
    const places = new Map(values.map((value, i) => [JSON.stringify(value), i]));
    return {
      scale: 'names',
      names: values.map((value) => formatValue(x, value)),
      range: undefined,
      place: (value) => places.get(JSON.stringify(value))!,
    };
  }
  return {
    scale: wanted === 'log2' && numbers.some((value) => value <= 0) ? 'linear' : wanted,
    names: [],
    range: [numbers.reduce(least), numbers.reduce(most)],
    place: Number,
  };
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

/** Of all panels together, at round numbers, with every band and dot in it. */
function rangeOf(
  groups: readonly Group[],
  singles: readonly Group[],
  { band }: Question,
): readonly [number, number, number] | undefined {
  const ends = [
    ...groups.flatMap((group) => {
      if (group.mean === null) return [];
      const { low, high } = bandOf(group, band);
      return [group.mean, low ?? group.mean, high ?? group.mean];
    }),
    ...singles.flatMap(({ mean }) => mean ?? []),
  ];
  return ends.length > 0 ? ticksOf(ends.reduce(least), ends.reduce(most)) : undefined;
}
const least = (a: number, b: number): number => Math.min(a, b);
const most = (a: number, b: number): number => Math.max(a, b);
