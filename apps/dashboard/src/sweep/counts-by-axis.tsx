'use client';

import { Anchor, Table, Title } from '@mantine/core';
import Link from 'next/link';
import { useState } from 'react';
import { compareValues, type Dimension, filterOf, formatValue, nameOf } from '../axis/axis';
import { both, runsHref } from '../filter/filter';
import { Choice } from '../question/controls';
import { count } from '../shell/format';
import { StateMark } from './cell-legend';
import { CELL_STATES, type CellState, filterOfStates } from './cell-state';
import type { Cells } from './cells';

/** How many cells of each value of an axis stand where: what lacks, failed or diverged, and where it does. */
export function CountsByAxis({ sweepKey, cells }: { sweepKey: string; cells: Cells }) {
  const [wanted, setWanted] = useState<Dimension>();
  const column = cells.columns.find(({ dimension }) => dimension === wanted) ?? cells.columns[0];
  if (!column) return null;
  const { dimension, values, codes } = column;
  const rows = values.map(() => new Map<CellState, number>());
  for (const [i, state] of cells.states.entries()) {
    const row = rows[codes[i]!]!;
    row.set(state, (row.get(state) ?? 0) + 1);
  }
  const there = CELL_STATES.filter((state) => rows.some((row) => row.has(state)));
  const order = values.map((_, code) => code).sort((a, b) => compareValues(values[a], values[b]));
  return (
    <section aria-labelledby="by-axis">
      <Title order={2} size="h4" mt="lg" id="by-axis">
        Cells by axis
      </Title>
      <p className="sentence">
        States by{' '}
        <Choice
          label="Axis of the counts"
          value={dimension}
          options={cells.columns.map((one) => ({ value: one.dimension, name: nameOf(one.dimension) }))}
          onChange={setWanted}
        />
      </p>
      <div className="scroll" style={{ maxHeight: '50vh', overflowY: 'auto' }}>
        <Table aria-label={`Cells by ${nameOf(dimension)}`} className="number nowrap" stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{nameOf(dimension)}</Table.Th>
              <Table.Th>cells</Table.Th>
              {there.map((state) => (
                <Table.Th key={state}>
                  <StateMark state={state} /> {state}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {order.map((code) => {
              const of = both({ sweep: { eq: sweepKey } }, filterOf(dimension, values[code]));
              return (
                <Table.Tr key={code}>
                  <Table.Th scope="row">{formatValue(dimension, values[code])}</Table.Th>
                  <Table.Td>{count([...rows[code]!.values()].reduce((sum, n) => sum + n, 0))}</Table.Td>
                  {there.map((state) => {
                    const n = rows[code]!.get(state) ?? 0;
                    return (
                      <Table.Td key={state}>
                        {n === 0 ? (
                          '0'
                        ) : (
                          <Anchor
                            component={Link}
                            prefetch={false}
                            href={runsHref(both(of, filterOfStates([state])))}
                          >
                            {count(n)}
                          </Anchor>
                        )}
                      </Table.Td>
                    );
                  })}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
    </section>
  );
}
