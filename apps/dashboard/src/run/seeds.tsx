'use client';

import { Anchor, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { formatOf, metricWords } from '../curve/ask';
import { runsHref } from '../filter/filter';
import { useLiveQuery } from '../shell/activity';
import { graphql } from '../shell/client';
import { count } from '../shell/format';
import { Failed, Loading } from '../shell/state';
import type { RunDetail } from './detail';
import { runHref } from './run-href';

const SeedsOfSetting = graphql(`
  query SeedsOfSetting($hash: String!, $metric: String!) {
    aggregate(where: { settingHash: { eq: $hash } }, by: [], metric: $metric) { groups { n mean sd ci95 { low high } } }
    runs(where: { settingHash: { eq: $hash } }, orderBy: [{ field: SEED }], first: 100) {
      totalCount
      nodes { key seed status diverged duplicate metrics(names: [$metric]) { medianLast5 } }
    }
  }
`);

/** The runs of the same setting: what chance alone makes of it. */
export function Seeds({ run, metric }: { run: RunDetail; metric: string }) {
  const [{ data, error }, again] = useLiveQuery({
    query: SeedsOfSetting,
    variables: { hash: run.settingHash, metric },
  });
  if (error && !data) return <Failed message={error.message} again={again} />;
  if (!data) return <Loading what="its other seeds" />;
  const group = data.aggregate.groups[0];
  const { nodes, totalCount } = data.runs;
  const format = formatOf(metric);
  return (
    <>
      <Title order={3} size="h5" mt="md">
        Seeds of this setting
      </Title>
      <Text size="sm" data-testid="seeds">
        {metricWords(metric)}:{' '}
        {group?.mean === null || group === undefined
          ? 'no value yet'
          : `${format(group.mean)}${group.sd === null ? '' : ` ± ${format(group.sd)}`} (n = ${group.n}${group.ci95 ? `; 95 % interval of the mean ${format(group.ci95.low)} to ${format(group.ci95.high)}` : ''})`}
        {totalCount > nodes.length ? (
          <>
            . The first {nodes.length} of {count(totalCount)} runs;{' '}
            <Anchor component={Link} href={runsHref({ settingHash: { eq: run.settingHash } })}>
              all of them
            </Anchor>
          </>
        ) : null}
      </Text>
      <div className="scroll">
        <Table aria-label="Seeds" className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              {['seed', 'run', 'status', metricWords(metric)].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map(({ key, seed, status, diverged, duplicate, metrics }) => (
              <Table.Tr key={key} {...(key === run.key ? { 'aria-current': true } : {})}>
                <Table.Td>{String(seed)}</Table.Td>
                <Table.Td>
                  {key === run.key ? (
                    <strong>{key} (this)</strong>
                  ) : (
                    <Anchor component={Link} href={runHref(key)}>
                      {key}
                    </Anchor>
                  )}
                </Table.Td>
                <Table.Td>
                  {diverged ? 'diverged' : status.toLowerCase()}
                  {duplicate ? ', a duplicate' : ''}
                </Table.Td>
                <Table.Td data-value={metrics[0]?.medianLast5 ?? ''}>
                  {typeof metrics[0]?.medianLast5 === 'number' ? format(metrics[0].medianLast5) : '–'}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  );
}
