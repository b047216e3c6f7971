'use client';

import { Alert, Anchor, Text } from '@mantine/core';
import Link from 'next/link';
import { type Axis, nameOf } from '../axis/axis';
import { both, type RunFilter, runsHref } from '../filter/filter';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';

export const CountFields = graphql(`
  fragment CountFields on AggregateGroup {
    diverged failed unfinished duplicates withoutValue varying varyingParams
  }
`);
type Counted = ResultOf<typeof CountFields>;

/** What is shown and what is not: "812 runs, 40 diverged, 3 without this metric"; each leads to its runs. */
export function Counts({
  runs,
  groups,
  where,
  best,
  means = true,
}: {
  runs: number;
  groups: readonly Counted[];
  where: RunFilter;
  /** Axes that the best was chosen over: they do not differ inside a point. */
  best: readonly Axis[];
  /** Whether each group is shown as one mean; where single settings are shown nothing is averaged unawares. */
  means?: boolean;
}) {
  const sum = (of: (group: Counted) => number): number =>
    groups.reduce((total, group) => total + of(group), 0);
  const beside: readonly (readonly [string, number, RunFilter?])[] = [
    ['diverged', sum((group) => group.diverged), { diverged: { eq: true } }],
    ['failed', sum((group) => group.failed), { status: ['FAILED'] }],
    [
      'unfinished',
      sum((group) => group.unfinished),
      { status: ['WAITING', 'RUNNING', 'CANCELLED', 'PRUNED'] },
    ],
    ['duplicates', sum((group) => group.duplicates), { duplicate: { eq: true } }],
    ['without this metric', sum((group) => group.withoutValue)],
  ];
  const apples = [
    ...new Set(
      groups.flatMap(({ varying, varyingParams }) => [
        ...varying.filter((axis) => !best.includes(axis)).map(nameOf),
        ...varyingParams,
      ]),
    ),
  ];
  return (
    <>
      <Text role="status" data-testid="counts" className="number">
        <Anchor component={Link} href={runsHref(where)}>
          {count(runs)} {runs === 1 ? 'run' : 'runs'}
        </Anchor>
        {beside
          .filter(([, n]) => n > 0)
          .map(([name, n, filter]) => (
            <span key={name}>
              {', '}
              {filter ? (
                <Anchor component={Link} href={runsHref(both(where, filter))}>
                  {count(n)} {name}
                </Anchor>
              ) : (
                `${count(n)} ${name}`
              )}
            </span>
          ))}
      </Text>
      {means && apples.length > 0 ? (
        <Alert color="yellow" my="sm" title="Means over different settings">
          Inside a point these differ: {apples.join(', ')}. Make them a series or panels, choose the best over
          them, or filter.
        </Alert>
      ) : null}
    </>
  );
}
