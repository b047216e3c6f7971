/** A value in a cell of a printed table. Null is what is not known or does not apply. */
export type Value = string | number | boolean | null;

/**
 * One column of a printed table. `name` is its stable name in JSON and CSV; `title` what people read above it. `show` says
 * the value for people (table, markdown, latex); machines (json, csv) get the value itself.
 */
export interface Column<Row> {
  name: string;
  title?: string;
  value: (row: Row) => Value;
  show?: (value: Value, row: Row) => string;
  align?: 'left' | 'right';
}

export const FORMATS = ['table', 'json', 'csv', 'markdown', 'latex'] as const;
export type Format = (typeof FORMATS)[number];

/** Numbers stand on the right unless a column says otherwise. */
export function alignment<Row>(column: Column<Row>, rows: readonly Row[]): 'left' | 'right' {
  if (column.align) return column.align;
  const values = rows.map((row) => column.value(row)).filter((value) => value !== null);
  return values.length > 0 && values.every((value) => typeof value === 'number') ? 'right' : 'left';
}

/** What people read in a cell; '–' for what is not known. */
export function shown<Row>(column: Column<Row>, row: Row): string {
  const value = column.value(row);
  if (value === null) return '–';
  if (column.show) return column.show(value, row);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}
