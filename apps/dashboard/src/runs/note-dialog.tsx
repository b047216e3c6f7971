'use client';

import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useState } from 'react';
import { NoteField } from '../mention/note-field';
import { graphql, useQuery } from '../shell/client';
import { tell } from '../shell/notice';
import { Failed, Loading } from '../shell/state';
import { refusal } from './bulk';

const RunNote = graphql(`query RunNote($key: String!) { run(key: $key) { key note } }`);
const NoteRun = graphql(`
  mutation NoteRun($key: String!, $note: String) {
    result: noteRun(key: $key, note: $note) {
      __typename
      ... on RunDescribed { run { key note } }
      ... on InvalidInput { message problems { message } }
      ... on NotYours { message } ... on NotFound { message }
    }
  }
`);

/** What people wrote about one run. */
export function NoteDialog({ runKey, onClose }: { runKey: string; onClose: () => void }) {
  const [{ data, error }, again] = useQuery({
    query: RunNote,
    variables: { key: runKey },
    requestPolicy: 'network-only',
  });
  return (
    <Modal opened onClose={onClose} title={`Note of ${runKey}`}>
      {error ? <Failed message={error.message} again={again} /> : null}
      {data ? (
        <NoteForm runKey={runKey} before={data.run?.note ?? ''} onClose={onClose} />
      ) : error ? null : (
        <Loading what="the note" />
      )}
    </Modal>
  );
}

function NoteForm({ runKey, before, onClose }: { runKey: string; before: string; onClose: () => void }) {
  const [note, setNote] = useState(before);
  const [problem, setProblem] = useState<string>();
  const [{ fetching }, write] = useMutation(NoteRun);
  const save = async (text: string): Promise<string | undefined> => {
    const { data, error } = await write({ key: runKey, note: text });
    const result = data?.result;
    if (!result) return error?.message ?? 'no answer';
    return result.__typename === 'RunDescribed' ? undefined : refusal(result);
  };
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        const why = await save(note);
        setProblem(why);
        if (why !== undefined) return;
        tell(`The note of ${runKey} is written.`, { name: 'Undo', run: () => void save(before) });
        onClose();
      }}
    >
      <Stack>
        <NoteField label="Note" value={note} onText={setNote} autosize minRows={4} data-autofocus />
        {problem ? (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        ) : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" loading={fetching}>
            Write
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
