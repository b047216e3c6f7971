'use client';

import { Anchor, Table, Text } from '@mantine/core';
import Link from 'next/link';
import { graphql, type ResultOf } from '../shell/client';
import { count, duration } from '../shell/format';
import { Time } from '../shell/time';
import { sweepHref } from './run-link';
import { StateBar, stateWords } from './state-bar';

export const SweepLine = graphql(`
  fragment SweepLine on Sweep {
    id key name status createdAt deviceSeconds tags locked
    member { key name }
    counts { total waiting running done pruned failed cancelled diverged reused }
    progress { done total secondsLeft }
  }
`);

/** One line for each sweep. */
export function SweepTable({ sweeps }: { sweeps: readonly ResultOf<typeof SweepLine>[] }) {
  return (
    <div className="scroll">
      <Table aria-label="Sweeps" className="number">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>sweep</Table.Th>
            <Table.Th>status</Table.Th>
            <Table.Th style={{ minWidth: 220 }}>cells</Table.Th>
            <Table.Th>time left</Table.Th>
            <Table.Th>cost so far</Table.Th>
            <Table.Th>by</Table.Th>
            <Table.Th>made</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sweeps.map((sweep) => (
            <Table.Tr key={sweep.key}>
              <Table.Td>
                <Anchor component={Link} href={sweepHref(sweep.key)} prefetch={false}>
                  {sweep.key}
                </Anchor>
                <Text size="sm" c="dimmed">
                  {[
                    sweep.name,
                    ...sweep.tags.map((tag) => `#${tag}`),
                    ...(sweep.locked ? ['locked'] : []),
                  ].join(' ')}
                </Text>
              </Table.Td>
              <Table.Td>{sweep.status.toLowerCase()}</Table.Td>
              <Table.Td>
                <StateBar counts={sweep.counts} />
                <Text size="sm">
                  {count(sweep.progress.done)} of {count(sweep.progress.total)} done
                  {sweep.counts.reused > 0 ? `, ${count(sweep.counts.reused)} reused` : ''};{' '}
                  {stateWords(sweep.counts)}
                </Text>
              </Table.Td>
              <Table.Td>{sweep.status === 'DONE' ? '–' : duration(sweep.progress.secondsLeft)}</Table.Td>
              <Table.Td>{duration(sweep.deviceSeconds)}</Table.Td>
              <Table.Td>{sweep.member.name}</Table.Td>
              <Table.Td>
                <Time at={sweep.createdAt} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
