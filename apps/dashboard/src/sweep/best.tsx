'use client';

import { Anchor, Text } from '@mantine/core';
import Link from 'next/link';
import { AxisFields, formatValue, isAxis, nameOf, valueAt } from '../axis/axis';
import { exploreHref } from '../question/question';
import { useLiveQuery } from '../shell/activity';
import { graphql } from '../shell/client';
import { percent } from '../shell/format';
import type { Column } from './cells';

const BestSoFar = graphql(
  `
    query BestSoFar($where: RunFilter!, $best: [Axis!]) {
      aggregate(where: $where, by: [DATASET], best: $best) {
        groups {
          dataset mean sd n unit
          best { ...AxisFields }
        }
      }
    }
  `,
  [AxisFields],
);

/** The best setting so far on each data set, and the way to the same runs as a chart. */
export function SweepBest({
  sweepKey,
  columns,
}: {
  sweepKey: string;
  columns: readonly Column[] | undefined;
}) {
  const where = { sweep: { eq: sweepKey } };
  const varying = (columns ?? []).flatMap(({ dimension }) =>
    isAxis(dimension) && dimension !== 'SEED' && dimension !== 'DATASET' ? [dimension] : [],
  );
  const [{ data }] = useLiveQuery({
    query: BestSoFar,
    variables: { where, best: varying },
    pause: !columns,
  });
  const groups = data?.aggregate.groups.filter(({ mean }) => mean !== null) ?? [];
  return (
    <Text mt="md" className="number" component="div" data-testid="best">
      {groups.length === 0
        ? 'No test accuracy yet. '
        : groups.map((group) => (
            <div key={group.dataset}>
              Best so far on {group.dataset}: <strong>{percent(group.mean)}</strong>
              {group.sd === null ? '' : ` ± ${percent(group.sd)} (standard deviation, n = ${group.n})`}
              {group.best && varying.length > 0
                ? ` at ${varying.map((axis) => `${nameOf(axis)} ${formatValue(axis, valueAt(group.best!, axis))}`).join(', ')}`
                : ''}
            </div>
          ))}
      <Anchor component={Link} href={exploreHref('/', { where })} underline="always">
        Explore this sweep as a chart
      </Anchor>
    </Text>
  );
}
