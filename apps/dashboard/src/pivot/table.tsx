'use client';

import './pivot.css';
import { Anchor, Button, Group, Menu, Table, Text, VisuallyHidden } from '@mantine/core';
import Link from 'next/link';
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
import { both, runsHref } from '../filter/filter';
import { isCostValue } from '../question/question';
import { count, measure, number } from '../shell/format';
import { STATES } from './counts';
import { bestOf, MARKS, type PivotQuestion } from './pivot-question';
import { type Answer, type Cell, fileOf } from './pivot-query';

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
          mean ± standard deviation (n {units.size > 1 ? 'seeds or settings' : units.has('RUN') ? 'seeds' : 'settings'})
          {mark === 'none' || answer.goal === 'NONE' ? null : (
            <>
              ; <strong>bold ★</strong>: the {answer.goal === 'MAXIMISE' ? 'greatest' : 'least'} {MARKS[mark]}
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
                  {level === across.length - 1 ? `${down.map(nameOf).join(' · ')} ↓ ` : ''}
                  {nameOf(axis)} →
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
                      <Table.Td key={keyOf(column, across)} data-state={cell.state} data-mean={cell.group?.mean ?? ''}>
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
      <Turn what="rows" from={from.row} page={PAGE.rows} all={answer.rows.length} to={(row) => onChange({ row })} />
      <Turn
        what="columns"
        from={from.column}
        page={PAGE.columns}
        all={answer.columns.length}
        to={(column) => onChange({ column })}
      />
      <Legend answer={answer} />
    </section>
  );
}

/** One cell: its number, or in words why there is none; all lead to its runs. */
function Inside({
  cell: { state, group },
  marked,
  format,
  where,
  question,
}: {
  cell: Cell;
  marked: string | null;
  format: (value: number | null) => string;
  where: RunFilter;
  question: PivotQuestion;
}) {
  if (!group) return <Text c="dimmed">{STATES[state].word}</Text>;
  const unit = `${group.unit === 'RUN' ? 'seed' : 'setting'}${group.n === 1 ? '' : 's'}`;
  const beside = [
    ...(group.diverged > 0 ? [`${count(group.diverged)} diverged`] : []),
    ...(group.failed > 0 ? [`${count(group.failed)} failed`] : []),
    ...(group.unfinished > 0 ? [`${count(group.unfinished)} unfinished`] : []),
  ];
  const settings = bestOf(question);
  return (
    <>
      <Anchor
        component={Link}
        href={runsHref(where)}
        prefetch={false}
        title={[`n = ${group.n} ${unit}`, ...beside].join(', ')}
        fw={marked ? 700 : 400}
        c={state === 'VALUE' ? undefined : 'dimmed'}
      >
        {state === 'VALUE'
          ? `${format(group.mean)}${group.sd === null ? '' : ` ± ${format(group.sd)}`} (${group.n})`
          : STATES[state].word}
        {marked ? (
          <>
            {' '}
            <span aria-hidden>★</span>
            <VisuallyHidden>best {marked}</VisuallyHidden>
          </>
        ) : null}
      </Anchor>
      {state === 'VALUE' && beside.length > 0 ? (
        <Text size="xs" c="dimmed">
          {beside.join(', ')}
        </Text>
      ) : null}
      {group.best ? (
        <Text size="xs">
          <Anchor
            component={Link}
            prefetch={false}
            href={runsHref({ settingHash: { eq: group.best.settingHash } })}
          >
            {settings.map((axis) => `${nameOf(axis)} ${formatValue(axis, valueAt(group.best!, axis))}`).join(', ')}
          </Anchor>{' '}
          of {count(group.best.candidates)}
        </Text>
      ) : null}
    </>
  );
}

/** What the words in the cells mean, of those that occur. */
function Legend({ answer }: { answer: Answer }) {
  const there = new Set(answer.rows.flatMap((row) => row.cells.map(({ state }) => state)));
  const words = (Object.keys(STATES) as Cell['state'][]).filter((one) => one !== 'VALUE' && there.has(one));
  if (words.length === 0) return null;
  return (
    <Text size="sm" mt="xs">
      {words.map((one, i) => (
        <span key={one}>
          {i > 0 ? '; ' : ''}
          <strong>{STATES[one].word}</strong>: {STATES[one].meaning}
        </span>
      ))}
    </Text>
  );
}

function Save({ question }: { question: PivotQuestion }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="compact-xs" variant="default" aria-label="Save the table">
          Save
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(
          [
            ['csv', 'CSV'],
            ['md', 'Markdown'],
            ['tex', 'LaTeX'],
          ] as const
        ).map(([kind, word]) => (
          <Menu.Item key={kind} component="a" href={fileOf(kind, question)} download={`table.${kind}`}>
            Numbers ({word})
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Which part of a large table is shown, and the way to the next. */
function Turn({
  what,
  from,
  page,
  all,
  to,
}: {
  what: string;
  from: number;
  page: number;
  all: number;
  to: (from: number) => void;
}) {
  if (all <= page) return null;
  const last = Math.min(all, from + page - 1);
  return (
    <Group mt="xs" gap="xs">
      <Text size="sm" className="number">
        {what} {count(from)} to {count(last)} of {count(all)}
      </Text>
      <Button size="compact-xs" variant="default" disabled={from <= 1} onClick={() => to(Math.max(1, from - page))}>
        Previous {what}
      </Button>
      <Button size="compact-xs" variant="default" disabled={last >= all} onClick={() => to(from + page)}>
        Next {what}
      </Button>
    </Group>
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
