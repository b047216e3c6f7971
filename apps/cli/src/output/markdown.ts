import { alignment, type Column, shown } from './columns.ts';
import { plain } from './screen.ts';

/** A GitHub table, padded so that it can be read as it is. */
export function markdown<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const head = columns.map(({ name, title }) => escaped(title ?? name));
  const body = rows.map((row) => columns.map((column) => escaped(shown(column, row))));
  const aligns = columns.map((column) => alignment(column, rows));
  const widths = head.map((text, i) => Math.max(3, width(text), ...body.map((line) => width(line[i]!))));
  const pad = (cell: string, i: number) => {
    const spaces = ' '.repeat(widths[i]! - width(cell));
    return aligns[i] === 'right' ? spaces + cell : cell + spaces;
  };
  const line = (cells: string[]) => `| ${cells.map(pad).join(' | ')} |`;
  const rule = widths.map((wide, i) =>
    aligns[i] === 'right' ? `${'-'.repeat(wide - 1)}:` : '-'.repeat(wide),
  );
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

function escaped(text: string): string {
  return plain(text).replace(/[\\|`*_<>[\]]/g, '\\$&');
}

/** Columns on a screen: η̃ is two characters in one column. */
function width(text: string): number {
  return text.replace(/\p{M}/gu, '').length;
}
