'use client';

import { Alert } from '@mantine/core';
import { useLiveQuery } from '../shell/activity';
import { graphql } from '../shell/client';
import type { Sweep } from './sweep';

const Trouble = graphql(`
  query SweepTrouble($key: String!) {
    notices { kind message sweep { key } }
    sweep(key: $key) {
      id
      runs(where: { status: [WAITING] }, first: 1) { nodes { key waitsFor } }
    }
  }
`);

/** Why nothing of it is trained, or what fails. */
export function SweepTrouble({ sweep }: { sweep: Sweep }) {
  const { counts, status } = sweep;
  const [{ data }] = useLiveQuery({ query: Trouble, variables: { key: sweep.key } });
  const notices = data?.notices.filter((notice) => notice.sweep?.key === sweep.key) ?? [];
  const [first] = data?.sweep?.runs.nodes ?? [];
  const waits = counts.waiting > 0 && counts.running === 0;
  const why =
    status === 'PAUSED'
      ? 'It is paused: resume it, and its runs are handed out again.'
      : waits && first?.waitsFor && !notices.some(({ kind }) => kind === 'SWEEP_STUCK')
        ? `Its next run ${first.key} waits: ${first.waitsFor}`
        : undefined;
  return (
    <>
      {why ? (
        <Alert color="yellow" role="status" my="sm" data-testid="why">
          {why}
        </Alert>
      ) : null}
      {notices.map(({ kind, message }) => (
        <Alert key={kind} color="orange" role="status" my="sm" data-testid="notice">
          {message}
        </Alert>
      ))}
    </>
  );
}
