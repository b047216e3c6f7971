'use client';

import { Anchor, Group, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { Suspense, useState } from 'react';
import { type LiveCurves, withMessage } from '../curve/live';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { useWatch } from '../shell/live';
import { Empty, Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';
import { ViewBar } from '../view/view-bar';
import { RunActions } from './actions';
import { Attempts } from './attempts';
import { Configuration } from './configuration';
import { RunDescription } from './description';
import { RunDetail, RunNow } from './detail';
import { Neighbours } from './neighbours-view';
import { RunPlace } from './place';
import { Repeat } from './repeat';
import { RunCurves } from './run-curves';
import { RunStatus } from './status';
import { statusWords } from './words';

const RunLive = graphql(
  `
  subscription RunLive($key: String!, $after: String) {
    runMetrics(key: $key, after: $after) {
      cursor reset
      run { ...RunNow }
      curves { metric count steps values nonFinite { index kind } epochs samplesSeen wallTimes }
    }
  }
`,
  [RunNow],
);
type Update = ResultOf<typeof RunLive>;
interface Seen {
  readonly run: RunNow;
  readonly live: LiveCurves;
}

const cursorOf = ({ runMetrics }: Update): string => runMetrics.cursor;
const follow = (seen: Seen | undefined, { runMetrics: { run, reset, curves } }: Update): Seen => ({
  run,
  live: withMessage(seen?.live, {
    reset,
    curves: curves.map((curve) => ({
      ...curve,
      steps: curve.steps.map(Number),
      samplesSeen: curve.samplesSeen.map((one) => (one === null ? null : Number(one))),
    })),
  }),
});

export function RunView({ runKey }: { runKey: string }) {
  return <OneRun key={runKey} runKey={runKey} />;
}

function OneRun({ runKey }: { runKey: string }) {
  const [{ data, error, fetching }, again] = useLiveQuery({ query: RunDetail, variables: { key: runKey } });
  const open = data?.run?.status === 'WAITING' || data?.run?.status === 'RUNNING';
  // Followed while it may change, and until its last points came: the page may know of its end before. What was seen of it stays.
  const [followed, setFollowed] = useState(false);
  const { seen, problem, ended } = useWatch(
    RunLive,
    open || followed ? { key: runKey } : undefined,
    cursorOf,
    follow,
  );
  const following = open || (followed && !ended);
  if (followed !== following) setFollowed(following);
  const last = useLast(seen);
  const [deleted, setDeleted] = useState(false);
  if (error && !data) return <Failed message={error.message} again={again} />;
  if (fetching && !data) return <Loading what={runKey} />;
  if (!data?.run)
    return (
      <Empty title={deleted ? `${runKey} is deleted` : `There is no run ${runKey}`}>
        {deleted ? (
          <Text>For a day it can be brought back: the notice below, or the team's page.</Text>
        ) : null}
        <Anchor component={Link} href="/runs" underline="always">
          All runs
        </Anchor>
      </Empty>
    );
  const { run } = data;
  const now: RunNow = (open && seen?.run) || run;
  return (
    <>
      <Group justify="space-between" align="start">
        <div>
          <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
            {run.key}
          </Title>
          <Text c="dimmed">
            <span data-testid="status">{statusWords(now)}</span>, by {run.member.name},{' '}
            <Time at={run.createdAt} />
            {run.sweep ? (
              <>
                , of{' '}
                <Anchor
                  component={Link}
                  underline="always"
                  href={`/sweeps/${encodeURIComponent(run.sweep.key)}`}
                >
                  {run.sweep.key}
                </Anchor>
              </>
            ) : null}
            {run.locked ? ', locked' : ''}
            {run.duplicate ? ', trained again on purpose' : ''}
          </Text>
        </div>
        <Group gap="xs">
          <ViewBar page="RUN" />
          <RunPlace runKey={run.key} sweepKey={run.sweep?.key} />
          <RunActions run={run} again={again} onDeleted={setDeleted} />
        </Group>
      </Group>
      {problem ? <Failed message={`It is not followed any more: ${problem}`} again={again} /> : null}
      <RunStatus run={run} now={now} curves={last?.live} />
      <RunDescription run={run} />
      <RunCurves run={run} now={now} live={last?.live} />
      <Configuration run={run} />
      <Suspense fallback={<Loading what="its neighbours" />}>
        <Neighbours run={run} />
      </Suspense>
      <Attempts run={run} />
      <Repeat run={run} />
    </>
  );
}
