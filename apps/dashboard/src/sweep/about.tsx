'use client';

import { Button, Code, CopyButton, Group, TagsInput, Text, Title } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useMemo, useState } from 'react';
import { stringify } from 'yaml';
import { NamedIn } from '../mention/named-in';
import { NoteField } from '../mention/note-field';
import { whyNot } from '../session/may-change';
import { graphql } from '../shell/client';
import { tell, warn } from '../shell/notice';
import type { Sweep } from './sweep';

const NoteSweep = graphql(`
  mutation NoteSweep($key: String!, $note: String) {
    noteSweep(key: $key, note: $note) { __typename ... on InvalidInput { message problems { message } } ... on NotYours { message } ... on NotFound { message } ... on TooManyTags { message } }
  }
`);
const TagSweep = graphql(`
  mutation TagSweep($key: String!, $add: [String!], $remove: [String!]) {
    tagSweep(key: $key, add: $add, remove: $remove) {
      __typename
      ... on InvalidInput { message problems { message } } ... on NotYours { message } ... on NotFound { message } ... on TooManyTags { message }
    }
  }
`);

/** What people wrote about it, and the file that it was made of. */
export function SweepAbout({ sweep, onChanged }: { sweep: Sweep; onChanged: () => void }) {
  const [, note] = useMutation(NoteSweep);
  const [, tag] = useMutation(TagSweep);
  const [draft, setDraft] = useState<string>();
  const { key, tags, addedSeeds } = sweep;
  const yaml = useMemo(
    () => stringify(sweep.definition, { flowCollectionPadding: true }),
    [sweep.definition],
  );
  const save = async () => {
    const { data, error } = await note({ key, note: draft ?? '' });
    const answer = data?.noteSweep;
    const problem =
      error?.message ??
      (answer?.__typename === 'InvalidInput'
        ? answer.problems[0]!.message
        : answer && answer.__typename !== 'SweepDescribed'
          ? answer.message
          : undefined);
    if (problem) return warn(problem);
    tell(`The note of ${key} is saved.`);
    onChanged();
    setDraft(undefined);
  };
  const changeTags = async (next: readonly string[]) => {
    const add = next.filter((one) => !tags.includes(one));
    const remove = tags.filter((one) => !next.includes(one));
    const { data, error } = await tag({ key, add, remove });
    const answer = data?.tagSweep;
    if (error) return warn(error.message);
    if (answer && answer.__typename !== 'SweepDescribed')
      return warn(answer.__typename === 'InvalidInput' ? answer.problems[0]!.message : answer.message);
    onChanged();
  };
  return (
    <section aria-labelledby="about">
      <Title order={2} size="h4" mt="lg" mb="xs" id="about">
        About this sweep
      </Title>
      <NoteField
        label="Note"
        autosize
        minRows={2}
        value={draft ?? sweep.note ?? ''}
        readOnly={!sweep.mayChange}
        title={whyNot(sweep)}
        onText={setDraft}
        maw={720}
      />
      <NamedIn note={sweep.note} />
      {draft === undefined ? null : (
        <Group gap="xs" mt="xs">
          <Button size="xs" onClick={() => void save()}>
            Save the note
          </Button>
          <Button size="xs" variant="default" onClick={() => setDraft(undefined)}>
            Leave it as it was
          </Button>
        </Group>
      )}
      <TagsInput
        label="Tags"
        description={sweep.mayChange ? 'Enter adds one' : undefined}
        readOnly={!sweep.mayChange}
        title={whyNot(sweep)}
        value={[...tags]}
        onChange={(next) => void changeTags(next)}
        maw={720}
        mt="sm"
      />
      <Group mt="md" mb="xs">
        <Text fw={600}>The sweep file</Text>
        <CopyButton value={yaml}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy YAML'}
            </Button>
          )}
        </CopyButton>
      </Group>
      {addedSeeds.length > 0 ? (
        <Text size="sm" mb="xs">
          Seeds added since: {addedSeeds.join(', ')}
        </Text>
      ) : null}
      <Code block tabIndex={0} aria-label="The sweep file as YAML">
        {yaml}
      </Code>
    </section>
  );
}
