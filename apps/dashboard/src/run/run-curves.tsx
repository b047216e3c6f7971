'use client';

import { Button, Text, Title } from '@mantine/core';
import { useEffect, useMemo, useState } from 'react';
import { CurvesAnswer, MOST_POINTS, metricWords } from '../curve/ask';
import { CurveControls } from '../curve/controls';
import type { LiveCurves } from '../curve/live';
import { MetricChart } from '../curve/metric-chart';
import { stepsOf, wholeOf } from '../curve/overlaid-curves';
import { PointsTable } from '../curve/points-table';
import { drawn, type Series, seriesOf } from '../curve/series';
import { useCurveView } from '../curve/view';
import { hasX, X_KINDS } from '../curve/x-axis';
import { useLast } from '../shell/activity';
import { graphql, type ResultOf, useQuery } from '../shell/client';
import { Failed, Loading } from '../shell/state';
import type { RunDetail, RunNow } from './detail';
import { type MetricGroup, metricGroups } from './groups';

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

/** Charts that are shown before one asks for all. */
const FIRST_CHARTS = 8;

/** All metrics of a run as curves. Those of a run that trains grow as its points arrive. */
export function RunCurves({ run, now, live }: { run: RunDetail; now: RunNow; live: LiveCurves | undefined }) {
  const [all, showAll] = useState(false);
  const names = [...now.metrics.map(({ name }) => name), ...(live?.curves.keys() ?? [])];
  const groups = metricGroups(names);
  const shown = all ? groups : groups.slice(0, FIRST_CHARTS);
  return (
    <section aria-label="Curves">
      <Title order={2} size="h4" mt="md">
        Curves
      </Title>
      {groups.length === 0 ? (
        <Text c="dimmed" py="md">
          {now.status === 'WAITING' || now.status === 'RUNNING'
            ? 'No points yet; they appear here as they arrive.'
            : 'It reported no points.'}
        </Text>
      ) : (
        <Charts runKey={run.key} groups={shown} live={live} />
      )}
      {groups.length > shown.length ? (
        <Button variant="default" size="xs" mt="sm" onClick={() => showAll(true)}>
          Show the other {groups.length - shown.length} of {groups.length} charts
        </Button>
      ) : null}
    </section>
  );
}

function Charts({
  runKey,
  groups,
  live,
}: {
  runKey: string;
  groups: readonly MetricGroup[];
  live: LiveCurves | undefined;
}) {
  const [view, set] = useCurveView();
  const [known, setKnown] = useState<Readonly<Record<string, readonly Series[]>>>({});
  const series = Object.values(known).flat();
  const report = useMemo(
    () => (id: string, of: readonly Series[]) => setKnown((before) => ({ ...before, [id]: of })),
    [],
  );
  return (
    <>
      <CurveControls
        view={view}
        set={set}
        whole={wholeOf(series, view.over)}
        axes={X_KINDS.filter((axis) => axis === 'step' || series.some(({ points }) => hasX(points, axis)))}
      />
      <div className="panels">
        {groups.map((group) => (
          <GroupChart key={group.id} runKey={runKey} group={group} live={live} report={report} />
        ))}
      </div>
    </>
  );
}

/** Training and test of one quantity. Near by, points that the whole view left out are asked for. */
function GroupChart({
  runKey,
  group: { id, metrics },
  live,
  report,
}: {
  runKey: string;
  group: MetricGroup;
  live: LiveCurves | undefined;
  report: (id: string, of: readonly Series[]) => void;
}) {
  const [view, set] = useCurveView();
  const [a, b = a, c = a] = metrics as [string, ...string[]];
  const variables = {
    where: { key: { eq: runKey } },
    ...{ most: MOST_POINTS, from: null, to: null },
    ...{ a, b, c, withB: metrics.length > 1, withC: metrics.length > 2 },
  };
  const growing = live !== undefined;
  const [coarse, ask] = useQuery({ query: RunCurvesQuery, variables });
  const all = useMemo(() => readSeries(coarse.data, metrics), [coarse.data, metrics]);
  const steps = view.zoom && all ? stepsOf(all.series, view.over, view.zoom) : undefined;
  const [fine] = useQuery({
    query: RunCurvesQuery,
    variables: { ...variables, from: steps?.[0] ?? null, to: steps?.[1] ?? null },
    pause: growing || !steps || !all?.sampled,
  });
  const near = useMemo(() => readSeries(fine.data, metrics), [fine.data, metrics]);
  const stored = useLast(steps && all?.sampled && near ? near : all);
  const points = useMemo(
    () => (live ? liveSeries(live, metrics) : (stored?.series ?? [])),
    [live, stored, metrics],
  );
  useEffect(() => report(id, growing ? points : (all?.series ?? [])), [report, id, growing, points, all]);
  const curves = useMemo(() => points.map((one) => drawn(one, view)), [points, view]);
  const title = capital(metricWords(id));
  const error = coarse.error ?? fine.error;
  if (error && points.length === 0)
    return <Failed message={error.message} again={() => ask({ requestPolicy: 'network-only' })} />;
  if (!live && !stored) return <Loading what={title} />;
  const files = new URLSearchParams({ where: JSON.stringify(variables.where) });
  for (const metric of metrics) files.append('metric', metric);
  return (
    <div>
      {error ? <Failed message={error.message} /> : null}
      <MetricChart
        id={id}
        title={title}
        metric={a}
        curves={curves}
        version={live?.version}
        points={{
          shown: points.reduce((sum, one) => sum + one.points.steps.length, 0),
          of: points.reduce((sum, one) => sum + one.of, 0),
        }}
        view={view}
        set={set}
        busy={coarse.fetching || fine.fetching}
        table={<PointsTable label={`${title} by step`} series={points} version={live?.version} />}
        files={{ parquet: `/export/curves.parquet?${files}`, ndjson: `/export/curves.ndjson?${files}` }}
      />
    </div>
  );
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

function readSeries(
  data: ResultOf<typeof RunCurvesQuery> | undefined,
  metrics: readonly string[],
): { readonly series: readonly Series[]; readonly sampled: boolean } | undefined {
  if (!data) return undefined;
  const answers = [data.a, data.b, data.c].flatMap((one) => one ?? []);
  const series = answers.flatMap(({ metric, curves }) =>
    curves.map((curve) => seriesOf(curve, metricWords(metric), metrics.indexOf(metric))),
  );
  return { series, sampled: answers.some(({ sampled }) => sampled) };
}

const liveSeries = (live: LiveCurves, metrics: readonly string[]): Series[] =>
  metrics.flatMap((metric, style) => {
    const points = live.curves.get(metric)?.points;
    return points ? [{ name: metricWords(metric), points, of: points.steps.length, style }] : [];
  });
