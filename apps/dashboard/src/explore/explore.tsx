'use client';

import { Group, Title } from '@mantine/core';
import { useMemo } from 'react';
import { type Part, usePartCommands } from '../question/part-commands';
import { type Question, useQuestion } from '../question/question';
import { Refused } from '../question/refused';
import { ViewBar } from '../view/view-bar';
import { KINDS } from './kinds';
import { Sentence } from './sentence';
import { headingOf } from './statistics';

/** The question stands at the top as a sentence whose parts are the controls; below it the answer. Every view is its URL. */
export function Explore() {
  const [question, set] = useQuestion();
  const { chart } = question;
  const Kind = KINDS[chart];
  usePartCommands(useMemo(() => PARTS.filter(({ of }) => !of || of.includes(chart)), [chart]));
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          {headingOf(question)}
        </Title>
        <ViewBar page="EXPLORE" />
      </Group>
      <Refused />
      <Sentence question={question} onChange={(change: Partial<Question>) => void set(change)} />
      <Kind question={question} />
    </>
  );
}

/** Parts of the sentence, their keys, and the charts whose question has them; of all without. */
const PARTS: readonly (Part & { readonly of?: readonly Question['chart'][] })[] = [
  { label: 'Chart', keys: 'c' },
  { label: 'Metric', keys: 'm' },
  { label: 'Value of a run', keys: 'v' },
  { label: 'X axis', keys: 'x', of: ['lines', 'heat', 'seeds'] },
  { label: 'Y axis', keys: 'y', of: ['heat'] },
  { label: 'Cost', keys: 'y', of: ['pareto'] },
  { label: 'Best over', keys: 'b', of: ['lines', 'heat', 'seeds', 'pareto'] },
  { label: 'Chosen on', keys: 'o', of: ['lines', 'heat', 'seeds', 'pareto'] },
  { label: 'Series', keys: 'l', of: ['lines', 'seeds', 'pareto'] },
  { label: 'Columns of panels', keys: 'p', of: ['lines', 'heat', 'seeds'] },
  { label: 'Rows of panels', keys: 'r', of: ['lines', 'heat', 'seeds'] },
  { label: 'Runs', keys: 'f' },
  { label: 'Seeds', keys: 'e', of: ['lines'] },
  { label: 'Band', keys: 'd', of: ['lines'] },
  { label: 'Distance of the best', keys: 'w', of: ['heat'] },
  { label: 'Most cost', keys: 'w', of: ['pareto'] },
];
