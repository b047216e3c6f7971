'use client';

import { Button, Group } from '@mantine/core';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { type ReactNode, useMemo } from 'react';
import { graphql, useQuery } from '../shell/client';
import { useCommands } from '../shell/commands';
import { count } from '../shell/format';
import { Icon } from '../shell/icon';
import { runHref } from './run-href';

const Around = graphql(`
  query Around($key: String!, $skip: Int!) {
    sweep(key: $key) { cellTable(skip: $skip, first: 3) { positions runs total } }
  }
`);

/** The cells before and after it in its sweep, also by keys. */
export function RunPlace({ runKey, sweepKey }: { runKey: string; sweepKey: string | undefined }) {
  const position = Number(runKey.split('/').at(-1));
  const known = sweepKey !== undefined && Number.isInteger(position) && position > 0;
  const router = useRouter();
  const [{ data }] = useQuery({
    query: Around,
    variables: { key: sweepKey ?? '', skip: Math.max(0, position - 2) },
    pause: !known,
  });
  const table = data?.sweep?.cellTable;
  const here = table?.positions.indexOf(position) ?? -1;
  const [before, after] =
    table && here >= 0 ? [table.runs[here - 1], table.runs[here + 1]] : [undefined, undefined];
  useCommands(
    useMemo(
      () => [
        ...(before
          ? [
              {
                id: 'run before',
                name: 'The cell before in its sweep',
                group: 'This run',
                keys: 'k',
                run: () => router.push(runHref(before)),
              },
            ]
          : []),
        ...(after
          ? [
              {
                id: 'run after',
                name: 'The cell after in its sweep',
                group: 'This run',
                keys: 'j',
                run: () => router.push(runHref(after)),
              },
            ]
          : []),
      ],
      [before, after, router],
    ),
  );
  if (!known || !table) return null;
  const link = (key: string | undefined, name: ReactNode, keys: string) =>
    key ? (
      <Button
        size="xs"
        variant="default"
        component={Link}
        href={runHref(key)}
        title={`${key} (${keys})`}
        aria-keyshortcuts={keys}
      >
        {name}
      </Button>
    ) : (
      <Button size="xs" variant="default" disabled>
        {name}
      </Button>
    );
  return (
    <Group gap={4} component="nav" aria-label="Cells of its sweep">
      {link(
        before,
        <>
          <Icon sign="before" />
          &nbsp;before
        </>,
        'k',
      )}
      <span className="number">
        cell {count(position)} of {count(table.total)}
      </span>
      {link(
        after,
        <>
          after&nbsp;
          <Icon sign="after" />
        </>,
        'j',
      )}
    </Group>
  );
}
