'use client';

import { Button, Text, Title } from '@mantine/core';
import { useMemo, useState } from 'react';
import { CurveControls } from '../curve/controls';
import type { LiveCurves } from '../curve/live';
import { wholeOf } from '../curve/overlaid-curves';
import { liveSeries, type Series } from '../curve/series';
import { useCurveView } from '../curve/view';
import { hasX, X_KINDS } from '../curve/x-axis';
import type { RunDetail, RunNow } from './detail';
import { GroupChart } from './group-chart';
import { type MetricGroup, metricGroups } from './groups';

/** Charts that are shown before one asks for all. */
const FIRST_CHARTS = 8;

/** All metrics of a run as curves. Those of a run that trains grow as its points arrive. */
export function RunCurves({ run, now, live }: { run: RunDetail; now: RunNow; live: LiveCurves | undefined }) {
  const [all, showAll] = useState(false);
  const names = [...now.metrics.map(({ name }) => name), ...(live?.curves.keys() ?? [])].join('\n');
  // The same ones while curves grow: a chart is rendered only where something changed.
  const groups = useMemo(() => metricGroups(names.split('\n').filter(Boolean)), [names]);
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
  const [stored, setStored] = useState<Readonly<Record<string, readonly Series[]>>>({});
  const [report] = useState(
    () => (id: string, of: readonly Series[]) => setStored((before) => ({ ...before, [id]: of })),
  );
  const series = live
    ? groups.flatMap(({ metrics }) => liveSeries(live, metrics))
    : Object.values(stored).flat();
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
