import type { Column, Value } from './columns.ts';

/**
 * RFC 4180: a header of column names, CRLF between lines, quotes where needed; null is empty. Text that a spreadsheet would
 * run as a formula gets an apostrophe before it; numbers never do. (The API's exports have the same rule.)
 */
export function csv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ name }) => csvCell(name))];
  for (const row of rows) lines.push(columns.map((column) => csvCell(column.value(row))));
  return lines.map((line) => line.join(',')).join('\r\n');
}

export function csvCell(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
