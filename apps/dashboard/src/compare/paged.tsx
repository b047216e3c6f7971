'use client';

import { Button, Group, Text } from '@mantine/core';
import { count } from '../shell/format';

/** Rows of a page of a list. */
export const PAGE = 50;

/** Which part of a list is shown, and the ways to the others. */
export function Paged({
  what,
  skip,
  all,
  to,
}: {
  what: string;
  skip: number;
  all: number;
  to: (skip: number) => void;
}) {
  if (all <= PAGE && skip === 0) return null;
  const last = Math.min(all, skip + PAGE);
  return (
    <Group my="xs" gap="xs">
      <Text size="sm" className="number">
        {skip < all ? `${count(skip + 1)} to ${count(last)}` : 'none'} of {count(all)} {what}
      </Text>
      <Button
        size="compact-xs"
        variant="default"
        disabled={skip === 0}
        aria-label={`Previous ${what}`}
        onClick={() => to(Math.max(0, skip - PAGE))}
      >
        Previous
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        disabled={last >= all}
        aria-label={`Next ${what}`}
        onClick={() => to(skip + PAGE)}
      >
        Next
      </Button>
    </Group>
  );
}
