'use client';

import { Anchor, Progress, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { useEffect } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../shell/client';
import { count } from '../shell/format';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { Time } from '../shell/time';

const SweepList = graphql(`
  query SweepList {
    sweeps(first: 100) {
      totalCount
      nodes { key name status createdAt member { name } counts { total done failed diverged running waiting } progress { done total } }
    }
  }
`);

export function Sweeps() {
  const [{ data, error }, again] = useQuery({ query: SweepList });
  useEffect(() => {
    const timer = setInterval(() => again({ requestPolicy: 'network-only' }), 3000);
    return () => clearInterval(timer);
  }, [again]);
  if (error && !data)
    return <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />;
  if (!data) return <Loading what="the sweeps" />;
  const { nodes, totalCount } = data.sweeps;
  return (
    <>
      <Title order={1} size="h3">
        Sweeps
      </Title>
      {nodes.length === 0 ? <HowToBegin /> : null}
      {nodes.length < totalCount ? (
        <Text>
          The newest {nodes.length} of {count(totalCount)}.
        </Text>
      ) : null}
      {nodes.length > 0 ? (
        <div className="scroll">
          <Table aria-label="Sweeps" className="number">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>sweep</Table.Th>
                <Table.Th>status</Table.Th>
                <Table.Th style={{ minWidth: 160 }}>progress</Table.Th>
                <Table.Th>beside</Table.Th>
                <Table.Th>by</Table.Th>
                <Table.Th>created</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {nodes.map((sweep) => (
                <Table.Tr key={sweep.key}>
                  <Table.Td>
                    <Anchor component={Link} href={`/sweeps/${encodeURIComponent(sweep.key)}`}>
                      {sweep.key}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>{sweep.status.toLowerCase()}</Table.Td>
                  <Table.Td>
                    <Progress
                      value={(100 * sweep.progress.done) / sweep.progress.total}
                      aria-label={`${sweep.progress.done} of ${sweep.progress.total} runs`}
                    />
                    <Text size="sm">
                      {count(sweep.progress.done)} of {count(sweep.progress.total)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    {[
                      sweep.counts.diverged ? `${sweep.counts.diverged} diverged` : '',
                      sweep.counts.failed ? `${sweep.counts.failed} failed` : '',
                    ]
                      .filter(Boolean)
                      .join(', ') || '–'}
                  </Table.Td>
                  <Table.Td>{sweep.member.name}</Table.Td>
                  <Table.Td>
                    <Time at={sweep.createdAt} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      ) : null}
    </>
  );
}
