import type { ColumnKind, ExportColumn, ExportPage } from '@smallbatch/db';
import type { About } from './about.ts';
import { isoTime, shortFloat } from './values.ts';

export type CsvValue = string | number | boolean | null;

/**
 * RFC 4180: a header of column names, CRLF after every line, quotes where needed. Null is nothing, an empty text is "". Numbers are as
 * JavaScript writes them, with NaN, Infinity and -Infinity as these words; times are ISO 8601 in UTC. Text that a spreadsheet would run
 * as a formula gets an apostrophe before it; numbers never do.
 */
export function csvCell(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  if (value === '') return '""';
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvLine = (values: readonly CsvValue[]): string => `${values.map(csvCell).join(',')}\r\n`;

/** A comment before the header, only where asked for: most readers of CSV know none. */
export const csvComment = (about: About): string => `# smallbatch ${JSON.stringify(about)}\r\n`;

const CELL: Partial<Record<ColumnKind, (value: number) => string>> = {
  time: isoTime,
  float: (value) => String(shortFloat(value)),
};

export async function* csv(
  columns: readonly ExportColumn[],
  pages: AsyncGenerator<ExportPage>,
  comment?: About,
): AsyncGenerator<string> {
  const cells = columns.map(({ kind }) => CELL[kind] ?? (csvCell as (value: unknown) => string));
  yield (comment ? csvComment(comment) : '') + csvLine(columns.map(({ name }) => name));
  for await (const page of pages) {
    let text = '';
    for (let row = 0; row < page.count; row++) {
      for (let c = 0; c < cells.length; c++) {
        const value = page.columns[c]![row]!;
        if (c > 0) text += ',';
        if (value !== null) text += cells[c]!(value as number);
      }
      text += '\r\n';
    }
    yield text;
  }
}
