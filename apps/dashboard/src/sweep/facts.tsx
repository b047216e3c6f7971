'use client';

import { Anchor, SimpleGrid, Text } from '@mantine/core';
import { useMounted } from '@mantine/hooks';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { both, runsHref } from '../filter/filter';
import { count, duration } from '../shell/format';
import { Time } from '../shell/time';
import { StateBar, stateWords } from './state-bar';
import type { Sweep } from './sweep';

/** How far it is, what it has cost, and who is at it. */
export function SweepFacts({ sweep }: { sweep: Sweep }) {
  const { progress, counts, workers, reusedFrom, key } = sweep;
  const ended = sweep.status === 'DONE' || sweep.status === 'CANCELLED';
  return (
    <section aria-label="Progress">
      <div style={{ margin: '12px 0' }}>
        <StateBar counts={counts} size="xl" />
        <Text size="sm" className="number" mt={4}>
          {stateWords(counts)}
        </Text>
      </div>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} className="number" data-testid="progress">
        <Fact name="cells done">
          {count(progress.done)} of {count(progress.total)}
        </Fact>
        <Fact name="speed">
          {progress.workers > 0
            ? `${count(Math.round(progress.samplesPerSecond))} samples/s`
            : counts.running > 0
              ? 'no worker is heard from'
              : 'nothing runs'}
        </Fact>
        <Fact name={ended ? 'ended' : 'time left'}>
          {ended ? (
            sweep.endedAt ? (
              <Time at={sweep.endedAt} />
            ) : (
              '–'
            )
          ) : (
            <Left seconds={progress.secondsLeft} silent={counts.running > 0 && progress.workers === 0} />
          )}
        </Fact>
        <Fact name="cost so far">{duration(sweep.deviceSeconds)} of devices</Fact>
        <Fact name="workers at it">
          {workers.length === 0
            ? 'none'
            : workers.map(({ name, device }) => `${name} (${device})`).join(', ')}
        </Fact>
        <Fact name="reused">
          {counts.reused === 0 ? (
            'none'
          ) : (
            <>
              {count(counts.reused)}:{' '}
              {reusedFrom.map(({ cells, member, status }, i) => (
                <span key={`${member} ${status}`}>
                  {i > 0 ? ', ' : ''}
                  <Anchor
                    component={Link}
                    prefetch={false}
                    underline="always"
                    href={runsHref(
                      both({ sweep: { eq: key } }, { member: { eq: member } }, { status: [status] }),
                    )}
                  >
                    {count(cells)} {status.toLowerCase()} of {member}
                  </Anchor>
                </span>
              ))}
            </>
          )}
        </Fact>
      </SimpleGrid>
    </section>
  );
}

function Left({ seconds, silent }: { seconds: number | null; silent: boolean }) {
  const here = useMounted();
  if (seconds === null && silent) return 'unknown: its workers are silent';
  if (seconds === null) return 'unknown: nothing of it is trained now';
  return (
    <>
      about {duration(seconds)}
      {here ? (
        <>
          , until about <Time at={new Date(Date.now() + seconds * 1000).toISOString()} />
        </>
      ) : null}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="div" fw={600}>
        {children}
      </Text>
    </div>
  );
}
