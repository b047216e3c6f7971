'use client';

import { Switch, Text } from '@mantine/core';
import { type ReactNode, useCallback, useMemo } from 'react';
import { CurveChart, type DrawnCurve } from '../chart/curves';
import { ChartFrame } from '../chart/frame';
import { count } from '../shell/format';
import { formatOf, metricWords } from './ask';
import type { ChangeCurveView, CurveViewState } from './view';
import { type Range, X_AXES } from './x-axis';

/** Curves of one quantity in a frame, with all that is to be said of them: what was left out, what cannot be drawn, what was smoothed. */
export function MetricChart({
  id,
  title,
  metric,
  curves,
  points,
  view,
  set,
  table,
  files,
  busy = false,
  note,
}: {
  id: string;
  title: string;
  metric: string;
  curves: readonly DrawnCurve[];
  /** How many points are known here, of how many. */
  points: { readonly shown: number; readonly of: number };
  view: CurveViewState;
  set: ChangeCurveView;
  table: ReactNode;
  files?: { readonly parquet?: string; readonly ndjson?: string };
  busy?: boolean;
  note?: ReactNode;
}) {
  const { over, zoom, logx, logy, smooth } = view;
  const axis = X_AXES[over];
  const formatY = useMemo(() => formatOf(metric), [metric]);
  const formatX = useCallback((x: number) => axis.format(x), [axis]);
  const onRange = useCallback((range: Range | undefined) => void set({ zoom: range ?? null }), [set]);
  const isLog = logy.includes(id);
  const smoothing = smooth > 0 ? `smoothed: moving average of weight ${smooth}, the values faint behind` : '';
  return (
    <ChartFrame id={id} title={title} table={table} files={files ?? {}}>
      <div aria-busy={busy}>
        {points.of === 0 ? (
          <Text py="md">No points of it are stored.</Text>
        ) : (
          <CurveChart
            label={`${title} over ${axis.name}: ${curves.length} ${curves.length === 1 ? 'curve' : 'curves'}${smoothing ? `, ${smoothing}` : ''}. The table has the same numbers.`}
            curves={curves}
            xName={axis.name}
            yName={`${metricWords(metric)}${smooth > 0 ? ' (smoothed)' : ''}`}
            formatX={formatX}
            formatY={formatY}
            range={zoom ?? undefined}
            logX={logx}
            logY={isLog}
            onRange={onRange}
          />
        )}
      </div>
      <Switch
        size="xs"
        mt={4}
        label="log y"
        aria-label={`Logarithmic y axis of ${title}`}
        checked={isLog}
        onChange={() => void set({ logy: isLog ? logy.filter((one) => one !== id) : [...logy, id] })}
      />
      <Text size="sm" c="dimmed" data-testid={`points of ${id}`}>
        {[
          points.shown < points.of
            ? `${count(points.shown)} of ${count(points.of)} points shown, with the least and the greatest of what lies between; zoom in for all`
            : `${count(points.of)} points`,
          ...(smoothing ? [smoothing] : []),
          ...(isLog || logx ? lost(curves, isLog, logx) : []),
        ].join('; ')}
        {note}
      </Text>
    </ChartFrame>
  );
}

/** A logarithmic axis has no place for zero and below. */
function lost(curves: readonly DrawnCurve[], logY: boolean, logX: boolean): string[] {
  const n = curves.reduce(
    (sum, { x, y }) =>
      sum + Array.from(y).filter((value, i) => (logY && value <= 0) || (logX && x[i]! <= 0)).length,
    0,
  );
  return n > 0
    ? [`${count(n)} ${n === 1 ? 'is' : 'are'} 0 or less and have no place on a logarithmic axis`]
    : [];
}
