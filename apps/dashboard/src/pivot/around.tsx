'use client';

import { Button, Group, Menu, Text } from '@mantine/core';
import { count } from '../shell/format';
import { STATES } from './counts';
import { type Answer, type Cell, fileOf } from './pivot-query';
import type { PivotQuestion } from './pivot-question';

/** What the words in the cells mean, of those that occur. */
export function Legend({ answer }: { answer: Answer }) {
  const there = new Set(answer.rows.flatMap((row) => row.cells.map(({ state }) => state)));
  const words = (Object.keys(STATES) as Cell['state'][]).filter((one) => one !== 'VALUE' && there.has(one));
  if (words.length === 0) return null;
  return (
    <Text size="sm" mt="xs">
      {words.map((one, i) => (
        <span key={one}>
          {i > 0 ? '; ' : ''}
          <strong>{STATES[one].word}</strong>: {STATES[one].meaning}
        </span>
      ))}
    </Text>
  );
}

/** The best setting is named where one is left: not where a mean is of several. */
export function Unnamed({ answer }: { answer: Answer }) {
  const groups = answer.rows.flatMap((row) => row.cells.flatMap(({ group }) => (group?.n ? group : [])));
  const several = groups.filter(({ best }) => !best).length;
  return several === 0 ? null : (
    <Text size="sm" mt="xs">
      {count(several)} of {count(groups.length)} {groups.length === 1 ? 'cell names' : 'cells name'} no best
      setting: other axes differ inside, so the mean is of several settings.
    </Text>
  );
}

export function Save({ question }: { question: PivotQuestion }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="compact-xs" variant="default" aria-label="Save the table">
          Save
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(
          [
            ['csv', 'CSV'],
            ['md', 'Markdown'],
            ['tex', 'LaTeX'],
          ] as const
        ).map(([kind, word]) => (
          <Menu.Item key={kind} component="a" href={fileOf(kind, question)} download={`table.${kind}`}>
            Numbers ({word})
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Which part of a large table is shown, and the way to the next. */
export function Turn({
  what,
  from,
  page,
  all,
  to,
}: {
  what: string;
  from: number;
  page: number;
  all: number;
  to: (from: number) => void;
}) {
  if (all <= page) return null;
  const last = Math.min(all, from + page - 1);
  return (
    <Group mt="xs" gap="xs">
      <Text size="sm" className="number">
        {what} {count(from)} to {count(last)} of {count(all)}
      </Text>
      <Button
        size="compact-xs"
        variant="default"
        disabled={from <= 1}
        onClick={() => to(Math.max(1, from - page))}
      >
        Previous {what}
      </Button>
      <Button size="compact-xs" variant="default" disabled={last >= all} onClick={() => to(from + page)}>
        Next {what}
      </Button>
    </Group>
  );
}
