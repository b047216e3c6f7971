'use client';

import { createRequest, useClient } from '@urql/next';
import { useCallback, useEffect, useMemo, useReducer } from 'react';
import { both, type RunFilter } from '../filter/filter';
import { useLast } from '../shell/activity';
import { useQuery, type VariablesOf } from '../shell/client';
import { orderOf, type Sorting } from './columns';
import { type Page, RowList } from './row-list';
import { FirstRows, MoreRows, type Row } from './rows';

export interface Rows {
  readonly list: RowList;
  /** The list is of this moment, to the millisecond; undefined when there was no run yet. */
  readonly asOf: string | undefined;
}

/** Runs of before that moment. */
export const until = (where: RunFilter, asOf: string | undefined): RunFilter =>
  asOf === undefined ? where : both(where, { createdAt: { lte: asOf } });
/** Runs of after it. */
export const since = (where: RunFilter, asOf: string | undefined): RunFilter =>
  asOf === undefined ? where : both(where, { createdAt: { gt: asOf } });

/** The runs that match as a list that loads as one looks; the last list stays until another is there. */
export function useRows(where: RunFilter, sorting: readonly Sorting[], metrics: readonly string[]) {
  const asked = JSON.stringify({ where, orderBy: orderOf(sorting), metrics });
  const variables = useMemo(() => JSON.parse(asked) as VariablesOf<typeof FirstRows>, [asked]);
  const client = useClient();
  const [result, ask] = useQuery({ query: FirstRows, variables });
  const mine = result.operation?.key === createRequest(FirstRows, variables).key;
  const data = mine ? result.data : undefined;
  const rows = useMemo<Rows | undefined>(() => {
    if (!data) return;
    const asOf = data.newest.nodes[0]?.createdAt;
    const frozen = { ...variables, where: until(variables.where ?? {}, asOf) };
    const list = new RowList(
      async (place) => {
        const { data, error } = await client
          .query(MoreRows, { ...frozen, ...place }, { requestPolicy: 'network-only' })
          .toPromise();
        if (!data) throw new Error(error?.message ?? 'no answer');
        return pageOf(data.runs);
      },
      data.runs.totalCount,
      pageOf(data.runs),
    );
    return { list, asOf };
  }, [data, variables, client]);
  const shown = useLast(rows);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => shown?.list.watch(redraw), [shown]);
  const again = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask]);
  /** Newer values of some rows, which stay where they are. */
  const renew = useCallback(
    async (keys: readonly string[]) => {
      if (keys.length === 0) return;
      const { data } = await client
        .query(
          MoreRows,
          { where: { key: { in: [...keys] } }, metrics: variables.metrics ?? [], first: keys.length },
          { requestPolicy: 'network-only' },
        )
        .toPromise();
      if (data) shown?.list.renew(data.runs.nodes);
    },
    [client, variables, shown],
  );
  return {
    rows: shown,
    busy: !mine || result.fetching,
    problem: mine ? result.error?.message : undefined,
    again,
    renew,
  };
}

const pageOf = (runs: {
  readonly nodes: readonly Row[];
  readonly pageInfo: { readonly startCursor: string | null; readonly endCursor: string | null };
}): Page => ({ rows: runs.nodes, start: runs.pageInfo.startCursor, end: runs.pageInfo.endCursor });
