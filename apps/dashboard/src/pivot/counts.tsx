'use client';

import { Text } from '@mantine/core';
import { Counts } from '../explore/counts';
import { count } from '../shell/format';
import type { Answer, Cell } from './pivot-query';
import { bestOf, type PivotQuestion } from './pivot-question';

/** Why a cell has no mean, as it stands in the cell; the legend has it at length. */
export const STATES: Readonly<Record<Cell['state'], { readonly word: string; readonly meaning: string }>> = {
  VALUE: { word: '', meaning: '' },
  DIVERGED: { word: 'diverged', meaning: 'all its runs that ended diverged' },
  FAILED: { word: 'failed', meaning: 'all its runs failed' },
  UNFINISHED: { word: 'unfinished', meaning: 'none has a value, and some have not ended yet' },
  WITHOUT_VALUE: { word: 'no value', meaning: 'its runs ended without this metric' },
  MISSING: { word: 'no run', meaning: 'the team has no run of it' },
};

/** What the table shows and what not: runs, then cells by what they are. */
export function Summary({ question, answer }: { question: PivotQuestion; answer: Answer }) {
  const { runs, rows, columns } = answer;
  const cells = rows.flatMap((row) => row.cells);
  const groups = cells.flatMap(({ group }) => group ?? []);
  const of = (state: Cell['state']): number => cells.filter((cell) => cell.state === state).length;
  const empty = (Object.keys(STATES) as Cell['state'][]).filter(
    (state) => state !== 'VALUE' && of(state) > 0,
  );
  return (
    <>
      <Counts runs={runs} groups={groups} where={question.where} best={bestOf(question)} />
      <Text className="number" data-testid="cells" mb="sm">
        {count(rows.length)} {rows.length === 1 ? 'row' : 'rows'} × {count(columns.length)}{' '}
        {columns.length === 1 ? 'column' : 'columns'}: {count(of('VALUE'))} of {count(cells.length)}{' '}
        {cells.length === 1 ? 'cell has' : 'cells have'} a mean
        {empty.map((state) => `, ${count(of(state))} ${STATES[state].word}`).join('')}
      </Text>
    </>
  );
}
