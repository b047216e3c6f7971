'use client';

import { Anchor, Group, Text } from '@mantine/core';
import Link from 'next/link';
import type { RunFilter } from '../axis/axis';
import { compareHref } from './compare-question';
import { mineAndOthers, type Offered } from './side';

interface Pick {
  readonly name: string;
  readonly sides?: readonly [RunFilter, RunFilter];
  /** Why it cannot be chosen. */
  readonly lacks?: string;
}

/** What is compared most: one click each. */
export function Picks({ offered }: { offered: Offered }) {
  return (
    <Group component="nav" aria-label="Quick picks" gap="md" my="xs">
      <Text size="sm">Compare</Text>
      {picksOf(offered).map(({ name, sides, lacks }) =>
        sides ? (
          <Anchor key={name} component={Link} href={compareHref({ a: sides[0], b: sides[1] })} size="sm">
            {name}
          </Anchor>
        ) : (
          <Text key={name} size="sm" c="dimmed">
            {name} ({lacks})
          </Text>
        ),
      )}
    </Group>
  );
}

/** Members by how much they ran of late, sweeps from the newest, engines by their runs. */
export function picksOf({ viewer, members, sweeps, engines, augmentation, batchNorm }: Offered): Pick[] {
  const active = members
    .filter(({ lastRunAt }) => lastRunAt !== null)
    .toSorted((one, other) => other.recentRuns - one.recentRuns || (one.key < other.key ? -1 : 1))
    .map(({ key }): RunFilter => ({ member: { eq: key } }));
  const made = sweeps.nodes.map(({ key }): RunFilter => ({ sweep: { eq: key } }));
  const used = engines.groups
    .toSorted((one, other) => other.runs - one.runs)
    .flatMap(({ engine }): RunFilter[] => (engine === null ? [] : [{ engine: { eq: engine } }]));
  const two = (name: string, from: readonly RunFilter[], lacks: string): Pick => {
    const [a, b] = from;
    return a && b ? { name, sides: [a, b] } : { name, lacks };
  };
  const onOff = (field: 'batchNorm' | 'augmentation', values: readonly unknown[]): RunFilter[] =>
    values.includes(true) && values.includes(false)
      ? [true, false].map((eq): RunFilter => ({ [field]: { eq } }))
      : [];
  return [
    { name: 'mine with everybody else’s', sides: mineAndOthers(viewer.member.key) },
    two('two members', active, 'fewer than two have runs'),
    two('two sweeps', made, 'there are fewer than two'),
    two(
      'batch norm on against off',
      onOff(
        'batchNorm',
        batchNorm.groups.map((group) => group.batchNorm),
      ),
      'there are not runs of both',
    ),
    two(
      'augmentation on against off',
      onOff(
        'augmentation',
        augmentation.groups.map((group) => group.augmentation),
      ),
      'there are not runs of both',
    ),
    two('two engines', used, 'fewer than two have runs'),
  ];
}
