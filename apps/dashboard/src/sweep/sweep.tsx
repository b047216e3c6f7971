'use client';

import { Anchor, Group, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { Empty, Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';
import { SweepAbout } from './about';
import { SweepActions } from './actions';
import { SweepBest } from './best';
import { CellGrid } from './cell-grid';
import { useCells } from './cells';
import { CountsByAxis } from './counts-by-axis';
import { SweepFacts } from './facts';
import { SweepStands, useSweepLive } from './sweep-live';
import { SweepRuns } from './sweep-runs';
import { SweepTrouble } from './trouble';
import './sweep.css';
import { ViewBar } from '../view/view-bar';

export const SweepPage = graphql(
  `
    query SweepPage($key: String!) {
      sweep(key: $key) {
        id key name createdAt order strategy reuse definition addedSeeds locked mayChange note tags deviceSeconds
        member { key name }
        workers { id name host device engine state samplesPerSecond }
        reusedFrom { cells member status }
        ...SweepStands
      }
    }
  `,
  [SweepStands],
);
export type Sweep = NonNullable<ResultOf<typeof SweepPage>['sweep']>;

/** A sweep while it fills in, and when it is done. */
export function SweepView({ sweepKey }: { sweepKey: string }) {
  const [{ data, error }, again] = useLiveQuery({ query: SweepPage, variables: { key: sweepKey } });
  const { seen, problem } = useSweepLive(sweepKey);
  const {
    cells,
    problem: cellProblem,
    again: cellsAgain,
  } = useCells(sweepKey, (seen?.stands ?? data?.sweep)?.counts.total ?? 0, seen);
  if (error && !data) return <Failed message={error.message} again={again} />;
  if (!data) return <Loading what={`sweep ${sweepKey}`} />;
  if (!data.sweep)
    return (
      <Empty title={`There is no sweep ${sweepKey}`}>
        <Anchor component={Link} href="/sweeps" underline="always">
          All sweeps
        </Anchor>
      </Empty>
    );
  // What was sent last is the latest; an answer that was asked for before it must not take a number back.
  const sweep: Sweep = { ...data.sweep, ...seen?.stands };
  return (
    <>
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h3">
            {sweep.key}
          </Title>
          <Text c="dimmed">
            <strong>{sweep.status.toLowerCase()}</strong>, “{sweep.name}” by {sweep.member.name},{' '}
            <Time at={sweep.createdAt} />
            {sweep.locked ? ', locked' : ''}
          </Text>
        </div>
        <Group gap="xs">
          <ViewBar page="SWEEP" />
          <SweepActions sweep={sweep} cells={cells} onChanged={again} />
        </Group>
      </Group>
      {problem ? <Failed message={problem} /> : null}
      <SweepTrouble sweep={sweep} />
      <SweepFacts sweep={sweep} />
      <SweepBest sweepKey={sweep.key} columns={cells?.columns} />
      {cellProblem ? <Failed message={cellProblem} again={cellsAgain} /> : null}
      {cells ? (
        <>
          <CellGrid sweepKey={sweep.key} cells={cells} live={seen} />
          <CountsByAxis sweepKey={sweep.key} cells={cells} />
        </>
      ) : null}
      <SweepRuns sweepKey={sweep.key} />
      <SweepAbout sweep={sweep} onChanged={again} />
    </>
  );
}
