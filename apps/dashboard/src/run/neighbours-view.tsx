'use client';

import { Anchor, NativeSelect, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { Fragment, useMemo } from 'react';
import { AxisFields, type Dimension, filterOf, formatValue, nameOf, valueAt } from '../axis/axis';
import { formatOf, metricWords } from '../curve/ask';
import { both, type RunFilter, runsHref } from '../filter/filter';
import { Asked } from '../question/asked';
import { useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Failed, Loading } from '../shell/state';
import { axesOf, headlineOf, type RunDetail } from './detail';
import { axesAmong, dimensionsThatVary, isOwn, neighboursFilter, neighboursOf } from './neighbours';
import { Seeds } from './seeds';

const Varying = graphql(`
  query Varying($where: RunFilter!, $metric: String!) {
    aggregate(where: $where, by: [], metric: $metric) { runs groups { varying varyingParams } }
  }
`);
const NeighboursQuery = graphql(
  `
  query Neighbours($where: RunFilter!, $by: [Axis!]!, $params: [String!], $metric: String!) {
    aggregate(where: $where, by: $by, byParams: $params, metric: $metric) {
      groups { ...AxisFields params n mean sd diverged failed unfinished withoutValue }
    }
  }
`,
  [AxisFields],
);
type Group = ResultOf<typeof NeighboursQuery>['aggregate']['groups'][number];
/** As many as `aggregate` groups by. */
const MOST_PARAMS = 10;

/** The settings that differ from the run's in one axis alone, and the other seeds of its own. */
export function Neighbours({ run }: { run: RunDetail }) {
  const metric = headlineOf(run)?.name;
  const [among, setAmong] = useQueryState('among', AMONG);
  if (!metric) return null;
  const inSweep = among === 'sweep' && run.sweep !== null;
  const scope: RunFilter =
    inSweep && run.sweep
      ? { sweep: { eq: run.sweep.key } }
      : { dataset: { eq: run.dataset.name }, model: { eq: run.model } };
  return (
    <section aria-label="Neighbours">
      <Title order={2} size="h4" mt="lg">
        What differs by one axis
      </Title>
      {run.sweep ? (
        <NativeSelect
          size="xs"
          maw={420}
          aria-label="Neighbours among"
          value={among}
          onChange={({ currentTarget }) => void setAmong(currentTarget.value as 'sweep' | 'team')}
          data={[
            { value: 'sweep', label: `among the runs of ${run.sweep.key}` },
            { value: 'team', label: `among the team's runs of ${run.model} on ${run.dataset.name}` },
          ]}
        />
      ) : (
        <Text size="sm" c="dimmed">
          Among the team's runs of {run.model} on {run.dataset.name}.
        </Text>
      )}
      <Found run={run} scope={scope} metric={metric} />
      <Seeds run={run} metric={metric} />
    </section>
  );
}
const AMONG = parseAsStringLiteral(['sweep', 'team'])
  .withDefault('sweep')
  .withOptions({ history: 'replace' });

function Found({ run, scope, metric }: { run: RunDetail; scope: RunFilter; metric: string }) {
  const [{ data: varying, error: fault }, askVarying] = useLiveQuery({
    query: Varying,
    variables: { where: scope, metric },
  });
  const own = axesOf(run);
  const all = varying?.aggregate.groups[0];
  const params = (all?.varyingParams ?? []).slice(0, MOST_PARAMS);
  const dimensions = dimensionsThatVary(all?.varying ?? [], params);
  const variables = {
    where: neighboursFilter(scope, own, dimensions),
    by: axesAmong(dimensions),
    params,
    metric,
  };
  const [{ data, error }, again] = useLiveQuery({
    query: NeighboursQuery,
    variables,
    pause: dimensions.length === 0,
  });
  const found = useMemo(
    () => neighboursOf<Group>(data?.aggregate.groups ?? [], own, dimensions),
    [data, own, dimensions],
  );
  if (fault && !varying) return <Failed message={fault.message} again={askVarying} />;
  if (error && !data) return <Failed message={error.message} again={again} />;
  if (!varying || (dimensions.length > 0 && !data)) return <Loading what="its neighbours" />;
  if (found.length === 0)
    return <Text py="sm">No other setting differs from this one in one axis alone.</Text>;
  return (
    <>
      {all && all.varyingParams.length > MOST_PARAMS ? (
        <Text size="sm">
          Of {all.varyingParams.length} free parameters that vary, the first {MOST_PARAMS} are told apart.
        </Text>
      ) : null}
      <div className="scroll">
        <Table aria-label="Neighbours" className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              {[
                'axis',
                'value',
                `${metricWords(metric)}, mean ± sd over seeds`,
                metric.endsWith('accuracy') ? 'against this, in percentage points' : 'against this',
                'n',
                'beside',
              ].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.map(({ dimension, groups }) => (
              <Fragment key={dimension}>
                {groups.map((group, i) => (
                  <NeighbourRow
                    key={JSON.stringify(valueAt(group, dimension))}
                    group={group}
                    own={groups.find((one) => isOwn(one, own, dimension))}
                    dimension={dimension}
                    metric={metric}
                    axisRows={i === 0 ? groups.length : 0}
                    where={both(scope, ...dimensions.map((one) => filterOf(one, valueAt(group, one))))}
                  />
                ))}
              </Fragment>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Asked query={NeighboursQuery} variables={variables} />
    </>
  );
}

function NeighbourRow({
  group,
  own,
  dimension,
  metric,
  axisRows,
  where,
}: {
  group: Group;
  /** The group of the run itself. */
  own: Group | undefined;
  dimension: Dimension;
  metric: string;
  axisRows: number;
  where: RunFilter;
}) {
  const format = formatOf(metric);
  const { mean, sd } = group;
  const isThis = group === own;
  const value = formatValue(dimension, valueAt(group, dimension));
  const apart =
    isThis || mean === null || own?.mean === null || own === undefined ? undefined : mean - own.mean;
  const beside = (
    [
      [group.diverged, 'diverged'],
      [group.failed, 'failed'],
      [group.unfinished, 'unfinished'],
      [group.withoutValue, 'without this metric'],
    ] as const
  ).flatMap(([n, name]) => (n > 0 ? [`${count(n)} ${name}`] : []));
  return (
    <Table.Tr {...(isThis ? { 'aria-current': true } : {})} data-mean={mean ?? ''}>
      {axisRows > 0 ? (
        <Table.Th scope="rowgroup" rowSpan={axisRows}>
          {nameOf(dimension)}
        </Table.Th>
      ) : null}
      <Table.Td>
        <Anchor component={Link} href={runsHref(where)} {...(isThis ? { fw: 700 } : {})}>
          {value}
          {isThis ? ' (this)' : ''}
        </Anchor>
      </Table.Td>
      <Table.Td {...(isThis ? { fw: 700 } : {})}>
        {mean === null ? '–' : format(mean)}
        {sd === null ? '' : ` ± ${format(sd)}`}
      </Table.Td>
      <Table.Td>
        {apart === undefined ? '' : `${apart < 0 ? '−' : '+'}${format(Math.abs(apart)).replace(' %', '')}`}
      </Table.Td>
      <Table.Td>{group.n}</Table.Td>
      <Table.Td>{beside.join(', ') || '–'}</Table.Td>
    </Table.Tr>
  );
}
