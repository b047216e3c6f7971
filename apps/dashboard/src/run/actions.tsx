'use client';

import { Button, Group, Modal, Text } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useCallback, useMemo, useState } from 'react';
import { whyNot } from '../session/may-change';
import { graphql } from '../shell/client';
import { useCommands } from '../shell/commands';
import { count } from '../shell/format';
import { tell, warn } from '../shell/notice';
import type { RunDetail } from './detail';

const DeleteRun = graphql(`
  mutation DeleteRun($key: String!) {
    deleteRun(key: $key) {
      __typename
      ... on RunDeleted { key points cells deletion { key } }
      ... on RunIsLocked { message }
      ... on RunIsRunning { message }
      ... on NotYours { message } ... on NotFound { message }
    }
  }
`);
const RestoreRun = graphql(`
  mutation RestoreRun($deletion: String!) {
    restoreRuns(deletion: $deletion) {
      __typename
      ... on RunsRestored { runs notRestored { key why } }
      ... on NotYours { message } ... on NotFound { message }
    }
  }
`);
const LockRun = graphql(`
  mutation LockRun($keys: [String!], $locked: Boolean!) {
    lockRuns(keys: $keys, locked: $locked) {
      __typename
      ... on RunsLocked { changed }
      ... on InvalidInput { message }
      ... on NotYours { message } ... on NotFound { message }
      ... on OtherCount { message }
    }
  }
`);
const RetryRun = graphql(`
  mutation RetryRun($keys: [String!]) {
    retryRuns(keys: $keys) {
      __typename
      ... on RunsRetried { runs taken }
      ... on InvalidInput { message }
      ... on NotYours { message } ... on NotFound { message }
      ... on OtherCount { message }
    }
  }
`);

/** What can be done with a run: keep it, delete it, train it again where it failed. */
export function RunActions({
  run,
  again,
  onDeleted,
}: {
  run: RunDetail;
  again: () => void;
  onDeleted: (deleted: boolean) => void;
}) {
  const { key, status, locked, lockedBySweeps } = run;
  const [, remove] = useMutation(DeleteRun);
  const [, restore] = useMutation(RestoreRun);
  const [, lock] = useMutation(LockRun);
  const [, retry] = useMutation(RetryRun);
  const [asking, ask] = useState(false);
  const canRetry = status === 'FAILED' || status === 'CANCELLED';
  const refused = whyNot(run);

  const bringBack = useCallback(
    async (deletion: string): Promise<void> => {
      const { data, error } = await restore({ deletion });
      const result = data?.restoreRuns;
      if (error) return warn(error.message);
      if (!result) return;
      if (result.__typename !== 'RunsRestored') return warn(result.message);
      const left = result.notRestored[0];
      if (left) return warn(`${left.key} is not back: ${NOT_BACK[left.why]}`);
      onDeleted(false);
      again();
      tell(`${key} is back, with all its points.`);
    },
    [restore, onDeleted, again, key],
  );
  const deleteIt = useCallback(async (): Promise<void> => {
    ask(false);
    const { data, error } = await remove({ key });
    const result = data?.deleteRun;
    if (error) return warn(error.message);
    if (!result) return;
    if (result.__typename !== 'RunDeleted') return warn(result.message);
    onDeleted(true);
    again();
    tell(
      `${key} is deleted, with ${count(Number(result.points))} points${result.cells > 0 ? `; ${count(result.cells)} ${result.cells === 1 ? 'cell' : 'cells'} of sweeps ask for it again` : ''}.`,
      { name: 'Bring it back', run: () => void bringBack(result.deletion.key) },
    );
  }, [remove, key, onDeleted, again, bringBack]);
  const lockIt = useCallback(async (): Promise<void> => {
    const { data, error } = await lock({ keys: [key], locked: !locked });
    const result = data?.lockRuns;
    if (error) return warn(error.message);
    if (result && result.__typename !== 'RunsLocked') return warn(result.message);
    again();
    tell(locked ? `${key} is no longer locked.` : `${key} is locked: nobody deletes it.`);
  }, [lock, key, locked, again]);
  const retryIt = useCallback(async (): Promise<void> => {
    const { data, error } = await retry({ keys: [key] });
    const result = data?.retryRuns;
    if (error) return warn(error.message);
    if (!result) return;
    if (result.__typename !== 'RunsRetried') return warn(result.message);
    again();
    if (result.runs > 0) tell(`${key} waits for a worker again.`);
    else if (result.taken > 0)
      tell(`Another run answers the configuration of ${key} by now: its cells took that one.`);
    else
      warn(`${key} cannot be retried: it was reported by a script of one's own, which has to run it again.`);
  }, [retry, key, again]);

  useCommands(
    useMemo(
      () =>
        refused
          ? []
          : [
              {
                id: 'lock run',
                name: locked ? 'Unlock this run' : 'Lock this run',
                group: 'This run',
                run: () => void lockIt(),
              },
              { id: 'delete run', name: 'Delete this run …', group: 'This run', run: () => ask(true) },
              ...(canRetry
                ? [{ id: 'retry run', name: 'Retry this run', group: 'This run', run: () => void retryIt() }]
                : []),
            ],
      [locked, lockIt, canRetry, retryIt, refused],
    ),
  );
  return (
    <Group gap="xs">
      {canRetry ? (
        <Button size="xs" disabled={refused !== undefined} title={refused} onClick={() => void retryIt()}>
          Retry
        </Button>
      ) : null}
      <Button
        size="xs"
        variant="default"
        disabled={refused !== undefined || lockedBySweeps.length > 0}
        title={refused ?? (lockedBySweeps.length > 0 ? `locked by ${lockedBySweeps.join(', ')}` : undefined)}
        onClick={() => void lockIt()}
      >
        {locked ? 'Unlock' : 'Lock'}
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={refused !== undefined}
        title={refused}
        onClick={() => ask(true)}
      >
        Delete …
      </Button>
      <Modal opened={asking} onClose={() => ask(false)} title={`Delete ${key}?`}>
        <Text mb="md">
          {locked
            ? `It is locked${lockedBySweeps.length > 0 ? ` by ${lockedBySweeps.join(', ')}` : ''}: unlock it first.`
            : `The run goes with all its points from every table and chart${run.sweeps.length > 0 ? `, and ${count(run.sweeps.length)} ${run.sweeps.length === 1 ? 'sweep lacks' : 'sweeps lack'} its cell` : ''}. For a day it can be brought back.`}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => ask(false)}>
            Keep it
          </Button>
          <Button color="red" disabled={locked} onClick={() => void deleteIt()}>
            Delete {key}
          </Button>
        </Group>
      </Modal>
    </Group>
  );
}

const NOT_BACK = {
  ANSWERED: 'another run answers its configuration by now; delete that one first',
  RETRAINED: 'the empty run that took its key was trained; delete that one first',
} as const;
