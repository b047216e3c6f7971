'use client';

import { Progress } from '@mantine/core';
import { useChartTheme } from '../chart/theme';
import { count } from '../shell/format';
import { CELL_STATES, type CellState, stateColour } from './cell-state';
import type { Stands } from './sweep-live';

type Counts = Stands['counts'];

/** How many of each; of the done those that diverged are told apart. */
export const statesOf = (counts: Counts): ReadonlyMap<CellState, number> =>
  new Map<CellState, number>([
    ['done', counts.done - counts.diverged],
    ['diverged', counts.diverged],
    ['pruned', counts.pruned],
    ['running', counts.running],
    ['failed', counts.failed],
    ['cancelled', counts.cancelled],
    ['waiting', counts.waiting],
  ]);

export const stateWords = (counts: Counts): string => {
  const states = statesOf(counts);
  return CELL_STATES.flatMap((state) =>
    states.get(state) ? [`${count(states.get(state)!)} ${state}`] : [],
  ).join(', ');
};

/** A sweep's cells by state, as one bar that says them too. */
export function StateBar({ counts, size = 'lg' }: { counts: Counts; size?: 'lg' | 'xl' }) {
  const theme = useChartTheme();
  const total = Math.max(1, counts.total);
  return (
    <Progress.Root
      size={size}
      role="img"
      aria-label={`Of ${count(counts.total)} cells ${stateWords(counts)}`}
    >
      {[...statesOf(counts)].map(([state, n]) =>
        n > 0 && state !== 'waiting' ? (
          <Progress.Section
            key={state}
            value={(100 * n) / total}
            color={stateColour(state, theme)}
            striped={state !== 'done'}
            withAria={false}
          />
        ) : null,
      )}
    </Progress.Root>
  );
}
