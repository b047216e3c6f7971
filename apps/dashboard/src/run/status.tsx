'use client';

import { Alert, Progress, Text } from '@mantine/core';
import { formatOf, metricWords } from '../curve/ask';
import type { LiveCurves } from '../curve/live';
import { count, duration } from '../shell/format';
import { Time } from '../shell/time';
import { headlineOf, type RunDetail, type RunNow } from './detail';
import { explanation, timeLeft } from './words';

/** Its result so far, how far it is, and why it has no result where it has none. */
export function RunStatus({
  run,
  now,
  curves,
}: {
  run: RunDetail;
  now: RunNow;
  curves: LiveCurves | undefined;
}) {
  const metric = headlineOf(now);
  const why = explanation(now, run);
  return (
    <>
      <Text my="sm" data-testid="result">
        {metric ? (
          <>
            <strong style={{ fontSize: '1.4rem' }}>
              {metric.medianLast5 === null ? '–' : formatOf(metric.name)(metric.medianLast5)}
            </strong>{' '}
            {metricWords(metric.name)}, the median of the last {metric.medianOf}{' '}
            {metric.medianOf === 1 ? 'evaluation' : 'evaluations'}
            {metric.medianOf < 5 ? ' (fewer than five)' : ''}
            {metric.best === null || metric.bestStep === null
              ? ''
              : `; best ${formatOf(metric.name)(metric.best)} at step ${count(Number(metric.bestStep))}`}
            {metric.lastNonFinite ? `; the last value is ${NON_FINITE[metric.lastNonFinite]}` : ''};{' '}
          </>
        ) : (
          'No points yet; '
        )}
        {duration(now.deviceSeconds || null)} of device time
        {now.endedAt ? (
          <>
            , ended <Time at={now.endedAt} relative />
          </>
        ) : null}
      </Text>
      {now.status === 'RUNNING' ? <Going run={run} now={now} curves={curves} /> : null}
      {why ? (
        <Alert variant="default" title={why.why} my="sm" data-testid="why">
          {why.what}
        </Alert>
      ) : null}
    </>
  );
}

const NON_FINITE = { NAN: 'NaN', POSITIVE_INFINITY: '∞', NEGATIVE_INFINITY: '−∞' } as const;

function Going({ run, now, curves }: { run: RunDetail; now: RunNow; curves: LiveCurves | undefined }) {
  const [step, planned] = [Number(now.step), Number(now.plannedSteps)];
  const ends = [...(curves?.curves.values() ?? [])].map(({ points }) => ({
    step: points.steps[points.steps.length - 1] ?? 0,
    seconds: points.seconds[points.seconds.length - 1] ?? 0,
  }));
  const end = ends.reduce((a, b) => (b.step > a.step ? b : a), { step: 0, seconds: 0 });
  const left = timeLeft(end, Number(run.attempts.at(-1)?.startStep ?? 0), planned);
  return (
    <div data-testid="progress">
      <Progress value={(100 * step) / planned} aria-label={`${count(step)} of ${count(planned)} steps`} />
      <Text size="sm" mt={4}>
        step {count(step)} of {count(planned)}
        {left ? `, ${left} left at its speed so far` : ''}
        {now.worker ? (
          <>
            ; {now.worker.name} trains {count(Math.round(now.worker.samplesPerSecond))} samples a second,
            heard of <Time at={now.worker.lastSeenAt} relative />
          </>
        ) : null}
      </Text>
    </div>
  );
}
