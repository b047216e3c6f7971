'use client';

import { Alert, Button, Group, Modal, Stack, TagsInput, Text } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useState } from 'react';
import { both, type RunFilter } from '../filter/filter';
import { useQuery } from '../shell/client';
import { count } from '../shell/format';
import { tell } from '../shell/notice';
import {
  ACTIONS,
  type Action,
  BulkCheck,
  DeleteRuns,
  deletedWords,
  foretold,
  LockRuns,
  MOST_RUNS,
  othersWords,
  RetryRuns,
  refusal,
  runsWord,
  TagRuns,
} from './bulk';
import { useRestore } from './restore';
import { chosenFilter, meantBy, type Selection } from './selection';

/** Says what a change of many runs will hit, and does it if just that is still meant. */
export function BulkDialog({
  action,
  selection,
  where,
  onClose,
  onChanged,
}: {
  action: Action;
  selection: Selection;
  where: RunFilter;
  onClose: () => void;
  onChanged: () => void;
}) {
  const filter = chosenFilter(selection, where);
  const [{ data, error, fetching }, countAgain] = useQuery({
    query: BulkCheck,
    variables: {
      where: filter,
      locked: both(filter, { locked: { eq: true } }),
      running: both(filter, { status: ['RUNNING'] }),
      retried: both(filter, { status: ['FAILED', 'CANCELLED'] }),
    },
    requestPolicy: 'network-only',
  });
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  const [problem, setProblem] = useState<string>();
  const act = useAct(action, { add, remove }, onChanged);
  const n = data?.meant.totalCount ?? 0;
  const { name } = ACTIONS[action];
  const idle = action === 'tag' && add.length + remove.length === 0;
  return (
    <Modal opened onClose={onClose} title={`${name} runs`}>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          const why = await act.run({ ...meantBy(selection, where), expect: n });
          setProblem(why);
          if (why === undefined) onClose();
        }}
      >
        <Stack>
          {data ? <Text data-testid="foretold">{foretold(action, data)}</Text> : <Text>Counting …</Text>}
          {action === 'tag' ? (
            <>
              <TagsInput
                label="Tags to put on"
                value={add}
                onChange={setAdd}
                data-autofocus
                acceptValueOnBlur
              />
              <TagsInput label="Tags to take off" value={remove} onChange={setRemove} acceptValueOnBlur />
            </>
          ) : null}
          {n > MOST_RUNS ? (
            <Alert color="yellow" title={`At most ${runsWord(MOST_RUNS)} at once`}>
              Narrow the filter, and do it in parts.
            </Alert>
          ) : null}
          {data && !data.viewer.may.includes('CHANGE') ? (
            <Alert role="note" title="You may look at runs here, and not change them">
              Ask an owner of the team for the role of a member.
            </Alert>
          ) : null}
          {problem || error ? (
            <Alert color="red" role="alert" title="Nothing was changed">
              <Text mb="xs">{problem ?? error?.message}</Text>
              <Button
                size="xs"
                variant="default"
                onClick={() => {
                  setProblem(undefined);
                  countAgain({ requestPolicy: 'network-only' });
                }}
              >
                Count again
              </Button>
            </Alert>
          ) : null}
          <Group justify="flex-end">
            {/* What can do no harm has the focus, also where the kit's trap looked before this was there. */}
            <Button variant="default" onClick={onClose} autoFocus data-autofocus>
              Keep them as they are
            </Button>
            <Button
              type="submit"
              color={action === 'delete' ? 'red' : undefined}
              loading={act.busy}
              disabled={!data?.viewer.may.includes('CHANGE') || fetching || n === 0 || n > MOST_RUNS || idle}
              data-autofocus={action === 'tag' ? undefined : true}
            >
              {name} {runsWord(n)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

type Meant = ({ where: RunFilter } | { keys: string[] }) & { expect: number };

/** → what does it; that answers with why nothing was done, or says what was. */
function useAct(action: Action, tags: { add: string[]; remove: string[] }, onChanged: () => void) {
  const [tagging, tag] = useMutation(TagRuns);
  const [locking, lock] = useMutation(LockRuns);
  const [deleting, remove] = useMutation(DeleteRuns);
  const [retrying, retry] = useMutation(RetryRuns);
  const restore = useRestore(onChanged);
  const run = async (meant: Meant): Promise<string | undefined> => {
    const { data, error } = await (action === 'tag'
      ? tag({ ...meant, ...tags })
      : action === 'delete'
        ? remove(meant)
        : action === 'retry'
          ? retry(meant)
          : lock({ ...meant, locked: action === 'lock' }));
    const result = data?.result;
    if (!result) return error?.message.replace(/^\[(GraphQL|Network)\] /, '') ?? 'no answer';
    switch (result.__typename) {
      case 'RunsTagged':
        tell(
          `${runsWord(result.changed)} of ${count(result.matched)} have other tags now.${othersWords(result.others)}`,
        );
        break;
      case 'RunsLocked':
        tell(
          `${runsWord(result.changed)} of ${count(result.matched)} ${action === 'lock' ? 'locked' : 'unlocked'}.${othersWords(result.others)}`,
        );
        break;
      case 'RunsRetried':
        tell(
          `${runsWord(result.runs)} of ${count(result.matched)} wait again.${result.taken > 0 ? ` ${count(result.taken)} cells took a run that was there.` : ''}${othersWords(result.others)}`,
        );
        break;
      case 'RunsDeleted': {
        const { deletion } = result;
        tell(
          deletedWords(result),
          deletion ? { name: 'Undo', run: () => void restore(deletion.key) } : undefined,
        );
        break;
      }
      default:
        return refusal(result);
    }
    onChanged();
    return undefined;
  };
  return {
    run,
    busy: tagging.fetching || locking.fetching || deleting.fetching || retrying.fetching,
  };
}
