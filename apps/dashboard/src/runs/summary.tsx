'use client';

import { Anchor, Text } from '@mantine/core';
import Link from 'next/link';
import { both, type RunFilter, runsHref } from '../filter/filter';
import { count } from '../shell/format';
import { BESIDE, BESIDE_NAMES, type Fresh } from './fresh';

/** "812 runs, 40 diverged, 3 failed": each part leads to its runs. */
export function Summary({ where, counts }: { where: RunFilter; counts: Fresh['counts'] }) {
  if (!counts) return <Text>…</Text>;
  const { totalCount } = counts.total;
  return (
    <Text data-testid="summary" className="number">
      {count(totalCount)} {totalCount === 1 ? 'run' : 'runs'}
      {BESIDE_NAMES.filter((name) => counts[name].totalCount > 0).map((name) => (
        <span key={name}>
          {', '}
          <Anchor component={Link} href={runsHref(both(where, BESIDE[name]))}>
            {count(counts[name].totalCount)} {name}
          </Anchor>
        </span>
      ))}
    </Text>
  );
}
