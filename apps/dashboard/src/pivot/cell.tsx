'use client';

import { Anchor, Text, VisuallyHidden } from '@mantine/core';
import Link from 'next/link';
import { formatValue, nameOf, type RunFilter, valueAt } from '../axis/axis';
import { runsHref } from '../filter/filter';
import { count } from '../shell/format';
import { Icon } from '../shell/icon';
import { STATES } from './counts';
import type { Cell } from './pivot-query';
import { bestOf, type PivotQuestion } from './pivot-question';

/** One cell: its number, or in words why there is none; all lead to its runs. */
export function Inside({
  cell: { state, group },
  marked,
  format,
  where,
  question,
}: {
  cell: Cell;
  marked: string | null;
  format: (value: number | null) => string;
  where: RunFilter;
  question: PivotQuestion;
}) {
  if (!group) return <Text c="dimmed">{STATES[state].word}</Text>;
  const unit = `${group.unit === 'RUN' ? 'seed' : 'setting'}${group.n === 1 ? '' : 's'}`;
  const beside = [
    ...(group.diverged > 0 ? [`${count(group.diverged)} diverged`] : []),
    ...(group.failed > 0 ? [`${count(group.failed)} failed`] : []),
    ...(group.unfinished > 0 ? [`${count(group.unfinished)} unfinished`] : []),
  ];
  const settings = bestOf(question);
  return (
    <>
      <Anchor
        component={Link}
        href={runsHref(where)}
        prefetch={false}
        title={[`n = ${group.n} ${unit}`, ...beside].join(', ')}
        fw={marked ? 700 : 400}
        c={state === 'VALUE' ? undefined : 'dimmed'}
      >
        {state === 'VALUE'
          ? `${format(group.mean)}${group.sd === null ? '' : ` ± ${format(group.sd)}`} (${group.n})`
          : STATES[state].word}
        {marked ? (
          <>
            {' '}
            <Icon sign="star" />
            <VisuallyHidden>best {marked}</VisuallyHidden>
          </>
        ) : null}
      </Anchor>
      {state === 'VALUE' && beside.length > 0 ? (
        <Text size="xs" c="dimmed">
          {beside.join(', ')}
        </Text>
      ) : null}
      {group.best ? (
        <Text size="xs">
          <Anchor
            component={Link}
            prefetch={false}
            href={runsHref({ settingHash: { eq: group.best.settingHash } })}
          >
            {settings
              .map((axis) => `${nameOf(axis)} ${formatValue(axis, valueAt(group.best!, axis))}`)
              .join(', ')}
          </Anchor>{' '}
          of {count(group.best.candidates)}
        </Text>
      ) : null}
    </>
  );
}
