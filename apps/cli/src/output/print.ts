import type { Column, Format } from './columns.ts';
import { csv } from './csv.ts';
import { latex } from './latex.ts';
import { markdown } from './markdown.ts';
import { table } from './table.ts';

/** Rows as text in a format, without a newline at the end. JSON is one array of objects by column name. */
export function render<Row>(columns: readonly Column<Row>[], rows: readonly Row[], format: Format): string {
  switch (format) {
    case 'json':
      return JSON.stringify(
        rows.map((row) => record(columns, row)),
        null,
        2,
      );
    case 'csv':
      return csv(columns, rows);
    case 'markdown':
      return markdown(columns, rows);
    case 'latex':
      return latex(columns, rows);
    default:
      return table(columns, rows);
  }
}

/** Data goes to stdout, and nothing else does. */
export function print<Row>(columns: readonly Column<Row>[], rows: readonly Row[], format: Format): void {
  process.stdout.write(`${render(columns, rows, format)}\n`);
}

/** Notes and progress go to stderr, so that stdout can be piped. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function record<Row>(columns: readonly Column<Row>[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column.name, column.value(row)]));
}
