import CliTable from 'cli-table3';
import { alignment, type Column, shown } from './columns.ts';
import { plain } from './screen.ts';

const NONE = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
);

/** Columns with two spaces between them and no lines: reads well and pipes well. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const printed = new CliTable({
    head: columns.map(({ name, title }) => plain(title ?? name)),
    colAligns: columns.map((column) => alignment(column, rows)),
    chars: { ...NONE, middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  for (const row of rows) printed.push(columns.map((column) => plain(shown(column, row))));
  return printed
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
