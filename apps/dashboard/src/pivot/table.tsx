'use client';

import { Icon } from '../shell/icon';
import './pivot.css';
import { Group, Table, Text } from '@mantine/core';
import {
  type Axis,
  type AxisValues,
  filterOf,
  formatValue,
  nameOf,
  type RunFilter,
  seriesName,
  valueAt,
} from '../axis/axis';
import { both } from '../filter/filter';
import { isCostValue } from '../question/question';
import { measure, number } from '../shell/format';
import { Legend, Save, Turn, Unnamed } from './around';
import { Inside } from './cell';
import type { Answer, Cell } from './pivot-query';
import { bestOf, MARKS, type PivotQuestion } from './pivot-question';

/** Most rows and columns that stand in the page at once; the others are a button away. */
const PAGE = { rows: 100, columns: 40 };
/** Height of one line of column headings, so that each keeps its place below the one before when the table is scrolled. */
const LINE = 34;

/** The table itself: headings that stay in sight, cells that lead to their runs. */
export function TableOf({
  question,
  answer,
  onChange,
}: {
  question: PivotQuestion;
  answer: Answer;
  onChange: (change: Partial<PivotQuestion>) => void;
}) {
  const { rows: down, columns: across, mark, metric, value, where } = question;
  const from = {
    row: within(question.row, answer.rows.length),
    column: within(question.column, answer.columns.length),
  };
  const columns = answer.columns.slice(from.column - 1, from.column - 1 + PAGE.columns);
  const rows = answer.rows.slice(from.row - 1, from.row - 1 + PAGE.rows);
  const best = bestOfAll(answer);
  const isBest = ({ bestInRow, bestInColumn, group }: Cell): boolean =>
    mark === 'row'
      ? bestInRow
      : mark === 'column'
        ? bestInColumn
        : mark === 'all' && bestInRow && group?.mean === best;
  const format = (one: number | null): string => (isCostValue(value) ? number(one) : measure(metric, one));
  const units = new Set(answer.rows.flatMap((row) => row.cells.flatMap(({ group }) => group?.unit ?? [])));
  return (
    <section aria-label="Table of the question">
      <Group justify="space-between" mb={4}>
        <Text size="sm" data-testid="legend">
          mean ± standard deviation (n{' '}
          {units.size > 1 ? 'seeds or settings' : units.has('RUN') ? 'seeds' : 'settings'})
          {mark === 'none' || answer.goal === 'NONE' ? null : (
            <>
              ;{' '}
              <strong>
                bold <Icon sign="star" />
              </strong>
              : the {answer.goal === 'MAXIMISE' ? 'greatest' : 'least'} {MARKS[mark]}
            </>
          )}
          {answer.goal === 'NONE' ? `; no best, as ${metric} has no goal` : ''}
        </Text>
        <Save question={question} />
      </Group>
      <div className="scroll pivot">
        <Table className="number nowrap" aria-label="Means by rows and columns" withColumnBorders>
          <Table.Thead>
            {across.map((axis, level) => (
              <Table.Tr key={axis} style={{ height: LINE }}>
                <Table.Th scope="row" className="corner" style={{ top: level * LINE }}>
                  {level === across.length - 1 ? (
                    <>
                      {down.map(nameOf).join(' · ')} <Icon sign="down" />{' '}
                    </>
                  ) : null}
                  {nameOf(axis)} <Icon sign="right" />
                </Table.Th>
                {headings(columns, across, level).map(({ key, name, span }) => (
                  <Table.Th
                    key={key}
                    colSpan={span}
                    scope={level === across.length - 1 ? 'col' : 'colgroup'}
                    style={{ top: level * LINE }}
                  >
                    {name}
                  </Table.Th>
                ))}
              </Table.Tr>
            ))}
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => {
              const ofRow = both(where, ...filters(row, down));
              return (
                <Table.Tr key={keyOf(row, down)}>
                  <Table.Th scope="row">
                    {down.map((axis) => seriesOrValue(axis, valueAt(row, axis))).join(' · ')}
                  </Table.Th>
                  {columns.map((column, i) => {
                    const cell = row.cells[from.column - 1 + i]!;
                    return (
                      <Table.Td
                        key={keyOf(column, across)}
                        data-state={cell.state}
                        data-mean={cell.group?.mean ?? ''}
                      >
                        <Inside
                          cell={cell}
                          marked={isBest(cell) ? MARKS[mark] : null}
                          format={format}
                          where={both(ofRow, ...filters(column, across))}
                          question={question}
                        />
                      </Table.Td>
                    );
                  })}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
      <Turn
        what="rows"
        from={from.row}
        page={PAGE.rows}
        all={answer.rows.length}
        to={(row) => onChange({ row })}
      />
      <Turn
        what="columns"
        from={from.column}
        page={PAGE.columns}
        all={answer.columns.length}
        to={(column) => onChange({ column })}
      />
      <Legend answer={answer} />
      {question.settings && bestOf(question).length > 0 ? <Unnamed answer={answer} /> : null}
    </section>
  );
}

const within = (from: number, all: number): number => Math.min(Math.max(1, from), Math.max(1, all));
const seriesOrValue = (axis: Axis, value: unknown): string =>
  typeof value === 'boolean' ? seriesName(axis, value) : formatValue(axis, value);
const filters = (line: Partial<AxisValues>, axes: readonly Axis[]): RunFilter[] =>
  axes.map((axis) => filterOf(axis, valueAt(line, axis)));
const keyOf = (line: Partial<AxisValues>, axes: readonly Axis[]): string =>
  JSON.stringify(axes.map((axis) => valueAt(line, axis)));

/** Headings of one line: neighbours of the same values are one, over all their columns. */
function headings(columns: Answer['columns'], across: readonly Axis[], level: number) {
  const found: { key: string; name: string; span: number }[] = [];
  for (const column of columns) {
    const key = keyOf(column, across.slice(0, level + 1));
    const last = found.at(-1);
    if (last?.key === key) last.span++;
    else found.push({ key, name: seriesOrValue(across[level]!, valueAt(column, across[level]!)), span: 1 });
  }
  return found;
}

function bestOfAll({ goal, rows }: Answer): number | undefined {
  const means = rows.flatMap((row) => row.cells.flatMap((cell) => (cell.bestInRow ? cell.group!.mean! : [])));
  if (goal === 'NONE' || means.length === 0) return undefined;
  return means.reduce((a, b) => (goal === 'MAXIMISE' ? Math.max(a, b) : Math.min(a, b)));
}
