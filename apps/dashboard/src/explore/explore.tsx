'use client';

import { Group, Title } from '@mantine/core';
import { useMemo } from 'react';
import { type Question, useQuestion } from '../question/question';
import { useQuery } from '../shell/client';
import { useCommands } from '../shell/commands';
import { ViewBar } from '../view/view-bar';
import { KINDS } from './kinds';
import { Sentence, SentenceWords } from './sentence';

/** The question stands at the top as a sentence whose parts are the controls; below it the answer. Every view is its URL. */
export function Explore() {
  const [question, set] = useQuestion();
  const [{ data: words }] = useQuery({ query: SentenceWords, variables: {} });
  const Kind = KINDS[question.chart];
  useCommands(
    useMemo(
      () =>
        PARTS.map(({ label, keys }) => ({
          id: `part ${label}`,
          name: `Change ${label.toLowerCase()}`,
          group: 'The question',
          keys,
          run: () => {
            const part = document.querySelector<HTMLElement>(`.sentence [aria-label^="${label}"]`);
            part?.focus();
            if (part instanceof HTMLButtonElement) part.click();
          },
        })),
      [],
    ),
  );
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          What accuracy, at which batch size?
        </Title>
        <ViewBar page="EXPLORE" />
      </Group>
      <Sentence
        question={question}
        words={words}
        onChange={(change: Partial<Question>) => void set(change)}
      />
      <Kind question={question} />
    </>
  );
}

const PARTS = [
  { label: 'Chart', keys: 'c' },
  { label: 'Metric', keys: 'm' },
  { label: 'Value of a run', keys: 'v' },
  { label: 'X axis', keys: 'x' },
  { label: 'Y axis', keys: 'y' },
  { label: 'Best over', keys: 'b' },
  { label: 'Series', keys: 'l' },
  { label: 'Columns of panels', keys: 'p' },
  { label: 'Runs', keys: 'f' },
  { label: 'Seeds', keys: 'e' },
  { label: 'Band', keys: 'd' },
];
