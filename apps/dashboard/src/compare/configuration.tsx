'use client';

import { Anchor, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { type Axis, filterOf, formatValue, nameOf, type RunFilter, valueAt, valuesOf } from '../axis/axis';
import { both, runsHref } from '../filter/filter';
import { useLiveQuery } from '../shell/activity';
import { count } from '../shell/format';
import { Failed, Loading } from '../shell/state';
import { SideValues, type Values } from './compare-query';
import { SETTING_AXES, type Sides } from './compare-question';

/** How the two selections differ in what they have, axis by axis: which values only one of them has. */
export function Configuration({ question: { a, b, within } }: { question: Sides }) {
  const [whereA, whereB] = [both(within, a), both(within, b)];
  const [ofA, again] = useLiveQuery({ query: SideValues, variables: { where: whereA } });
  const [ofB, againB] = useLiveQuery({ query: SideValues, variables: { where: whereB } });
  if (ofA.error) return <Failed message={ofA.error.message} again={again} />;
  if (ofB.error) return <Failed message={ofB.error.message} again={againB} />;
  if (!ofA.data || !ofB.data) return <Loading what="the axes" />;
  const axes = SETTING_AXES.map((axis) => sharesOf(axis, ofA.data!, ofB.data!));
  const differing = axes.filter(({ onlyA, onlyB }) => onlyA.length + onlyB.length > 0);
  const alike = axes.filter(
    ({ onlyA, onlyB, inBoth }) => onlyA.length + onlyB.length === 0 && inBoth.length > 1,
  );
  return (
    <section aria-label="How the selections differ">
      <Title order={2} size="h5" mt="md">
        How the selections differ
      </Title>
      {differing.length === 0 ? <Text>Both have the same values on every axis.</Text> : null}
      {differing.length > 0 ? (
        <div className="scroll">
          <Table aria-label="Axes that differ" className="number">
            <Table.Thead>
              <Table.Tr>
                {['axis', 'only A (runs)', 'only B (runs)', 'both'].map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {differing.map(({ axis, onlyA, onlyB, inBoth }) => (
                <Table.Tr key={axis}>
                  <Table.Th scope="row">{nameOf(axis)}</Table.Th>
                  <Table.Td>
                    <Only axis={axis} values={onlyA} where={whereA} />
                  </Table.Td>
                  <Table.Td>
                    <Only axis={axis} values={onlyB} where={whereB} />
                  </Table.Td>
                  <Table.Td>{inBoth.map((one) => formatValue(axis, one)).join(', ') || '–'}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      ) : null}
      {alike.length > 0 ? (
        <Text size="sm">
          The same values on both sides: {alike.map(({ axis }) => nameOf(axis)).join(', ')}.
        </Text>
      ) : null}
    </section>
  );
}

interface Counted {
  readonly value: unknown;
  readonly runs: number;
}
function sharesOf(axis: Axis & keyof Values, a: Values, b: Values) {
  const [left, right] = [a, b].map((side) =>
    side[axis].groups.map((group): Counted => ({ value: valueAt(group, axis), runs: group.runs })),
  ) as [Counted[], Counted[]];
  const has = (all: readonly Counted[], value: unknown): boolean =>
    all.some((one) => JSON.stringify(one.value) === JSON.stringify(value));
  const all = valuesOf([...a[axis].groups, ...b[axis].groups], axis);
  return {
    axis,
    onlyA: left.filter(({ value }) => !has(right, value)),
    onlyB: right.filter(({ value }) => !has(left, value)),
    inBoth: all.filter((value) => has(left, value) && has(right, value)),
  };
}

/** Values that one side alone has; each leads to its runs. */
function Only({ axis, values, where }: { axis: Axis; values: readonly Counted[]; where: RunFilter }) {
  if (values.length === 0) return '–';
  return values.map(({ value, runs }, i) => (
    <span key={JSON.stringify(value)}>
      {i > 0 ? ', ' : ''}
      <Anchor component={Link} prefetch={false} href={runsHref(both(where, filterOf(axis, value)))}>
        {formatValue(axis, value)}
      </Anchor>{' '}
      ({count(runs)})
    </span>
  ));
}
