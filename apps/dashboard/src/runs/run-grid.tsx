// biome-ignore-all lint/a11y/useSemanticElements: rows of a table cannot be placed freely; the grid has the focus and says which row is active.
// biome-ignore-all lint/a11y/useFocusableInteractive: rows of a table cannot be placed freely; the grid has the focus and says which row is active.
'use client';

import { Button, Checkbox, Group, Text } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRouter } from 'next/navigation';
import { type KeyboardEvent, type MouseEvent, useEffect, useId, useRef, useState } from 'react';
import { Icon } from '../shell/icon';
import { warn } from '../shell/notice';
import { type Column, type Sorting, sortedBy } from './columns';
import { RunRow } from './run-row';
import { ALL, isChosen, NOTHING, type Selection, sizeOf, withKeys } from './selection';
import type { Rows } from './use-rows';

const ROW = 34;
const HEAD = 38;
/** Ranges are loaded to know their keys; what is more is chosen by a filter. */
const MOST_RANGE = 10_000;

export interface GridProps {
  readonly rows: Rows;
  readonly busy: boolean;
  readonly columns: readonly Column[];
  readonly sorting: readonly Sorting[];
  readonly onSorting: (sorting: Sorting[]) => void;
  /** Without it nothing can be chosen. */
  readonly selection?: Selection;
  readonly onSelection?: (selection: Selection) => void;
  /** Keys of the rows that are looked at. */
  readonly onLook?: (keys: readonly string[]) => void;
  readonly height: string;
}

/** Runs row by row, of which only what is looked at is there; keys as in a spreadsheet. */
export function RunGrid({
  rows: { list },
  busy,
  columns,
  sorting,
  onSorting,
  selection,
  onSelection,
  onLook,
  height,
}: GridProps) {
  const router = useRouter();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  /** Where a range begins. */
  const anchor = useRef(0);
  const virtual = useVirtualizer({
    count: list.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    // What the server sends: a screen full.
    initialRect: { width: 1200, height: 640 },
  });
  const items = virtual.getVirtualItems();
  const [from, to] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => list.want(from, to), [list, from, to]);
  const looked = useRef(onLook);
  looked.current = onLook;
  useEffect(() => looked.current?.(list.loadedKeys(from, to)), [list, from, to]);
  useEffect(() => {
    setActive((now) => Math.min(now, Math.max(0, list.total - 1)));
    anchor.current = 0;
  }, [list]);

  const choose = async (index: number, range: boolean, chosen: boolean): Promise<void> => {
    if (!selection || !onSelection) return;
    const [low, high] = range
      ? [Math.min(anchor.current, index), Math.max(anchor.current, index)]
      : [index, index];
    if (!range) anchor.current = index;
    if (high - low >= MOST_RANGE)
      return warn(
        `A range has at most ${MOST_RANGE.toLocaleString('en')} runs: choose all that match a filter.`,
      );
    try {
      onSelection(withKeys(selection, await list.keys(low, high), chosen));
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
    }
  };
  const toggle = (index: number, range: boolean): void => {
    const row = list.at(index);
    if (row && selection) void choose(index, range, range || !isChosen(selection, row.key));
  };
  const go = (index: number, range: boolean): void => {
    const next = Math.max(0, Math.min(list.total - 1, index));
    setActive(next);
    virtual.scrollToIndex(next);
    if (range) void choose(next, true, true);
    else anchor.current = next;
  };
  const open = (index: number): void => {
    const row = list.at(index);
    if (row) router.push(runHref(row.key));
  };
  const screen = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / ROW) - 2);
  const press = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.altKey) return;
    const { key, shiftKey } = event;
    const all = key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey);
    if ((event.ctrlKey || event.metaKey) && !all) return;
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + screen,
      PageUp: active - screen,
      Home: 0,
      End: list.total - 1,
    };
    if (Object.hasOwn(moves, key)) go(moves[key]!, shiftKey);
    else if (key === 'Enter') open(active);
    else if (key === ' ' && selection) toggle(active, shiftKey);
    else if (all && selection) onSelection?.(ALL);
    else if (key === 'Escape' && selection && sizeOf(selection, list.total) > 0) onSelection?.(NOTHING);
    else return;
    event.preventDefault();
  };
  const click = (index: number, event: MouseEvent): void => {
    setActive(index);
    scroller.current?.focus({ preventScroll: true });
    if (event.shiftKey || event.ctrlKey || event.metaKey) toggle(index, event.shiftKey);
    else anchor.current = index;
  };

  const chosen = selection ? sizeOf(selection, list.total) : 0;
  const template = `${selection ? '40px ' : ''}minmax(190px, 1fr) ${columns.map(({ width }) => `${Math.round(width)}px`).join(' ')}`;
  const width =
    (selection ? 40 : 0) + 190 + columns.reduce((sum, column) => sum + Math.round(column.width), 0);
  return (
    <>
      <div
        ref={scroller}
        role="grid"
        aria-label="Runs"
        aria-rowcount={list.total + 1}
        aria-colcount={columns.length + (selection ? 2 : 1)}
        aria-multiselectable={selection ? true : undefined}
        aria-busy={busy}
        aria-activedescendant={active >= from && active <= to ? `${id}${active}` : undefined}
        tabIndex={0}
        className="run-grid number"
        style={{ height: `min(${height}, ${HEAD + list.total * ROW + 20}px)` }}
        onKeyDown={press}
      >
        <div style={{ minWidth: width, height: virtual.getTotalSize() + HEAD, position: 'relative' }}>
          <div role="row" aria-rowindex={1} className="head" style={{ gridTemplateColumns: template }}>
            {selection ? (
              <div role="columnheader">
                <Checkbox
                  size="xs"
                  aria-label={`Choose all ${list.total.toLocaleString('en')} runs that match`}
                  checked={chosen > 0 && chosen === list.total}
                  indeterminate={chosen > 0 && chosen < list.total}
                  onChange={() => onSelection?.(chosen > 0 ? NOTHING : ALL)}
                />
              </div>
            ) : null}
            <Head id="KEY" name="run" sorting={sorting} onSorting={onSorting} />
            {columns.map((column) => (
              <Head
                key={column.id}
                id={column.id}
                name={column.name}
                right={column.right}
                sorting={sorting}
                onSorting={column.order && onSorting}
              />
            ))}
          </div>
          {items.map(({ index, start }) => (
            <RunRow
              key={index}
              id={`${id}${index}`}
              index={index}
              row={list.at(index)}
              columns={columns}
              active={index === active}
              chosen={selection && isChosen(selection, list.at(index)?.key ?? '')}
              style={{ transform: `translateY(${start}px)`, height: ROW, gridTemplateColumns: template }}
              onClick={click}
              onToggle={toggle}
            />
          ))}
        </div>
      </div>
      {list.problem ? (
        <Group role="alert" my="xs">
          <Text c="red">These rows did not come: {list.problem}</Text>
          <Button size="compact-sm" variant="default" onClick={() => list.again()}>
            Try again
          </Button>
        </Group>
      ) : null}
    </>
  );
}

export const runHref = (key: string): string => `/runs/${key.split('/').map(encodeURIComponent).join('/')}`;

function Head({
  id,
  name,
  right = false,
  sorting,
  onSorting,
}: {
  id: string;
  name: string;
  right?: boolean;
  sorting: readonly Sorting[];
  /** Undefined where the API cannot sort by it. */
  onSorting: ((sorting: Sorting[]) => void) | undefined;
}) {
  const place = sorting.findIndex((one) => one.id === id);
  const now = sorting[place];
  const sort = now ? (now.down ? 'descending' : 'ascending') : 'none';
  return (
    <div
      role="columnheader"
      aria-sort={onSorting ? sort : undefined}
      className={right ? 'right' : undefined}
      title={onSorting ? `${name}: sort; with Shift beside what is sorted by` : name}
    >
      {onSorting ? (
        <button type="button" onClick={(event) => onSorting(sortedBy(sorting, id, event.shiftKey))}>
          {name}
          {now ? (
            <>
              {' '}
              <Icon sign={now.down ? 'down' : 'up'} />
              {sorting.length > 1 ? place + 1 : ''}
            </>
          ) : null}
        </button>
      ) : (
        name
      )}
    </div>
  );
}
