'use client';

import { createParser, parseAsArrayOf, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useMemo } from 'react';
import { type Dimension, isDimension, nameOf } from '../axis/axis';
import { Choice, Choices } from '../question/controls';
import { CELL_STATES } from './cell-state';
import type { Column } from './cells';
import { type Places, usualPlaces } from './layout';

const parseAsPlace = createParser<Dimension | 'NONE'>({
  parse: (text) => (text === 'NONE' || isDimension(text) ? text : null),
  serialize: String,
});
const parseAsDimension = createParser<Dimension>({
  parse: (text) => (isDimension(text) ? text : null),
  serialize: String,
});

/** How the grid is shown, in the URL. Absent: as usual for what varies. */
export const GRID = {
  rows: parseAsPlace,
  columns: parseAsPlace,
  panels: parseAsArrayOf(parseAsDimension),
  colour: parseAsStringLiteral(['state', 'accuracy']).withDefault('state'),
  /** Only these states; all where there is none. */
  states: parseAsArrayOf(parseAsStringLiteral(CELL_STATES)).withDefault([]),
  twin: parseAsStringLiteral(['table']),
};
export const useGrid = () => useQueryStates(GRID, { history: 'replace' });
type Grid = ReturnType<typeof useGrid>[0];

export function usePlaces({ rows, columns, panels }: Grid, all: readonly Column[] | undefined): Places {
  return useMemo(() => {
    const usual = usualPlaces(all ?? []);
    const varies = (one: Dimension | null): boolean =>
      all?.some(({ dimension }) => dimension === one) ?? false;
    const chosen = (one: Dimension | 'NONE' | null, otherwise: Dimension | null) =>
      one === 'NONE' ? null : one !== null && varies(one) ? one : otherwise;
    const [down, across] = [chosen(rows, usual.rows), chosen(columns, usual.columns)];
    // One that was moved to a side makes room for the one that was there.
    const free = (one: Dimension) => one !== down && one !== across;
    return { rows: down, columns: across, panels: (panels ?? usual.panels).filter(free) };
  }, [rows, columns, panels, all]);
}

/** Which axis goes where, as a sentence. */
export function PlacesSentence({
  places,
  inside,
  columns,
  grid,
  onChange,
}: {
  places: Places;
  inside: readonly Dimension[];
  columns: readonly Column[];
  grid: Grid;
  onChange: (change: Partial<Grid>) => void;
}) {
  const options = columns.map(({ dimension }) => ({ value: dimension, name: nameOf(dimension) }));
  const sides = [{ value: 'NONE' as const, name: 'nothing' }, ...options];
  return (
    <p className="sentence">
      The cells with{' '}
      <Choice
        label="Rows of the grid"
        value={places.rows ?? 'NONE'}
        options={sides}
        onChange={(rows) => onChange({ rows })}
      />{' '}
      down and{' '}
      <Choice
        label="Columns of the grid"
        value={places.columns ?? 'NONE'}
        options={sides}
        onChange={(columns) => onChange({ columns })}
      />{' '}
      across, panels by{' '}
      <Choices
        label="Panels"
        values={places.panels}
        options={options}
        words={places.panels.length > 0 ? places.panels.map(nameOf).join(' and ') : 'nothing'}
        onChange={(panels) => onChange({ panels })}
      />
      {inside.length > 0 ? `, side by side: ${inside.map(nameOf).join(', ')}` : ''}; drawn by{' '}
      <Choice
        label="Colour of the cells"
        value={grid.colour}
        options={[
          { value: 'state', name: 'state' },
          { value: 'accuracy', name: 'test accuracy' },
        ]}
        onChange={(colour) => onChange({ colour })}
      />
      .
    </p>
  );
}
