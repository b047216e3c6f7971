// biome-ignore-all lint/a11y/useSemanticElements: rows of a table cannot be placed freely; the grid has the focus and says which row is active.
// biome-ignore-all lint/a11y/useFocusableInteractive: rows of a table cannot be placed freely; the grid has the focus and says which row is active.
'use client';

import { Anchor } from '@mantine/core';
import Link from 'next/link';
import { type CSSProperties, type MouseEvent, memo } from 'react';
import { Time } from '../shell/time';
import type { Column } from './columns';
import type { Row } from './rows';
import { runHref } from './run-grid';

interface RowProps {
  readonly id: string;
  readonly index: number;
  /** Undefined while it is loaded, null where the run is gone. */
  readonly row: Row | null | undefined;
  readonly columns: readonly Column[];
  readonly active: boolean;
  /** Undefined where nothing can be chosen. */
  readonly chosen: boolean | undefined;
  readonly style: CSSProperties;
  readonly onClick: (index: number, event: MouseEvent) => void;
  readonly onToggle: (index: number, range: boolean) => void;
}

export function RunRow({ id, index, row, columns, active, chosen, style, onClick, onToggle }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys of its active row.
    <div
      id={id}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={chosen}
      data-active={active || undefined}
      data-odd={index % 2 === 1 || undefined}
      className="run-row"
      style={style}
      onClick={(event) => onClick(index, event)}
    >
      {chosen === undefined ? null : (
        <div role="gridcell">
          {row ? (
            <input
              type="checkbox"
              tabIndex={-1}
              aria-label={`Choose ${row.key}`}
              checked={chosen}
              onChange={() => {}}
              onClick={(event) => {
                event.stopPropagation();
                onToggle(index, event.shiftKey);
              }}
            />
          ) : null}
        </div>
      )}
      <div role="gridcell">
        {row ? (
          <>
            <Anchor component={Link} href={runHref(row.key)} tabIndex={-1} prefetch={false} size="sm">
              {row.key}
            </Anchor>
            {row.locked ? <span title="it is not deleted"> (locked)</span> : null}
          </>
        ) : row === null ? (
          'not there any more'
        ) : (
          '…'
        )}
      </div>
      {row ? <Cells row={row} columns={columns} /> : null}
    </div>
  );
}

/** The texts change seldom; what is chosen changes often. */
const Cells = memo(function Cells({ row, columns }: { row: Row; columns: readonly Column[] }) {
  return columns.map((column) => {
    const at = column.at?.(row);
    const text = column.cell(row);
    return (
      <div
        key={column.id}
        role="gridcell"
        className={column.right ? 'right' : undefined}
        title={at || text.length < 18 ? undefined : text}
        data-status={column.id === 'STATUS' ? text : undefined}
      >
        {at ? <Time at={at} /> : text}
      </div>
    );
  });
});
