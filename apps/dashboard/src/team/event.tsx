'use client';

import { Anchor } from '@mantine/core';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { graphql, type ResultOf, type SchemaType } from '../shell/client';
import { count } from '../shell/format';

export const EventFields = graphql(`
  fragment EventFields on Event {
    at kind member mentioned sweep run worker dataset attempt diverged reason cells runs
  }
`);
export type Event = ResultOf<typeof EventFields>;
export type EventKind = SchemaType<'EventKind'>;

/** Kinds as people choose them. */
export const KINDS: Readonly<Record<string, readonly EventKind[]>> = {
  sweeps: [
    'SWEEP_CREATED',
    'SWEEP_PAUSED',
    'SWEEP_RESUMED',
    'SWEEP_CANCELLED',
    'SWEEP_RETRIED',
    'SEEDS_ADDED',
    'CELL_TAKEN',
  ],
  'runs that ended': ['RUN_DONE', 'RUN_FAILED', 'RUN_PRUNED', 'RUN_CANCELLED'],
  'runs that began': ['RUN_CREATED', 'RUN_STARTED', 'RUN_RETRIED', 'RUN_RELEASED', 'RUN_TAKEN_OVER'],
  deletions: ['RUNS_DELETED', 'RUNS_RESTORED'],
  workers: ['WORKER_STARTED', 'WORKER_STOPPED', 'WORKER_LOST'],
  'data sets': ['DATASET_ADDED'],
  mentions: ['MENTIONED'],
};

const runLink = (key: string | null): ReactNode =>
  key === null ? (
    'a run'
  ) : (
    <>
      run{' '}
      <Anchor
        component={Link}
        prefetch={false}
        href={`/runs/${key.split('/').map(encodeURIComponent).join('/')}`}
      >
        {key}
      </Anchor>
    </>
  );
const sweepLink = (key: string | null): ReactNode =>
  key === null ? (
    'a sweep'
  ) : (
    <>
      sweep{' '}
      <Anchor component={Link} prefetch={false} href={`/sweeps/${encodeURIComponent(key)}`}>
        {key}
      </Anchor>
    </>
  );

/** What happened, as a sentence. */
export function EventSentence({ event }: { event: Event }) {
  const { member, worker, dataset, attempt, diverged, reason, cells, runs } = event;
  const [run, sweep] = [runLink(event.run), sweepLink(event.sweep)];
  const who = member ?? 'somebody';
  const by = worker === null ? '' : ` by ${worker}`;
  const why = reason ? `: ${reason}` : '';
  const many = `${count(runs ?? 0)} ${runs === 1 ? 'run' : 'runs'}`;
  const plural = `${count(cells ?? 0)} ${cells === 1 ? 'cell' : 'cells'}`;
  const sentences: Readonly<Record<EventKind, ReactNode>> = {
    SWEEP_CREATED: (
      <>
        {who} made {sweep}, of {plural}
      </>
    ),
    SWEEP_PAUSED: (
      <>
        {who} paused {sweep}
      </>
    ),
    SWEEP_RESUMED: (
      <>
        {who} resumed {sweep}
      </>
    ),
    SWEEP_CANCELLED: (
      <>
        {who} cancelled {sweep}
      </>
    ),
    SWEEP_RETRIED: (
      <>
        {who} retried {sweep}
      </>
    ),
    SEEDS_ADDED: (
      <>
        {who} added seeds to {sweep}: {plural} more
      </>
    ),
    CELL_TAKEN: (
      <>
        a cell of {sweep} took {run}, which was there
      </>
    ),
    RUN_CREATED: (
      <>
        {who} reports {run} of a script
      </>
    ),
    RUN_STARTED: (
      <>
        {run} of {who} began{by}
        {attempt !== null && attempt > 1 ? `, attempt ${attempt}` : ''}
      </>
    ),
    RUN_DONE: (
      <>
        {run} of {who} {diverged ? 'diverged' : 'is done'}
      </>
    ),
    RUN_FAILED: (
      <>
        {run} of {who} failed{why}
      </>
    ),
    RUN_PRUNED: (
      <>
        {run} of {who} was stopped early{why}
      </>
    ),
    RUN_CANCELLED: (
      <>
        {run} of {who} was cancelled{why}
      </>
    ),
    RUN_RETRIED: (
      <>
        {run} of {who} is tried again
      </>
    ),
    RUN_RELEASED: (
      <>
        {run} of {who} was given back{by}
        {why}
      </>
    ),
    RUN_TAKEN_OVER: (
      <>
        {run} of {who} was taken over{by}
        {why}
      </>
    ),
    RUNS_DELETED: (
      <>
        {who} deleted {many}
      </>
    ),
    RUNS_RESTORED: (
      <>
        {who} brought {many} back
      </>
    ),
    WORKER_STARTED: (
      <>
        worker {worker} of {who} started
      </>
    ),
    WORKER_STOPPED: (
      <>
        worker {worker} of {who} stopped{why}
      </>
    ),
    WORKER_LOST: (
      <>
        worker {worker} of {who} was lost: nothing was heard of it
      </>
    ),
    MENTIONED: (
      <>
        {who} named {event.mentioned} in the note of {event.run === null ? sweep : run}
      </>
    ),
    DATASET_ADDED: (
      <>
        {who} added data set {dataset}
      </>
    ),
  };
  return sentences[event.kind];
}
