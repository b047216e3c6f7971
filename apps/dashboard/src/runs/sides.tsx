'use client';

import { Button, Group, Text } from '@mantine/core';
import Link from 'next/link';
import type { RunFilter } from '../filter/filter';
import { filterWords } from '../filter/words';
import { warn } from '../shell/notice';
import { LONGEST_ADDRESS } from './export-menu';

/** Runs that are put aside to be compared with others. */
export interface Sides {
  readonly a?: RunFilter | undefined;
  readonly b?: RunFilter | undefined;
}

export const compareHref = (a: RunFilter, b: RunFilter): string =>
  `/compare?${new URLSearchParams({ a: JSON.stringify(a), b: JSON.stringify(b) })}`;

/** Puts a filter on a side, if a link can hold it. */
export function withSide(sides: Sides, side: 'a' | 'b', filter: RunFilter): Sides {
  if (JSON.stringify(filter).length <= LONGEST_ADDRESS / 4) return { ...sides, [side]: filter };
  warn('These are too many to be named one by one in a link: tag them, and compare by the tag.');
  return sides;
}

/** The two sides so far, and the way to their comparison. */
export function SidesLine({ sides: { a, b }, onSides }: { sides: Sides; onSides: (sides: Sides) => void }) {
  if (!a && !b) return null;
  return (
    <Group gap="sm" mb="xs" role="group" aria-label="To compare">
      <Text size="sm" maw="100%">
        <strong>A</strong>: {a ? filterWords(a) : 'not chosen yet'}. <strong>B</strong>:{' '}
        {b ? filterWords(b) : 'not chosen yet'}.
      </Text>
      {a && b ? (
        <>
          <Button component={Link} href={compareHref(a, b)} size="compact-md">
            Compare A with B
          </Button>
          <Button size="compact-md" variant="default" onClick={() => onSides({ a: b, b: a })}>
            Swap
          </Button>
        </>
      ) : (
        <Text size="sm">Choose the other runs, here or with another filter.</Text>
      )}
      <Button size="compact-md" variant="default" onClick={() => onSides({})}>
        Forget both
      </Button>
    </Group>
  );
}
