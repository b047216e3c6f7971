'use client';

import { Anchor, Button, Group, TagsInput, Text } from '@mantine/core';
import { useMutation } from '@urql/next';
import Link from 'next/link';
import { useState } from 'react';
import { NamedIn } from '../mention/named-in';
import { NoteField } from '../mention/note-field';
import { whyNot } from '../session/may-change';
import { graphql } from '../shell/client';
import { tell, warn } from '../shell/notice';
import type { RunDetail } from './detail';

const NoteRun = graphql(`
  mutation NoteRun($key: String!, $note: String) {
    noteRun(key: $key, note: $note) {
      __typename
      ... on RunDescribed { run { id key note } }
      ... on NotYours { message } ... on NotFound { message }
      ... on InvalidInput { message }
    }
  }
`);
const TagRun = graphql(`
  mutation TagRun($keys: [String!], $add: [String!], $remove: [String!]) {
    tagRuns(keys: $keys, add: $add, remove: $remove) {
      __typename
      ... on RunsTagged { changed }
      ... on TooManyTags { message }
      ... on InvalidInput { message }
      ... on NotYours { message } ... on NotFound { message }
      ... on OtherCount { message }
    }
  }
`);

/** What people wrote about it, and which sweeps it answers. */
export function RunDescription({ run }: { run: RunDetail }) {
  return (
    <>
      <Group gap="md" align="start" my="sm">
        <Tags run={run} />
        <Note run={run} />
      </Group>
      {run.sweeps.length > 0 ? (
        <Text size="sm">
          It answers a cell of{' '}
          {run.sweeps.map(({ key, status }, i) => (
            <span key={key}>
              {i > 0 ? ', ' : ''}
              <Anchor component={Link} underline="always" href={`/sweeps/${encodeURIComponent(key)}`}>
                {key}
              </Anchor>{' '}
              ({status.toLowerCase()})
            </span>
          ))}
          {run.sweeps.length === 100 ? ' and perhaps more: these are the oldest 100' : ''}.
        </Text>
      ) : null}
    </>
  );
}

function Tags({ run }: { run: RunDetail }) {
  const [, tag] = useMutation(TagRun);
  // Until the answer is there, what was chosen; then what the run has.
  const [chosen, choose] = useState<readonly string[]>();
  const change = async (tags: string[]): Promise<void> => {
    choose(tags);
    const add = tags.filter((one) => !run.tags.includes(one));
    const remove = run.tags.filter((one) => !tags.includes(one));
    const { data, error } = await tag({ keys: [run.key], add, remove });
    choose(undefined);
    const result = data?.tagRuns;
    if (error) warn(error.message);
    else if (result && result.__typename !== 'RunsTagged') warn(result.message);
  };
  return (
    <TagsInput
      label="Tags"
      placeholder={run.mayChange ? 'A word and Enter' : undefined}
      readOnly={!run.mayChange}
      title={whyNot(run)}
      value={[...(chosen ?? run.tags)]}
      onChange={(tags) => void change(tags)}
      miw={240}
      clearable={false}
    />
  );
}

function Note({ run }: { run: RunDetail }) {
  const [, write] = useMutation(NoteRun);
  const [typed, type] = useState<string>();
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    const { data, error } = await write({ key: run.key, note: typed ?? null });
    setBusy(false);
    const result = data?.noteRun;
    // What was typed stays until it is saved.
    if (error) return warn(error.message);
    if (result && result.__typename !== 'RunDescribed') return warn(result.message);
    type(undefined);
    tell('The note is saved.');
  };
  return (
    <div style={{ flex: 1, minWidth: 260 }}>
      <NoteField
        label="Note"
        placeholder={run.mayChange ? 'What is worth knowing about this run' : undefined}
        readOnly={!run.mayChange}
        title={whyNot(run)}
        autosize
        minRows={1}
        maxLength={10_000}
        value={typed ?? run.note ?? ''}
        onText={type}
      />
      <NamedIn note={run.note} />
      {typed !== undefined && typed !== (run.note ?? '') ? (
        <Group gap="xs" mt={4}>
          <Button size="compact-sm" loading={busy} onClick={() => void save()}>
            Save note
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => type(undefined)}>
            Leave it as it was
          </Button>
        </Group>
      ) : null}
    </div>
  );
}
