'use client';

import { Alert, Anchor, Text } from '@mantine/core';
import Link from 'next/link';
import { runsHref } from '../filter/filter';
import { graphql, type ResultOf } from '../shell/client';
import { Time } from '../shell/time';

export const NoticeFields = graphql(`
  fragment NoticeFields on Notice {
    kind message since runs
    sweep { key }
    worker { id name host }
  }
`);
type Notice = ResultOf<typeof NoticeFields>;

const TITLES = {
  WORKER_LOST: 'A worker was lost',
  SWEEP_STUCK: 'A sweep does not go on',
  RUNS_FAILING: 'Runs fail',
} as const;

/** What somebody should look at, with what to do. Nothing where there is nothing. */
export function Notices({ notices }: { notices: readonly Notice[] }) {
  return (
    <section aria-label="Notices" role="status">
      {notices.map((notice) => {
        const { kind, message, since, sweep, worker } = notice;
        return (
          <Alert
            key={`${kind} ${worker?.id ?? sweep?.key} ${since}`}
            color="yellow"
            my="xs"
            title={TITLES[kind]}
          >
            <Text size="sm">{sentenceOf(message)}</Text>
            <Text size="sm">
              since <Time at={since} />
              {sweep ? (
                <>
                  {' · '}
                  <Anchor component={Link} href={`/sweeps/${encodeURIComponent(sweep.key)}`}>
                    sweep {sweep.key}
                  </Anchor>
                  {kind === 'RUNS_FAILING' ? (
                    <>
                      {' · '}
                      <Anchor
                        component={Link}
                        href={runsHref({ sweep: { eq: sweep.key }, status: ['FAILED'] })}
                      >
                        the failed runs
                      </Anchor>
                    </>
                  ) : null}
                </>
              ) : null}
              {worker ? ` · on ${worker.host}` : ''}
            </Text>
          </Alert>
        );
      })}
    </section>
  );
}

const sentenceOf = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
