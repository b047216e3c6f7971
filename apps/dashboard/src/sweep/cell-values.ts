'use client';

import { useClient } from '@urql/next';
import { useEffect, useMemo, useState } from 'react';
import { useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { PART } from './cells';

const CellValues = graphql(`
  query CellValues($key: String!, $skip: Int!) {
    sweep(key: $key) {
      id
      cellTable(skip: $skip) { total positions values }
    }
  }
`);
type Table = NonNullable<ResultOf<typeof CellValues>['sweep']>['cellTable'];

/** Test accuracies of the cells, in the order of their positions; those of a very large sweep come a part at a time. */
export function useCellValues(
  key: string,
  wanted: boolean,
  positions: readonly number[],
): readonly (number | null)[] | undefined {
  const client = useClient();
  const [{ data }] = useLiveQuery({ query: CellValues, variables: { key, skip: 0 }, pause: !wanted });
  const first = wanted ? data?.sweep?.cellTable : undefined;
  const [rest, setRest] = useState<readonly Table[]>([]);
  useEffect(() => {
    if (!first || first.total <= PART) return;
    let stopped = false;
    const load = async () => {
      const parts: Table[] = [];
      for (let skip = PART; skip < first.total; skip += PART) {
        const { data: part } = await client
          .query(CellValues, { key, skip }, { requestPolicy: 'network-only' })
          .toPromise();
        if (stopped || !part?.sweep) return;
        parts.push(part.sweep.cellTable);
      }
      setRest(parts);
    };
    void load();
    return () => {
      stopped = true;
    };
  }, [first, key, client]);
  return useMemo(() => {
    if (!first) return undefined;
    const at = new Map<number, number | null>();
    for (const part of [first, ...rest])
      for (const [i, position] of part.positions.entries()) at.set(position, part.values[i]!);
    return positions.map((position) => at.get(position) ?? null);
  }, [first, rest, positions]);
}
