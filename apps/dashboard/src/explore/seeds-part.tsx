'use client';

import { Button, Checkbox, Popover, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { graphql, useQuery } from '../shell/client';
import { Failed } from '../shell/state';

const Seeds = graphql(`
  query SeedsToSelect {
    aggregate(by: [SEED]) { groups { seed } }
  }
`);

/** Which seeds the best is chosen on: the others are reported, so that the choice does not flatter itself. */
export function SeedsPart({
  select,
  onChange,
}: {
  select: readonly number[];
  onChange: (select: number[]) => void;
}) {
  const [opened, setOpened] = useState(false);
  const [{ data, error }] = useQuery({ query: Seeds, variables: {}, pause: !opened });
  const known = data?.aggregate.groups.flatMap(({ seed }) => seed ?? []) ?? [];
  const seeds = [...new Set([...known, ...select])].sort((a, b) => a - b);
  const words =
    select.length === 0
      ? 'the seeds it reports'
      : `seed${select.length > 1 ? 's' : ''} ${select.join(', ')} alone`;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus withinPortal>
      <Popover.Target>
        <Button
          variant="default"
          size="compact-md"
          className="part"
          aria-label={`Chosen on: ${words}`}
          onClick={() => setOpened((before) => !before)}
        >
          {words}
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah="60vh" maw={360} style={{ overflowY: 'auto' }}>
        <Stack gap="xs" role="group" aria-label="Seeds to choose on">
          <Text size="sm">
            A best of many is optimistic. Chosen on some seeds and reported on the others, it is not.
          </Text>
          {error ? <Failed message={error.message} /> : null}
          {seeds.map((seed) => (
            <Checkbox
              key={seed}
              label={`seed ${seed}`}
              checked={select.includes(seed)}
              onChange={({ currentTarget }) =>
                onChange(
                  currentTarget.checked
                    ? [...select, seed].sort((a, b) => a - b)
                    : select.filter((one) => one !== seed),
                )
              }
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
