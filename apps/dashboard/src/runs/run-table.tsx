'use client';

import { Text } from '@mantine/core';
import Link from 'next/link';
import { useMemo, useState } from 'react';
import { isEverything, type RunFilter, runsHref } from '../filter/filter';
import { count } from '../shell/format';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { columnOf, FIRST_COLUMNS, metricsOf, type Sorting } from './columns';
import { useFresh } from './fresh';
import { FreshLine } from './fresh-line';
import { RunGrid } from './run-grid';
import { useRows } from './use-rows';

/** The runs of a filter, as a part of another view; the view of runs has the tools. */
export function RunTable({
  where,
  columns = FIRST_COLUMNS,
  height = '60vh',
}: {
  where: RunFilter;
  /** Ids of columns.ts. */
  columns?: readonly string[];
  height?: string;
}) {
  const [sorting, setSorting] = useState<Sorting[]>([]);
  const { rows, busy, problem, again, renew } = useRows(where, sorting, metricsOf(columns));
  const shown = useMemo(() => columns.flatMap((id) => columnOf(id) ?? []), [columns]);
  const fresh = useFresh(where, rows, renew);
  if (problem) return <Failed message={problem} again={again} />;
  if (!rows) return <Loading what="the runs" />;
  if (rows.list.total === 0) return <HowToBegin filtered={!isEverything(where)} />;
  return (
    <>
      <Text size="sm" mb="xs">
        {count(rows.list.total)} {rows.list.total === 1 ? 'run' : 'runs'}:{' '}
        <Link href={runsHref(where)}>sort, choose, change and export them</Link>
        <FreshLine fresh={fresh} onShow={again} />
      </Text>
      <RunGrid
        rows={rows}
        busy={busy}
        columns={shown}
        sorting={sorting}
        onSorting={setSorting}
        onLook={fresh.onLook}
        height={height}
      />
    </>
  );
}
