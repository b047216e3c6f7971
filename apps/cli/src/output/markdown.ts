import { alignment, type Column, shown } from './columns.ts';
import { plain } from './screen.ts';

/** A GitHub table, padded so that it can be read as it is. */
export function markdown<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const escaped = (text: string) => plain(text).replace(/[\\|`*_<>[\]]/g, '\\$&');
  const head = columns.map(({ name, title }) => escaped(title ?? name));
  const body = rows.map((row) => columns.map((column) => escaped(shown(column, row))));
  const aligns = columns.map((column) => alignment(column, rows));
  const widths = head.map((text, i) => Math.max(3, text.length, ...body.map((line) => line[i]!.length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (aligns[i] === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) =>
    aligns[i] === 'right' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), line(rule), ...body.map(line)].join('\n');
}
