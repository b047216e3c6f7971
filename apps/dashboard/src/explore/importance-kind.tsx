'use client';

import { Alert, Anchor, Table, Text } from '@mantine/core';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import { type Dimension, nameOf } from '../axis/axis';
import { Bars } from '../chart/bars';
import { csvOf } from '../chart/csv';
import { ChartFrame } from '../chart/frame';
import { isEverything } from '../filter/filter';
import { Asked } from '../question/asked';
import { exploreHref, type Question } from '../question/question';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { CountFields, Counts } from './counts';
import type { KindProps } from './kind';
import { headingOf, quantityOf } from './statistics';

const Shares = graphql(
  `
  query ExploreImportance($where: RunFilter, $metric: String!, $value: RunValue!) {
    importance(where: $where, metric: $metric, value: $value) {
      n of r2 reason
      axes { axis param share sd values }
    }
    aggregate(where: $where, by: [], metric: $metric, value: $value) { runs groups { ...CountFields } }
  }
`,
  [CountFields],
);
type Shared = ResultOf<typeof Shares>['importance'];
type AxisShare = Shared['axes'][number];

/** Below this the forest says little of settings that it has not seen, and its shares say as little. */
const LOW_R2 = 0.5;

/** Of which axes the value depends: shares of its variance, one bar for each axis. */
export function ImportanceKind({ question }: KindProps) {
  const { where, metric, value } = question;
  const variables = { where, metric, value };
  const [{ data, error, fetching }, again] = useLiveQuery({ query: Shares, variables });
  const shown = useLast(useMemo(() => data && { question, data }, [data, question]));
  if (error) return <Failed message={error.message} again={again} />;
  if (!shown) return <Loading what="the settings" />;
  const { importance, aggregate } = shown.data;
  if (aggregate.runs === 0) return <HowToBegin filtered={!isEverything(where)} />;
  return (
    <div aria-busy={fetching}>
      <Counts runs={aggregate.runs} groups={aggregate.groups} where={where} best={[]} means={false} />
      <Importance question={shown.question} importance={importance} />
      <Asked query={Shares} variables={variables} />
    </div>
  );
}

const dimensionOf = ({ axis, param }: AxisShare): Dimension => axis ?? `param:${param}`;
const share = (value: number): string => value.toFixed(2).replace('-0.00', '0.00').replace('-', '−');

function Importance({ question, importance }: { question: Question; importance: Shared }) {
  const router = useRouter();
  const { n, of, r2, reason, axes } = importance;
  const bars = useMemo(
    () =>
      axes.map((one) => {
        const name = nameOf(dimensionOf(one));
        const values = `${count(one.values)} ${one.values === 1 ? 'value' : 'values'}`;
        return {
          name,
          value: one.share,
          spread: one.sd,
          text: share(one.share),
          label: `${name} ${share(one.share)} ± ${share(one.sd)} of the variance, ${values}; draw lines against it`,
          href: `/${exploreHref({ ...question, chart: 'lines', x: dimensionOf(one) })}`,
        };
      }),
    [axes, question],
  );
  const title = headingOf(question);
  return (
    <>
      <Text className="number" data-testid="fit">
        {of > n ? `${count(n)} of ${count(of)} settings, drawn by chance` : settings(n)}
        {r2 === null
          ? ''
          : `; a forest predicts r² = ${share(r2)} of the variance of settings that it has not seen`}
        .
      </Text>
      {reason ? (
        <Alert color="yellow" my="sm" title="There are no shares">
          {reason}
        </Alert>
      ) : null}
      {r2 !== null && r2 < LOW_R2 ? (
        <Alert color="yellow" my="sm" title="These shares say little">
          The forest explains {share(r2)} of the variance, 1 being all of it: what it misses may depend on
          anything. More settings, or a filter to fewer kinds of them, help.
        </Alert>
      ) : null}
      {axes.length > 0 ? (
        <ChartFrame
          id="importance"
          title={title}
          table={<SharesTable label={title} axes={axes} hrefs={bars.map(({ href }) => href)} />}
          files={{
            csv: () =>
              csvOf(
                ['axis', 'share', 'sd', 'values', 'n', 'r2'],
                axes.map((one) => [one.axis ?? one.param, one.share, one.sd, one.values, n, r2]),
              ),
          }}
        >
          <Bars
            label={`${title}: ${bars.length} axes; the table has the same numbers.`}
            axisName={`share of the variance of ${quantityOf(question)}, alone or with other axes: shares may add up to more than 1`}
            bars={bars}
            format={share}
            onBar={(href) => router.push(href)}
          />
        </ChartFrame>
      ) : null}
    </>
  );
}

const settings = (n: number): string => `${count(n)} ${n === 1 ? 'setting' : 'settings'}`;

function SharesTable({
  label,
  axes,
  hrefs,
}: {
  label: string;
  axes: readonly AxisShare[];
  hrefs: readonly string[];
}) {
  return (
    <div className="scroll">
      <Table striped aria-label={label} className="number nowrap">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>axis</Table.Th>
            <Table.Th>share ± sd over trees</Table.Th>
            <Table.Th>values</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {axes.map((one, i) => (
            <Table.Tr key={dimensionOf(one)}>
              <Table.Td>
                <Anchor component={Link} href={hrefs[i]!}>
                  {nameOf(dimensionOf(one))}
                </Anchor>
              </Table.Td>
              <Table.Td data-share={one.share}>
                {share(one.share)} ± {share(one.sd)}
              </Table.Td>
              <Table.Td>{count(one.values)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
