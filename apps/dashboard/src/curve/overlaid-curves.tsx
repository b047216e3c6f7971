'use client';

import { Anchor, Table } from '@mantine/core';
import Link from 'next/link';
import { useMemo } from 'react';
import { runHref } from '../run/run-href';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Failed, Loading } from '../shell/state';
import { type Answered, CurvesAnswer, formatOf } from './ask';
import { CurveControls } from './controls';
import { MetricChart } from './metric-chart';
import { answersOf, type OverlayProps, six } from './overlay';
import { drawn, type Series, seriesOf } from './series';
import { hasX, type Range, stepsWithin, X_KINDS, xOf } from './x-axis';

/** Of up to a thousand curves of a selection: as many points as a screen shows. */
const MOST_POINTS = 500;

const OverlaidCurvesQuery = graphql(
  `
  query OverlaidCurves($metric: String!, $most: Int!, $from: SafeInt, $to: SafeInt, $a: RunFilter!, $b: RunFilter!, $c: RunFilter!, $d: RunFilter!,
    $e: RunFilter!, $f: RunFilter!, $withB: Boolean!, $withC: Boolean!, $withD: Boolean!, $withE: Boolean!, $withF: Boolean!) {
    a: curves(where: $a, metric: $metric, maxPoints: $most, fromStep: $from, toStep: $to) { ...CurvesAnswer }
    b: curves(where: $b, metric: $metric, maxPoints: $most, fromStep: $from, toStep: $to) @include(if: $withB) { ...CurvesAnswer }
    c: curves(where: $c, metric: $metric, maxPoints: $most, fromStep: $from, toStep: $to) @include(if: $withC) { ...CurvesAnswer }
    d: curves(where: $d, metric: $metric, maxPoints: $most, fromStep: $from, toStep: $to) @include(if: $withD) { ...CurvesAnswer }
    e: curves(where: $e, metric: $metric, maxPoints: $most, fromStep: $from, toStep: $to) @include(if: $withE) { ...CurvesAnswer }
    f: curves(where: $f, metric: $metric, maxPoints: $most, fromStep: $from, toStep: $to) @include(if: $withF) { ...CurvesAnswer }
  }
`,
  [CurvesAnswer],
);

/** Every curve of every run of some selections; those of one selection have one colour. */
export function OverlaidCurves({ id, title, metric, selections, view, set }: OverlayProps) {
  const variables = { metric, most: MOST_POINTS, from: null, to: null, ...six(selections) };
  const [coarse, again] = useLiveQuery({ query: OverlaidCurvesQuery, variables });
  const all = useSeries(coarse.data, selections);
  const steps = view.zoom && all ? stepsOf(all.series, view.over, view.zoom) : undefined;
  const [fine] = useLiveQuery({
    query: OverlaidCurvesQuery,
    variables: { ...variables, from: steps?.[0] ?? null, to: steps?.[1] ?? null },
    pause: !steps || !all?.answers.some(({ sampled }) => sampled),
  });
  const near = useSeries(fine.data, selections);
  const shown = useLast(steps && near ? near : all);
  const curves = useMemo(() => shown?.series.map((one) => drawn(one, view)) ?? [], [shown, view]);
  const whole = useMemo(() => wholeOf(all?.series ?? [], view.over), [all, view.over]);
  const error = coarse.error ?? fine.error;
  const fetching = coarse.fetching || fine.fetching;
  if (error && !shown) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the curves" />;
  const { answers, series } = shown;
  const format = formatOf(metric);
  return (
    <>
      {error ? <Failed message={error.message} again={again} /> : null}
      <CurveControls
        view={view}
        set={set}
        whole={whole}
        axes={X_KINDS.filter((axis) => series.every(({ points }) => hasX(points, axis)))}
      />
      <MetricChart
        id={id}
        title={title}
        metric={metric}
        curves={curves}
        points={{
          shown: series.reduce((sum, { points }) => sum + points.steps.length, 0),
          of: answers.reduce((sum, { of }) => sum + Number(of), 0),
        }}
        view={view}
        set={set}
        busy={fetching}
        note={`; ${count(series.length)} ${series.length === 1 ? 'run' : 'runs'} with this metric, ${selections.map(({ name }, i) => `${count(answers[i]?.curves.length ?? 0)} of ${name}`).join(', ')}`}
        table={
          <div className="scroll" style={{ maxHeight: 360, overflowY: 'auto' }}>
            <Table striped stickyHeader aria-label={title} className="number nowrap">
              <Table.Thead>
                <Table.Tr>
                  {['of', 'run', 'points', 'last step', 'last', 'least', 'greatest'].map((name) => (
                    <Table.Th key={name}>{name}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {series.map(({ points: { steps, values }, of, style, runKey }) => {
                  const finite = Array.from(values).filter(Number.isFinite);
                  const last = values[values.length - 1];
                  return (
                    <Table.Tr key={`${style} ${runKey}`}>
                      <Table.Td>{selections[style]?.name}</Table.Td>
                      <Table.Td>
                        <Anchor component={Link} href={runHref(runKey!)}>
                          {runKey}
                        </Anchor>
                      </Table.Td>
                      <Table.Td>{count(of)}</Table.Td>
                      <Table.Td>{count(steps[steps.length - 1] ?? 0)}</Table.Td>
                      <Table.Td data-value={last}>{format(last ?? Number.NaN)}</Table.Td>
                      <Table.Td>
                        {finite.length > 0 ? format(finite.reduce((a, b) => Math.min(a, b))) : '–'}
                      </Table.Td>
                      <Table.Td>
                        {finite.length > 0 ? format(finite.reduce((a, b) => Math.max(a, b))) : '–'}
                      </Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          </div>
        }
      />
    </>
  );
}

function useSeries(
  data: ResultOf<typeof OverlaidCurvesQuery> | undefined,
  selections: OverlayProps['selections'],
) {
  return useMemo(() => {
    if (!data) return undefined;
    const answers = answersOf<Answered>(data);
    const series = answers.flatMap(({ curves }, i) =>
      curves.map((curve) => seriesOf(curve, `${selections[i]?.name ?? ''}: ${curve.run.key}`, i)),
    );
    return { answers, series };
  }, [data, selections]);
}

/** The steps to ask for so that all of these curves are whole between two places. */
export function stepsOf(
  series: readonly Series[],
  over: (typeof X_KINDS)[number],
  zoom: Range,
): Range | undefined {
  const all = series.flatMap(({ points }) => {
    const steps = stepsWithin(points, over, zoom);
    return steps ? [steps] : [];
  });
  return all.length > 0
    ? [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, to]) => to))]
    : undefined;
}

export function wholeOf(series: readonly Series[], over: (typeof X_KINDS)[number]): Range | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (const { points } of series) {
    const x = xOf(points, over);
    if (x.length === 0) continue;
    least = Math.min(least, x[0]!);
    most = Math.max(most, x[x.length - 1]!);
  }
  return least < most ? [least, most] : undefined;
}
