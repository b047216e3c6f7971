'use client';

import { Alert, Button, Group, SegmentedControl, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { graphql, useQuery } from '../shell/client';
import { count } from '../shell/format';
import { AllEditor } from './all-editor';
import { EVERYTHING, parseAsFilter, type RunFilter } from './filter';
import { type All, isIncomplete, readTree, writeTree } from './tree';
import { filterWords } from './words';

const MatchCount = graphql(
  `query MatchCount($where: RunFilter) { runs(where: $where, first: 1) { totalCount } }`,
);
const REST_MS = 300;

/** A filter as rows of conditions, or as its text; says how many runs match while it is changed. */
export function FilterEditor({
  value,
  onApply,
  onClose,
}: {
  value: RunFilter;
  onApply: (filter: RunFilter) => void;
  onClose: () => void;
}) {
  const [tree, setTree] = useState<All>(() => readTree(value));
  /** While it is edited as text; the text stays as it is typed. */
  const [text, setText] = useState<string>();
  /** Rows with something typed that is no value. */
  const [wrong, setWrong] = useState<ReadonlySet<string>>(new Set());
  const typed = text === undefined ? writeTree(tree) : parseAsFilter.parse(text);
  const incomplete = text === undefined && (isIncomplete(tree) || wrong.size > 0);
  const ready = typed !== null && !incomplete;
  const say = (place: string, isWrong: boolean): void =>
    setWrong((before) => {
      if (before.has(place) === isWrong) return before;
      const next = new Set(before);
      if (isWrong) next.add(place);
      else next.delete(place);
      return next;
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        if (ready) onApply(typed);
      }}
    >
      <Stack gap="sm">
        <SegmentedControl
          aria-label="Edit the filter as"
          value={text === undefined ? 'rows' : 'text'}
          data={[
            { value: 'rows', label: 'Conditions' },
            { value: 'text', label: 'Text' },
          ]}
          onChange={(mode) => {
            if (mode === 'text') setText(JSON.stringify(writeTree(tree), null, 2));
            else if (typed) {
              setTree(readTree(typed));
              setText(undefined);
            }
          }}
        />
        {text === undefined ? (
          <AllEditor tree={tree} of={tree} onChange={setTree} onWrong={say} />
        ) : (
          <Textarea
            label="RunFilter as JSON"
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            autosize
            minRows={6}
            maxRows={20}
            error={typed ? null : 'not a JSON object'}
            styles={{ input: { fontFamily: 'monospace' } }}
          />
        )}
        {typed ? <Text size="sm">{filterWords(typed)}</Text> : null}
        <Matches where={typed ?? EVERYTHING} paused={!ready} />
        <Group>
          <Button type="submit" disabled={!ready}>
            Apply
          </Button>
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button
            variant="default"
            onClick={() => {
              setWrong(new Set());
              setTree(readTree(EVERYTHING));
              setText(text === undefined ? undefined : '{}');
            }}
          >
            Everyone's runs
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Matches({ where, paused }: { where: RunFilter; paused: boolean }) {
  const [settled] = useDebouncedValue(JSON.stringify(where), REST_MS);
  const [{ data, error, fetching, stale }] = useQuery({
    query: MatchCount,
    variables: { where: JSON.parse(settled) as RunFilter },
    pause: paused,
    requestPolicy: 'cache-and-network',
  });
  const counting = fetching || stale || settled !== JSON.stringify(where);
  if (paused)
    return (
      <Text size="sm" role="status">
        Something is not filled in yet.
      </Text>
    );
  if (error && !counting)
    return (
      <Alert color="red" role="alert" title="The API does not take this filter">
        {error.message.replace(/^\[(GraphQL|Network)\] /, '')}
      </Alert>
    );
  return (
    <Text size="sm" role="status" data-testid="matches" aria-busy={counting}>
      {counting || !data
        ? 'Counting …'
        : `Matches ${count(data.runs.totalCount)} ${data.runs.totalCount === 1 ? 'run' : 'runs'}`}
    </Text>
  );
}
