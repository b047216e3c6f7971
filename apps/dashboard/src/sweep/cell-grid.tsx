'use client';

import { Button, Group, Text, Title } from '@mantine/core';
import dynamic from 'next/dynamic';
import { useRouter } from 'next/navigation';
import { useCallback, useDeferredValue, useMemo } from 'react';
import { formatValue, nameOf } from '../axis/axis';
import { useCommands } from '../shell/commands';
import { count, percent } from '../shell/format';
import { AccuracyLegend, CellLegend, countStates } from './cell-legend';
import { CellPanel } from './cell-panel';
import type { CellState } from './cell-state';
import { useCellValues } from './cell-values';
import type { Cells } from './cells';
import { layOut } from './layout';
import { PlacesSentence, useGrid, usePlaces } from './places';
import { runHref } from './run-link';
import type { LiveStates } from './sweep-live';

const CellTable = dynamic(() => import('./cell-table').then(({ CellTable }) => CellTable));

/** All cells of a sweep, filling in as they are trained. */
export function CellGrid({
  sweepKey,
  cells: latest,
  live,
}: {
  sweepKey: string;
  cells: Cells;
  live: LiveStates | undefined;
}) {
  const router = useRouter();
  const [grid, set] = useGrid();
  // Drawn when there is time: a hundred changes a second are shown as fast as the page can.
  const cells = useDeferredValue(latest);
  const places = usePlaces(grid, cells.columns);
  const byAccuracy = grid.colour === 'accuracy';
  const values = useCellValues(sweepKey, byAccuracy, cells.positions);
  const { columns, positions } = cells;
  const layout = useMemo(() => layOut(columns, positions.length, places), [columns, positions, places]);
  const counts = useMemo(() => countStates(cells.states), [cells.states]);
  const { states: chosen } = grid;
  const shown = useCallback((state: CellState) => chosen.length === 0 || chosen.includes(state), [chosen]);
  const range = useMemo(() => values && rangeOf(values), [values]);
  const looks = useMemo(
    () => ({ states: cells.states, values, range, shown }),
    [cells.states, values, range, shown],
  );
  const describe = useCallback(
    (i: number): string => {
      const now = live?.at.get(cells.positions[i]!);
      return [
        `cell ${cells.positions[i]}: ${cells.states[i]}`,
        ...cells.columns.map(
          ({ dimension, values: all, codes }) =>
            `${nameOf(dimension)} ${formatValue(dimension, all[codes[i]!])}`,
        ),
        ...(typeof values?.[i] === 'number' ? [`test accuracy ${percent(values[i])}`] : []),
        ...(now?.worker ? [`${cells.states[i] === 'running' ? 'at' : 'last at'} worker ${now.worker}`] : []),
        ...(now && now.attempt > 1 ? [`attempt ${now.attempt}`] : []),
        `run ${cells.runs[i]}`,
      ].join(', ');
    },
    [cells, values, live],
  );
  const open = useCallback(
    (i: number) => {
      if (i >= 0) router.push(runHref(cells.runs[i]!));
    },
    [cells.runs, router],
  );
  useCommands(
    useMemo(
      () => [
        {
          id: 'cells by',
          name: byAccuracy ? 'Draw cells by state' : 'Draw cells by test accuracy',
          group: 'Sweep',
          keys: 'a',
          run: () => void set({ colour: byAccuracy ? 'state' : 'accuracy' }),
        },
        {
          id: 'cells table',
          name: grid.twin ? 'Cells as a grid' : 'Cells as a table',
          group: 'Sweep',
          keys: 't',
          run: () => void set({ twin: grid.twin ? null : 'table' }),
        },
      ],
      [byAccuracy, grid.twin, set],
    ),
  );
  return (
    <section aria-labelledby="cells-title">
      <Group justify="space-between" mt="lg">
        <Title order={2} size="h4" id="cells-title">
          {count(cells.total)} {cells.total === 1 ? 'cell' : 'cells'}
        </Title>
        <Button
          size="compact-sm"
          variant="default"
          aria-pressed={grid.twin === 'table'}
          onClick={() => void set({ twin: grid.twin ? null : 'table' })}
        >
          Table
        </Button>
      </Group>
      <PlacesSentence
        places={places}
        inside={layout.inside}
        columns={cells.columns}
        grid={grid}
        onChange={(change) => void set(change)}
      />
      <CellLegend counts={counts} chosen={chosen} onChange={(states) => void set({ states })} />
      {byAccuracy ? <AccuracyLegend range={range} /> : null}
      {cells.positions.length < cells.total ? (
        <Text size="sm" role="status">
          {count(cells.positions.length)} of {count(cells.total)} cells are here; the rest is on its way.
        </Text>
      ) : null}
      {grid.twin === 'table' ? (
        <CellTable cells={cells} values={values} shown={shown} />
      ) : (
        <div className="cell-panels">
          {layout.panels.map((panel) => (
            <CellPanel
              key={panel.id}
              panel={panel}
              layout={layout}
              looks={looks}
              places={places}
              total={cells.positions.length}
              describe={describe}
              onOpen={open}
            />
          ))}
        </div>
      )}
    </section>
  );
}

function rangeOf(values: readonly (number | null)[]): readonly [number, number] | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : undefined;
}
