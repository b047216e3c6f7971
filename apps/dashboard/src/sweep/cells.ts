'use client';

import { useClient } from '@urql/next';
import { useEffect, useMemo, useState } from 'react';
import type { Dimension } from '../axis/axis';
import { graphql, type ResultOf, useQuery } from '../shell/client';
import { type CellState, stateOf } from './cell-state';
import type { LiveStates } from './sweep-live';

/** Cells of one answer, as many as the API gives at once. */
export const PART = 10_000;

const SweepCells = graphql(`
  query SweepCells($key: String!, $skip: Int!) {
    sweep(key: $key) {
      id
      cellTable(skip: $skip) {
        total positions runs statuses diverged reused
        columns { axis param values codes }
      }
    }
  }
`);
type Table = NonNullable<ResultOf<typeof SweepCells>['sweep']>['cellTable'];

/** What tells the cells apart: each value once, and for each cell which it has. */
export interface Column {
  readonly dimension: Dimension;
  readonly values: readonly unknown[];
  readonly codes: readonly number[];
}
export interface Cells {
  /** Of the sweep; more than there are here while the rest is on its way. */
  readonly total: number;
  readonly positions: readonly number[];
  readonly runs: readonly string[];
  readonly states: readonly CellState[];
  readonly reused: readonly boolean[];
  readonly columns: readonly Column[];
}

/** All cells of a sweep as columns: the first part with the page, the rest after it; states as they are now. */
export function useCells(
  key: string,
  total: number,
  live: LiveStates | undefined,
): { readonly cells: Cells | undefined; readonly problem: string | undefined; readonly again: () => void } {
  const client = useClient();
  const [{ data, error }, ask] = useQuery({ query: SweepCells, variables: { key, skip: 0 } });
  const first = data?.sweep?.cellTable;
  const [rest, setRest] = useState<{ of: Table; parts: readonly Table[]; problem?: string }>();
  // Seeds that were added are new cells.
  useEffect(() => {
    if (first && total > first.total) ask({ requestPolicy: 'network-only' });
  }, [first, total, ask]);
  useEffect(() => {
    if (!first || first.total <= PART) return;
    let stopped = false;
    const load = async () => {
      const parts: Table[] = [];
      for (let skip = PART; skip < first.total && !stopped; skip += PART) {
        const answer = await client
          .query(SweepCells, { key, skip }, { requestPolicy: 'network-only' })
          .toPromise();
        const part = answer.data?.sweep?.cellTable;
        if (stopped) return;
        if (!part) {
          setRest({
            of: first,
            parts,
            problem: answer.error?.message ?? 'the rest of the cells did not come',
          });
          return;
        }
        parts.push(part);
        setRest({ of: first, parts: [...parts] });
      }
    };
    void load();
    return () => {
      stopped = true;
    };
  }, [first, key, client]);
  const more = rest && rest.of === first ? rest : undefined;
  const table = useMemo(
    () => (first ? joined([first, ...(more?.parts ?? [])]) : undefined),
    [first, more?.parts],
  );
  const cells = useMemo(() => table && withStates(table, live), [table, live]);
  return {
    cells,
    problem: more?.problem ?? (first ? undefined : error?.message),
    again: () => ask({ requestPolicy: 'network-only' }),
  };
}

interface Joined extends Omit<Cells, 'states'> {
  readonly statuses: Table['statuses'];
  readonly diverged: Table['diverged'];
}

/** Parts have values of their own: in the whole each is there once. */
function joined(parts: readonly Table[]): Joined {
  const [first] = parts as [Table];
  const columns = first.columns.map(({ axis, param }, i): Column => {
    const values: unknown[] = [];
    const codeOf = new Map<string, number>();
    const codes: number[] = [];
    for (const part of parts) {
      const of = part.columns[i]!;
      const renamed = of.values.map((value) => {
        const text = JSON.stringify(value);
        const known = codeOf.get(text);
        if (known !== undefined) return known;
        codeOf.set(text, values.length);
        return values.push(value) - 1;
      });
      for (const code of of.codes) codes.push(renamed[code]!);
    }
    return { dimension: axis ?? `param:${param}`, values, codes };
  });
  return {
    total: first.total,
    columns,
    positions: parts.flatMap(({ positions }) => positions),
    runs: parts.flatMap(({ runs }) => runs),
    statuses: parts.flatMap(({ statuses }) => statuses),
    diverged: parts.flatMap(({ diverged }) => diverged),
    reused: parts.flatMap(({ reused }) => reused),
  };
}

function withStates({ statuses, diverged, ...table }: Joined, live: LiveStates | undefined): Cells {
  const states = table.positions.map((position, i) => {
    const now = live?.at.get(position);
    return now
      ? stateOf(now.status, now.diverged, table.reused[i]!)
      : stateOf(statuses[i]!, diverged[i]!, table.reused[i]!);
  });
  // A run that was deleted has another one in its place.
  const runs = table.runs.map((run, i) => live?.at.get(table.positions[i]!)?.run ?? run);
  return { ...table, states, runs };
}
