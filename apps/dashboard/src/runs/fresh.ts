'use client';

import { useCallback, useEffect, useRef } from 'react';
import { both, type RunFilter } from '../filter/filter';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { type Rows, since } from './use-rows';

/** What is so now, beside the list, which is of a moment. */
const RunCounts = graphql(`
  query RunCounts(
    $where: RunFilter, $new: RunFilter, $diverged: RunFilter, $failed: RunFilter, $running: RunFilter, $waiting: RunFilter
    $cancelled: RunFilter, $pruned: RunFilter
  ) {
    total: runs(where: $where) { totalCount }
    new: runs(where: $new) { totalCount }
    diverged: runs(where: $diverged) { totalCount }
    failed: runs(where: $failed) { totalCount }
    running: runs(where: $running) { totalCount }
    waiting: runs(where: $waiting) { totalCount }
    cancelled: runs(where: $cancelled) { totalCount }
    pruned: runs(where: $pruned) { totalCount }
  }
`);

/** Of what is beside the runs with a result, which filter finds it. */
export const BESIDE = {
  diverged: { diverged: { eq: true } },
  failed: { status: ['FAILED'] },
  running: { status: ['RUNNING'] },
  waiting: { status: ['WAITING'] },
  cancelled: { status: ['CANCELLED'] },
  pruned: { status: ['PRUNED'] },
} as const satisfies Record<string, RunFilter>;
export const BESIDE_NAMES = Object.keys(BESIDE) as (keyof typeof BESIDE)[];

export interface Fresh {
  readonly counts: ResultOf<typeof RunCounts> | undefined;
  /** Runs that were created since the list was loaded. */
  readonly arrived: number;
  /** By how many runs the list would be longer or shorter otherwise: as they changed. */
  readonly changed: number;
  readonly onLook: (keys: readonly string[]) => void;
}

/** Counts that follow what happens, and the rows that are looked at, renewed with them. */
export function useFresh(
  where: RunFilter,
  rows: Rows | undefined,
  renew: (keys: readonly string[]) => Promise<void>,
): Fresh {
  const asOf = rows?.asOf;
  const [{ data }] = useLiveQuery({
    query: RunCounts,
    variables: {
      where,
      new: since(where, asOf),
      ...(Object.fromEntries(BESIDE_NAMES.map((name) => [name, both(where, BESIDE[name])])) as Record<
        keyof typeof BESIDE,
        RunFilter
      >),
    },
    pause: !rows,
  });
  const keys = useRef<readonly string[]>([]);
  const seen = useRef<{ rows: Rows | undefined; data: typeof data }>({ rows: undefined, data: undefined });
  useEffect(() => {
    const { current } = seen;
    // The first counts of a list are as old as its rows.
    if (data && current.data && current.rows === rows && current.data !== data) void renew(keys.current);
    seen.current = { rows, data: data ?? (current.rows === rows ? current.data : undefined) };
  }, [data, rows, renew]);
  const onLook = useCallback((looked: readonly string[]) => {
    keys.current = looked.slice(0, 100);
  }, []);
  const counts = useLast(data);
  const arrived = asOf === undefined ? (data?.total.totalCount ?? 0) : (data?.new.totalCount ?? 0);
  const now = data && data.total.totalCount - arrived;
  return { counts, arrived, changed: now === undefined || !rows ? 0 : now - rows.list.total, onLook };
}
