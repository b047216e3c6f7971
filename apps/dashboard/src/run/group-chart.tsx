'use client';

import { memo, useEffect, useMemo, useRef } from 'react';
import { useOnScreen } from '../chart/on-screen';
import { CurvesAnswer, MOST_POINTS, metricWords } from '../curve/ask';
import type { LiveCurves } from '../curve/live';
import { MetricChart } from '../curve/metric-chart';
import { stepsOf, wholeOf } from '../curve/overlaid-curves';
import { continued, NO_POINTS } from '../curve/points';
import { PointsTable } from '../curve/points-table';
import { drawn, liveSeries, type Series, seriesOf } from '../curve/series';
import { useCurveView } from '../curve/view';
import { useLast } from '../shell/activity';
import { graphql, type ResultOf, useQuery } from '../shell/client';
import { Failed, Loading } from '../shell/state';
import type { MetricGroup } from './groups';

const RunCurvesQuery = graphql(
  `
  query RunCurves($where: RunFilter!, $most: Int!, $from: SafeInt, $to: SafeInt, $a: String!, $b: String!, $c: String!, $withB: Boolean!, $withC: Boolean!) {
    a: curves(where: $where, metric: $a, maxPoints: $most, fromStep: $from, toStep: $to) { ...CurvesAnswer }
    b: curves(where: $where, metric: $b, maxPoints: $most, fromStep: $from, toStep: $to) @include(if: $withB) { ...CurvesAnswer }
    c: curves(where: $where, metric: $c, maxPoints: $most, fromStep: $from, toStep: $to) @include(if: $withC) { ...CurvesAnswer }
  }
`,
  [CurvesAnswer],
);

interface GroupChartProps {
  readonly runKey: string;
  readonly group: MetricGroup;
  readonly live: LiveCurves | undefined;
  /** Told what is stored of it, as soon as that is known. */
  readonly report: (id: string, stored: readonly Series[]) => void;
}

/** Training and test of one quantity. Off the screen it stays as it was: of fifty charts that grow, those that one sees cost something. */
export function GroupChart({ live, ...props }: GroupChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const onScreen = useOnScreen(place);
  const seen = useRef(live);
  if (onScreen || !seen.current) seen.current = live;
  return (
    <div ref={place}>
      <Chart {...props} live={seen.current} onScreen={onScreen} />
    </div>
  );
}

/** Near by, points that the whole view left out are asked for. */
const Chart = memo(function Chart({
  runKey,
  group: { id, metrics },
  live,
  onScreen,
  report,
}: GroupChartProps & { readonly onScreen: boolean }) {
  const [view, set] = useCurveView();
  const [a, b = a, c = a] = metrics as [string, ...string[]];
  const variables = {
    where: { key: { eq: runKey } },
    ...{ most: MOST_POINTS, from: null, to: null },
    ...{ a, b, c, withB: metrics.length > 1, withC: metrics.length > 2 },
  };
  const growing = live !== undefined;
  const [coarse, ask] = useQuery({ query: RunCurvesQuery, variables, pause: growing });
  const stored = useMemo(() => readSeries(coarse.data, metrics), [coarse.data, metrics]);
  useEffect(() => {
    if (stored) report(id, stored.series);
  }, [report, id, stored]);
  const whole = useMemo(() => (live ? wholeOfLive(live, metrics) : stored), [live, stored, metrics]);
  const steps = view.zoom && whole?.sampled ? stepsOf(whole.series, view.over, view.zoom) : undefined;
  // Up to the end of what grows: the last step would be another one with each message.
  const open = growing && view.zoom && view.zoom[1] >= (wholeOf(whole!.series, view.over)?.[1] ?? 0);
  const [from, to] = [steps?.[0], open ? undefined : steps?.[1]];
  const [fine, askFine] = useQuery({
    query: RunCurvesQuery,
    variables: { ...variables, from: from ?? null, to: to ?? null },
    pause: !steps || (growing && !onScreen),
    requestPolicy: growing ? 'network-only' : 'cache-first',
  });
  useAgain(steps && live && onScreen ? revisionOf(live, metrics) : 0, askFine);
  const fetched = useMemo(() => readSeries(fine.data, metrics), [fine.data, metrics]);
  const near = useMemo(
    () =>
      fetched &&
      (growing ? withTails(fetched.series, whole!.series, from ?? 0, to ?? Infinity) : fetched.series),
    [fetched, growing, whole, from, to],
  );
  const shown = useLast(steps && near ? near : whole?.series);
  const series = shown ?? NONE;
  const curves = useMemo(() => series.map((one) => drawn(one, view)), [series, view]);
  const title = capital(metricWords(id));
  const error = (growing ? undefined : coarse.error) ?? fine.error;
  if (error && series.length === 0)
    return <Failed message={error.message} again={() => ask({ requestPolicy: 'network-only' })} />;
  if (!shown) return <Loading what={title} />;
  const files = new URLSearchParams({ where: JSON.stringify(variables.where) });
  for (const metric of metrics) files.append('metric', metric);
  return (
    <>
      {error ? <Failed message={error.message} /> : null}
      <MetricChart
        id={id}
        title={title}
        metric={a}
        curves={curves}
        points={{
          shown: series.reduce((sum, one) => sum + one.points.steps.length, 0),
          of: series.reduce((sum, one) => sum + one.of, 0),
        }}
        view={view}
        set={set}
        busy={coarse.fetching || fine.fetching}
        table={<PointsTable label={`${title} by step`} series={series} />}
        files={{ parquet: `/export/curves.parquet?${files}`, ndjson: `/export/curves.ndjson?${files}` }}
      />
    </>
  );
});

/** Between two times of asking for what has changed. */
const REST_MS = 1500;

/** Asks again when between the points that were fetched late ones have come, or those after them were thinned: the revision rises. 0: of nothing. */
function useAgain(revision: number, ask: (options: { requestPolicy: 'network-only' }) => void): void {
  const asked = useRef({ revision, at: Number.NEGATIVE_INFINITY });
  useEffect(() => {
    const { current } = asked;
    if (current.revision === revision) return;
    if (current.revision === 0 || revision === 0) {
      current.revision = revision;
      return;
    }
    const timer = setTimeout(
      () => {
        asked.current = { revision, at: performance.now() };
        ask({ requestPolicy: 'network-only' });
      },
      Math.max(0, current.at + REST_MS - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [revision, ask]);
}

const NONE: readonly Series[] = [];
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

interface Known {
  readonly series: readonly Series[];
  /** Whether there are points that are not known here. */
  readonly sampled: boolean;
}

function readSeries(
  data: ResultOf<typeof RunCurvesQuery> | undefined,
  metrics: readonly string[],
): Known | undefined {
  if (!data) return undefined;
  const answers = [data.a, data.b, data.c].flatMap((one) => one ?? []);
  const series = answers.flatMap(({ metric, curves }) =>
    curves.map((curve) => seriesOf(curve, metricWords(metric), metrics.indexOf(metric))),
  );
  return { series, sampled: answers.some(({ sampled }) => sampled) };
}

const wholeOfLive = (live: LiveCurves, metrics: readonly string[]): Known => ({
  series: liveSeries(live, metrics),
  sampled: metrics.some((metric) => live.curves.get(metric)?.thinned),
});
/** Changes with that of each curve: it only rises. */
const revisionOf = ({ curves }: LiveCurves, metrics: readonly string[]): number =>
  metrics.reduce((sum, metric) => sum + (curves.get(metric)?.revision ?? 0), 1);

/** What was fetched of a part, and what came after it; what only came since then, too. */
const withTails = (
  fetched: readonly Series[],
  live: readonly Series[],
  from: number,
  to: number,
): readonly Series[] =>
  live.map((growing) => {
    const near = fetched.find(({ style }) => style === growing.style);
    const points = continued(near?.points ?? NO_POINTS, growing.points, from - 1, to);
    const added = points.steps.length - (near?.points.steps.length ?? 0);
    return { ...growing, points, of: (near?.of ?? 0) + added };
  });
