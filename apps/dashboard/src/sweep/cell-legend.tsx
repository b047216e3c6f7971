'use client';

import { Button, Group, Text } from '@mantine/core';
import { useChartTheme } from '../chart/theme';
import { count, percent } from '../shell/format';
import { CELL_STATES, type CellState, isOutline, mark, STATE_WORDS, stateColour } from './cell-state';

/** The mark of a state beside its name. */
export function StateMark({ state, size = 12 }: { state: CellState; size?: number }) {
  const theme = useChartTheme();
  const colour = stateColour(state, theme);
  return (
    <svg width={size + 2} height={size + 2} aria-hidden="true" className="mark">
      <path
        d={mark(state, 1, 1, size)}
        fill={isOutline(state) ? 'none' : colour}
        stroke={isOutline(state) ? colour : 'none'}
        strokeWidth="1.5"
      />
    </svg>
  );
}

export function countStates(states: readonly CellState[]): ReadonlyMap<CellState, number> {
  const counts = new Map<CellState, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** What the marks mean and how many there are of each; a click shows those alone. */
export function CellLegend({
  counts,
  chosen,
  onChange,
}: {
  counts: ReadonlyMap<CellState, number>;
  chosen: readonly CellState[];
  onChange: (states: CellState[]) => void;
}) {
  const there = CELL_STATES.filter((state) => counts.has(state) || chosen.includes(state));
  return (
    <Group gap="xs" role="group" aria-label="States: what is shown" my="xs">
      {there.map((state) => (
        <Button
          key={state}
          size="compact-sm"
          variant={chosen.includes(state) ? 'light' : 'default'}
          aria-pressed={chosen.includes(state)}
          title={STATE_WORDS[state]}
          leftSection={<StateMark state={state} />}
          onClick={() =>
            onChange(chosen.includes(state) ? chosen.filter((one) => one !== state) : [...chosen, state])
          }
        >
          {count(counts.get(state) ?? 0)} {state}
        </Button>
      ))}
      {chosen.length > 0 ? (
        <Button size="compact-sm" variant="subtle" onClick={() => onChange([])}>
          Show all
        </Button>
      ) : null}
    </Group>
  );
}

/** From the least accuracy to the greatest. */
export function AccuracyLegend({ range }: { range: readonly [number, number] | undefined }) {
  const { ramp } = useChartTheme();
  if (!range) return <Text size="sm">No cell has a test accuracy yet.</Text>;
  return (
    <Group gap="xs" className="number">
      <Text size="sm">Test accuracy, median of the last five epochs: {percent(range[0])}</Text>
      <span
        aria-hidden="true"
        style={{
          width: 120,
          height: 12,
          background: `linear-gradient(to right, ${ramp.join(', ')})`,
          border: '1px solid var(--mantine-color-default-border)',
        }}
      />
      <Text size="sm">{percent(range[1])}; the others by their state</Text>
    </Group>
  );
}
