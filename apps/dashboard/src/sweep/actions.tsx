'use client';

import { Button, Group, Modal, Text } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useRouter } from 'next/navigation';
import { useCallback, useMemo, useState } from 'react';
import { whyNot } from '../session/may-change';
import { graphql } from '../shell/client';
import { type Command, useCommands } from '../shell/commands';
import { count } from '../shell/format';
import { tell, warn } from '../shell/notice';
import { AddSeeds } from './add-seeds';
import type { Cells } from './cells';
import type { Sweep } from './sweep';

const PauseSweep = graphql(
  `mutation PauseSweep($key: String!) { change: pauseSweep(key: $key) { __typename ... on SweepChanged { runs } ... on SweepEnded { message } ... on NotYours { message } ... on NotFound { message } } }`,
);
const ResumeSweep = graphql(
  `mutation ResumeSweep($key: String!) { change: resumeSweep(key: $key) { __typename ... on SweepChanged { runs } ... on SweepEnded { message } ... on NotYours { message } ... on NotFound { message } } }`,
);
const CancelSweep = graphql(
  `mutation CancelSweep($key: String!) { change: cancelSweep(key: $key) { __typename ... on SweepChanged { runs } ... on SweepEnded { message } ... on NotYours { message } ... on NotFound { message } } }`,
);
const RetrySweep = graphql(
  `mutation RetrySweep($key: String!) { change: retrySweep(key: $key) { __typename ... on SweepChanged { runs } ... on SweepEnded { message } ... on NotYours { message } ... on NotFound { message } } }`,
);
const LockSweep = graphql(
  `mutation LockSweep($key: String!, $locked: Boolean!) { change: lockSweep(key: $key, locked: $locked) { __typename ... on NotYours { message } ... on NotFound { message } } }`,
);

const runs = (n: number): string => `${count(n)} ${n === 1 ? 'run' : 'runs'}`;

/** What can be done with a sweep: buttons, keys and palette alike. */
export function SweepActions({
  sweep,
  cells,
  onChanged,
}: {
  sweep: Sweep;
  cells: Cells | undefined;
  onChanged: () => void;
}) {
  const router = useRouter();
  const [, pause] = useMutation(PauseSweep);
  const [, resume] = useMutation(ResumeSweep);
  const [, cancel] = useMutation(CancelSweep);
  const [, retry] = useMutation(RetrySweep);
  const [, lock] = useMutation(LockSweep);
  const [asking, ask] = useState<'cancel' | 'seeds'>();
  const { key, status, locked, counts } = sweep;
  const refused = whyNot(sweep);
  const open = counts.waiting + counts.running;
  const back = counts.failed + counts.cancelled;
  const commands = useMemo(() => {
    const change = async (
      mutation: typeof pause | typeof resume | typeof cancel | typeof retry,
      done: (changed: number) => string,
      undo?: { name: string; run: () => void },
    ): Promise<void> => {
      const { data, error } = await mutation({ key });
      if (error) return warn(error.message);
      if (data?.change.__typename !== 'SweepChanged') return warn(data!.change.message);
      tell(done(data.change.runs), undo);
      onChanged();
    };
    const doPause = () =>
      void change(pause, () => `${key} is paused: what trains waits between two steps.`, {
        name: 'Resume',
        run: () => doResume(),
      });
    const doResume = () => void change(resume, () => `${key} goes on.`);
    const doRetry = () => void change(retry, (n) => `${runs(n)} of ${key} wait again.`);
    const doCancel = () =>
      void change(cancel, (n) => `${runs(n)} of ${key} were cancelled.`, {
        name: 'Put them back',
        run: doRetry,
      });
    const doLock = async () => {
      const { data, error } = await lock({ key, locked: !locked });
      if (error) return warn(error.message);
      if (data && data.change.__typename !== 'SweepLocked') return warn(data.change.message);
      tell(locked ? `${key} is not locked any more.` : `${key} is locked: no run of it is deleted.`);
      onChanged();
    };
    const command = (id: string, name: string, keys: string | undefined, run: () => void): Command => ({
      id: `sweep ${id}`,
      name,
      group: 'Sweep',
      ...(keys ? { keys } : {}),
      run,
    });
    const all = [
      ...(status === 'RUNNING' || status === 'WAITING' ? [command('pause', 'Pause', 'p', doPause)] : []),
      ...(status === 'PAUSED' ? [command('resume', 'Resume', 'p', doResume)] : []),
      ...(back > 0
        ? [command('retry', `Retry ${backWords(counts.failed, counts.cancelled)}`, 'e', doRetry)]
        : []),
      command('seeds', 'Add seeds …', 's', () => ask('seeds')),
      command('copy', 'Copy as a new sweep', 'y', () =>
        router.push(`/sweeps/new?${new URLSearchParams({ copy: key })}`),
      ),
      command('lock', locked ? 'Unlock' : 'Lock', 'l', () => void doLock()),
      ...(open > 0 ? [command('cancel', 'Cancel …', 'x', () => ask('cancel'))] : []),
    ];
    return { all, doCancel };
  }, [
    key,
    status,
    locked,
    open,
    back,
    counts.failed,
    counts.cancelled,
    pause,
    resume,
    cancel,
    retry,
    lock,
    onChanged,
    router,
  ]);
  // A copy is a sweep of one's own.
  const offered = useCallback(
    (id: string): boolean => refused === undefined || id === 'sweep copy',
    [refused],
  );
  useCommands(useMemo(() => commands.all.filter(({ id }) => offered(id)), [commands, offered]));
  return (
    <Group gap="xs">
      {commands.all.map(({ id, name, keys, run }) => (
        <Button
          key={id}
          variant="default"
          onClick={run}
          disabled={!offered(id)}
          title={offered(id) ? undefined : refused}
          {...(keys ? { 'aria-keyshortcuts': keys } : {})}
        >
          {name}
        </Button>
      ))}
      <Modal opened={asking === 'cancel'} onClose={() => ask(undefined)} title={`Cancel ${key}?`}>
        <Text mb="md">
          {runs(counts.waiting)} that wait and {runs(counts.running)} that train end now, but those that
          another sweep wants go on. What is done stays. A retry puts the cancelled ones back; a run that was
          being trained then begins anew.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => ask(undefined)} data-autofocus>
            Keep it
          </Button>
          <Button
            color="red"
            onClick={() => {
              ask(undefined);
              commands.doCancel();
            }}
          >
            Cancel {runs(open)}
          </Button>
        </Group>
      </Modal>
      {asking === 'seeds' ? (
        <AddSeeds
          sweep={sweep}
          cells={cells}
          onClose={() => ask(undefined)}
          onAdded={(words) => {
            ask(undefined);
            tell(words);
            onChanged();
          }}
        />
      ) : null}
    </Group>
  );
}

const backWords = (failed: number, cancelled: number): string =>
  [failed > 0 ? `${count(failed)} failed` : '', cancelled > 0 ? `${count(cancelled)} cancelled` : '']
    .filter(Boolean)
    .join(' and ');
