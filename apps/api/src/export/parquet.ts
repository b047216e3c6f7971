import type { ColumnKind, ColumnValues, ExportColumn, ExportPage } from '@smallbatch/db';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { About } from './about.ts';

const TYPE: Record<ColumnKind, Pick<SchemaElement, 'type' | 'converted_type'>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  boolean: { type: 'BOOLEAN' },
  int: { type: 'INT32' },
  long: { type: 'INT64' },
  float: { type: 'FLOAT' },
  double: { type: 'DOUBLE' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
};

/** Typed columns; a row group for each page, written as it is full. NaN and the infinities are stored as they are. */
export async function* parquet(
  columns: readonly ExportColumn[],
  pages: AsyncGenerator<ExportPage>,
  about: About,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter(1 << 20);
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: 'smallbatch', num_children: columns.length },
      ...columns.map(
        ({ name, kind, required }): SchemaElement => ({
          name,
          repetition_type: required ? 'REQUIRED' : 'OPTIONAL',
          ...TYPE[kind],
        }),
      ),
    ],
    // A file of many small row groups is read whole: least and greatest of each would help nobody and cost a fifth of the time.
    statistics: false,
    kvMetadata: [{ key: 'smallbatch', value: JSON.stringify(about) }],
    createdBy: `smallbatch ${about.version}`,
  });
  const written = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  const longs = columns.map((): (bigint | null)[] => []);
  for await (const page of pages) {
    file.write({
      columnData: columns.map(({ name, kind }, i) => ({
        name,
        data: data(kind, page.columns[i]!, longs[i]!),
        // A dictionary pays for texts; numbers are compressed as they are.
        ...(kind === 'text' ? {} : { encoding: kind === 'boolean' ? ('RLE' as const) : ('PLAIN' as const) }),
      })),
      rowGroupSize: page.count,
    });
    yield written();
  }
  file.finish();
  yield written();
}

/** 64-bit whole numbers are written from bigints; a time is made one by the writer. Small ones are made once. */
function data(kind: ColumnKind, values: ColumnValues, into: (bigint | null)[]) {
  if (kind !== 'long') return values as unknown[];
  into.length = values.length;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | null;
    into[i] = value === null ? null : (SMALL[value] ?? BigInt(value));
  }
  return into;
}
const SMALL = Array.from({ length: 1024 }, (_, i) => BigInt(i));
