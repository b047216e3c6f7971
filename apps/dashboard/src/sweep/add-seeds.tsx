'use client';

import { Button, Group, Modal, Text, TextInput } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useMemo, useState } from 'react';
import { graphql } from '../shell/client';
import { count } from '../shell/format';
import type { Cells } from './cells';
import { readSeeds } from './seeds';
import type { Sweep } from './sweep';

const AddSeedsTo = graphql(`
  mutation AddSeedsTo($key: String!, $seeds: [SafeInt!]!) {
    addSeeds(key: $key, seeds: $seeds) {
      __typename
      ... on SeedsAdded { created reused existing }
      ... on SeedsRefused { message }
      ... on SweepEnded { message }
      ... on NotYours { message } ... on NotFound { message }
      ... on InvalidInput { problems { message allowed } }
    }
  }
`);

/** Which seeds, and how many cells that makes. */
export function AddSeeds({
  sweep,
  cells,
  onClose,
  onAdded,
}: {
  sweep: Sweep;
  cells: Cells | undefined;
  onClose: () => void;
  onAdded: (words: string) => void;
}) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const [{ fetching }, add] = useMutation(AddSeedsTo);
  const settings = useMemo(() => (cells ? settingsOf(cells) : undefined), [cells]);
  const known = (cells?.columns.find(({ dimension }) => dimension === 'SEED')?.values ?? []) as number[];
  const seeds = text.trim() ? readSeeds(text) : [];
  const words =
    seeds === undefined || seeds.length === 0 || settings === undefined
      ? ''
      : `${count(seeds.length)} ${seeds.length === 1 ? 'seed' : 'seeds'} × ${count(settings)} ${settings === 1 ? 'setting' : 'settings'} = ${count(seeds.length * settings)} cells${known.some((seed) => seeds.includes(seed)) ? ', those that it has already left out' : ''}`;
  const submit = async () => {
    if (!seeds || seeds.length === 0) return;
    const { data, error } = await add({ key: sweep.key, seeds });
    if (error) return setProblem(error.message);
    const answer = data!.addSeeds;
    if (answer.__typename === 'InvalidInput') {
      const [first] = answer.problems;
      return setProblem(`${first!.message}; allowed: ${first!.allowed}`);
    }
    if (answer.__typename !== 'SeedsAdded') return setProblem(answer.message);
    onAdded(
      `${count(answer.created)} new cells, ${count(answer.reused)} answered by runs that were there, ${count(answer.existing)} it had already.`,
    );
  };
  return (
    <Modal opened onClose={onClose} title={`Add seeds to ${sweep.key}`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <TextInput
          label="Seeds"
          description={`Whole numbers from 0: "3, 4, 5" or "3-9".${known.length > 0 ? ` It has ${known.join(', ')}.` : ''}`}
          value={text}
          onChange={({ currentTarget }) => {
            setText(currentTarget.value);
            setProblem(undefined);
          }}
          error={
            problem ?? (seeds === undefined ? `"${text}" is not a list of whole numbers from 0` : undefined)
          }
          data-autofocus
        />
        <Text size="sm" my="sm" role="status">
          {words}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" disabled={!seeds || seeds.length === 0} loading={fetching}>
            Add them
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

/** What differs otherwise than by the seed. */
function settingsOf({ columns, positions }: Cells): number {
  const others = columns.filter(({ dimension }) => dimension !== 'SEED');
  return new Set(positions.map((_, i) => others.map(({ codes }) => codes[i]).join(' '))).size;
}
