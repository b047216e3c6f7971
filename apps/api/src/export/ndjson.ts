import type { ColumnKind, ExportColumn, ExportPage } from '@smallbatch/db';
import { kindOf } from '../metric/schema.ts';
import type { About } from './about.ts';
import { isoTime, shortFloat } from './values.ts';

const VALUE: Record<Exclude<ColumnKind, 'float' | 'double'>, (value: never) => string> = {
  text: (value: string) => JSON.stringify(value),
  boolean: String,
  int: String,
  long: String,
  time: (micros: number) => `"${isoTime(micros)}"`,
};

/**
 * A first line {"smallbatch": …} that says what the file is, then one object a line. NaN and the infinities, which JSON has no word for,
 * are null, and NAMENonFinite says which; a metric or free parameter that a run does not have is left out.
 */
export async function* ndjson(
  columns: readonly ExportColumn[],
  pages: AsyncGenerator<ExportPage>,
  about: About,
): AsyncGenerator<string> {
  const fields = columns.map(({ name, kind, json, required }) => {
    const key = `${JSON.stringify(name)}:`;
    const absent = required || !name.includes('.') ? `,${key}null` : '';
    if (kind === 'float' || kind === 'double') {
      const nonFinite = JSON.stringify(`${name}NonFinite`);
      const digits = kind === 'float' ? shortFloat : Number;
      return (value: unknown): string => {
        if (value === null) return absent;
        const what = kindOf(value as number);
        return what ? `,${key}null,${nonFinite}:"${what}"` : `,${key}${digits(value as number)}`;
      };
    }
    const text = json ? (value: unknown) => String(value) : (VALUE[kind] as (value: unknown) => string);
    return (value: unknown): string => (value === null ? absent : `,${key}${text(value)}`);
  });
  yield `${JSON.stringify({ smallbatch: about })}\n`;
  for await (const page of pages) {
    let text = '';
    for (let row = 0; row < page.count; row++) {
      let line = '';
      for (let c = 0; c < fields.length; c++) line += fields[c]!(page.columns[c]![row]);
      text += `{${line.slice(1)}}\n`;
    }
    yield text;
  }
}
