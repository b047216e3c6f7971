'use client';

import { Anchor } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import Link from 'next/link';
import { useRef } from 'react';
import { formatValue, nameOf } from '../axis/axis';
import { percent } from '../shell/format';
import { StateMark } from './cell-legend';
import type { CellState } from './cell-state';
import type { Cells } from './cells';
import { runHref } from './run-link';

const ROW = 34;

/** The same cells as a table: only the rows in sight are elements. */
export function CellTable({
  cells,
  values,
  shown,
}: {
  cells: Cells;
  values: readonly (number | null)[] | undefined;
  shown: (state: CellState) => boolean;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const rows = cells.states.flatMap((state, i) => (shown(state) ? [i] : []));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 20,
    initialRect: { width: 800, height: 480 },
  });
  const items = virtual.getVirtualItems();
  const [before, after] = [
    items[0]?.start ?? 0,
    virtual.getTotalSize() - (items.at(-1)?.end ?? virtual.getTotalSize()),
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by the keyboard.
    <section ref={scroll} className="cell-table" aria-label="Cells as a table" tabIndex={0}>
      <table className="number nowrap" aria-label="Cells" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <th>cell</th>
            {cells.columns.map(({ dimension }) => (
              <th key={dimension}>{nameOf(dimension)}</th>
            ))}
            <th>state</th>
            {values ? <th>test accuracy</th> : null}
            <th>run</th>
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <Rest height={before} /> : null}
          {items.map(({ index }) => {
            const i = rows[index]!;
            return (
              <tr key={i} aria-rowindex={index + 2} style={{ height: ROW }}>
                <td>{cells.positions[i]}</td>
                {cells.columns.map(({ dimension, values: all, codes }) => (
                  <td key={dimension}>{formatValue(dimension, all[codes[i]!])}</td>
                ))}
                <td>
                  <StateMark state={cells.states[i]!} /> {cells.states[i]}
                </td>
                {values ? <td>{percent(values[i])}</td> : null}
                <td>
                  <Anchor component={Link} href={runHref(cells.runs[i]!)} prefetch={false}>
                    {cells.runs[i]}
                  </Anchor>
                </td>
              </tr>
            );
          })}
          {after > 0 ? <Rest height={after} /> : null}
        </tbody>
      </table>
    </section>
  );
}

/** Where the rows are that are not in sight. */
const Rest = ({ height }: { height: number }) => (
  <tr>
    <td style={{ height, padding: 0 }} />
  </tr>
);
