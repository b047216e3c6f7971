'use client';

import { Anchor, Button, Group, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useEffect, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../shell/client';
import { count, duration, percent, rate } from '../shell/format';
import { Empty, Failed, Loading } from '../shell/state';

const RunPage = graphql(`
  query RunPage($where: RunFilter, $after: String) {
    runs(where: $where, first: 50, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        key status diverged batchSize baseLearningRate batchNorm seed model width step plannedSteps deviceSeconds dataset { name }
        metrics(names: ["test_accuracy"]) { medianLast5 medianOf }
      }
    }
  }
`);

export interface RunsFilter {
  readonly sweep?: string;
  readonly dataset?: string;
  readonly bn?: 'on' | 'off' | null;
  readonly m?: number | null;
}

/** Runs that the URL asks for. */
export function Runs() {
  const [filter, set] = useQueryStates({
    sweep: parseAsString,
    dataset: parseAsString,
    bn: parseAsStringLiteral(['on', 'off']),
    m: parseAsInteger,
  });
  const said = [
    filter.dataset ? `data set ${filter.dataset}` : '',
    filter.bn ? `batch norm ${filter.bn}` : '',
    filter.m ? `batch size ${filter.m}` : '',
    filter.sweep ? `sweep ${filter.sweep}` : '',
  ].filter(Boolean);
  return (
    <>
      <Title order={1} size="h3">
        Runs
      </Title>
      <Group my="xs">
        <Text>{said.length ? said.join(', ') : 'All runs of the team, the newest first'}</Text>
        {said.length ? (
          <Button size="xs" variant="default" onClick={() => set(null)}>
            Show all
          </Button>
        ) : null}
      </Group>
      <RunTable
        filter={{
          ...(filter.sweep ? { sweep: filter.sweep } : {}),
          ...(filter.dataset ? { dataset: filter.dataset } : {}),
          bn: filter.bn,
          m: filter.m,
        }}
        refresh={0}
      />
    </>
  );
}

export function RunTable({ filter, refresh }: { filter: RunsFilter; refresh: number }) {
  const { sweep, dataset, bn, m } = filter;
  const where = useMemo(
    () => ({
      ...(sweep ? { sweep: { eq: sweep } } : {}),
      ...(dataset ? { dataset: { eq: dataset } } : {}),
      ...(bn ? { batchNorm: { eq: bn === 'on' } } : {}),
      ...(m ? { batchSize: { eq: m } } : {}),
    }),
    [sweep, dataset, bn, m],
  );
  const [cursors, setCursors] = useState<(string | null)[]>([null]);
  const [{ data, error }, again] = useQuery({
    query: RunPage,
    variables: { where, after: cursors.at(-1) ?? null },
  });
  useEffect(() => {
    if (refresh > 0) again({ requestPolicy: 'network-only' });
  }, [refresh, again]);
  if (error && !data)
    return <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />;
  if (!data) return <Loading what="the runs" />;
  const { nodes, totalCount, pageInfo } = data.runs;
  if (totalCount === 0) return <Empty title="No run matches" />;
  return (
    <>
      <div className="scroll">
        <Table striped aria-label="Runs" className="number">
          <Table.Thead>
            <Table.Tr>
              {[
                'run',
                'status',
                'test accuracy',
                'data set',
                'model',
                'm',
                'η̃',
                'batch norm',
                'seed',
                'device time',
              ].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map((run) => (
              <Table.Tr key={run.key}>
                <Table.Td>
                  <Anchor
                    component={Link}
                    href={`/runs/${run.key.split('/').map(encodeURIComponent).join('/')}`}
                  >
                    {run.key}
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  {run.diverged
                    ? 'diverged'
                    : run.status === 'RUNNING'
                      ? `running, ${percent(run.step / run.plannedSteps, 0)}`
                      : run.status.toLowerCase()}
                </Table.Td>
                <Table.Td>{percent(run.metrics[0]?.medianLast5)}</Table.Td>
                <Table.Td>{run.dataset.name}</Table.Td>
                <Table.Td>
                  {run.model}, width {run.width}
                </Table.Td>
                <Table.Td>{run.batchSize}</Table.Td>
                <Table.Td>{rate(run.baseLearningRate)}</Table.Td>
                <Table.Td>{run.batchNorm ? 'on' : 'off'}</Table.Td>
                <Table.Td>{run.seed}</Table.Td>
                <Table.Td>{duration(run.deviceSeconds || null)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Group my="sm">
        <Text size="sm">
          {count((cursors.length - 1) * 50 + 1)} to {count((cursors.length - 1) * 50 + nodes.length)} of{' '}
          {count(totalCount)} runs
        </Text>
        <Button
          size="xs"
          variant="default"
          disabled={cursors.length < 2}
          onClick={() => setCursors(cursors.slice(0, -1))}
        >
          Back
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={!pageInfo.hasNextPage}
          onClick={() => setCursors([...cursors, pageInfo.endCursor])}
        >
          Next
        </Button>
      </Group>
    </>
  );
}
