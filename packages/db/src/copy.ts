import type pg from 'pg';

/** A column of numbers: a list, or a typed array. NaN in a column of whole numbers or epochs means that there is none. */
export type Numbers = ArrayLike<number>;

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const [INT8, FLOAT4, FLOAT8] = [20, 700, 701];
const ABSENT = -1;

/** What can be written as one field, with its length in bytes. */
type Field =
  | { readonly uuid: string }
  | { readonly int4: number }
  | { readonly int8: number }
  | { readonly wholes: Numbers }
  | { readonly reals: Numbers }
  | { readonly doubles: Numbers }
  | null;

const columnBytes = (count: number, each: number): number => (count === 0 ? 12 : 20 + count * (4 + each));

function fieldBytes(field: Field): number {
  if (field === null) return 0;
  if ('uuid' in field) return 16;
  if ('int4' in field) return 4;
  if ('int8' in field) return 8;
  if ('wholes' in field) return columnBytes(field.wholes.length, 8);
  if ('reals' in field) return columnBytes(field.reals.length, 4);
  return columnBytes(field.doubles.length, 8);
}

/**
 * Rows in the binary form of COPY. Numbers go over as bytes, neither written nor read as text, which is what both sides spend
 * most of their time on otherwise.
 */
export function copyRows(rows: readonly (readonly Field[])[]): Buffer {
  let length = SIGNATURE.length + 2;
  for (const row of rows) {
    length += 2;
    for (const field of row) length += 4 + fieldBytes(field);
  }
  const bytes = Buffer.allocUnsafe(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = SIGNATURE.copy(bytes);
  const int4 = (value: number): void => {
    view.setInt32(at, value);
    at += 4;
  };
  const int8 = (value: number): void => {
    view.setInt32(at, Math.floor(value / 2 ** 32));
    view.setUint32(at + 4, value >>> 0);
    at += 8;
  };
  const head = (column: Numbers, type: number, absences: boolean): void => {
    int4(column.length === 0 ? 0 : 1);
    int4(absences ? 1 : 0);
    int4(type);
    if (column.length === 0) return;
    int4(column.length);
    int4(1);
  };
  const hasAbsent = (column: Numbers): boolean => {
    for (let i = 0; i < column.length; i++) if (Number.isNaN(column[i]!)) return true;
    return false;
  };
  const write = (field: Field): void => {
    int4(field === null ? ABSENT : fieldBytes(field));
    if (field === null) return;
    if ('uuid' in field) at += bytes.write(field.uuid.replaceAll('-', ''), at, 'hex');
    else if ('int4' in field) int4(field.int4);
    else if ('int8' in field) int8(field.int8);
    else if ('wholes' in field) {
      const { wholes } = field;
      const start = at;
      const absences = hasAbsent(wholes);
      head(wholes, INT8, absences);
      for (let i = 0; i < wholes.length; i++) {
        const value = wholes[i]!;
        if (absences && Number.isNaN(value)) int4(ABSENT);
        else {
          int4(8);
          int8(value);
        }
      }
      if (absences) view.setInt32(start - 4, at - start);
    } else if ('reals' in field) {
      const { reals } = field;
      const start = at;
      const absences = hasAbsent(reals);
      head(reals, FLOAT4, absences);
      for (let i = 0; i < reals.length; i++) {
        const value = reals[i]!;
        if (absences && Number.isNaN(value)) int4(ABSENT);
        else {
          int4(4);
          view.setFloat32(at, value);
          at += 4;
        }
      }
      if (absences) view.setInt32(start - 4, at - start);
    } else {
      const { doubles } = field;
      head(doubles, FLOAT8, false);
      for (let i = 0; i < doubles.length; i++) {
        int4(8);
        view.setFloat64(at, doubles[i]!);
        at += 8;
      }
    }
  };
  for (const row of rows) {
    view.setInt16(at, row.length);
    at += 2;
    for (const field of row) write(field);
  }
  view.setInt16(at, -1);
  return bytes.subarray(0, at + 2);
}

/** Sends rows by `COPY … FROM STDIN (FORMAT binary)`: one statement, however many rows and numbers. */
export function copyIn(client: pg.PoolClient, text: string, data: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const statement = {
      text,
      submit: (connection: CopyConnection) => connection.query(text),
      handleCopyInResponse(connection: CopyConnection) {
        connection.sendCopyFromChunk(data);
        connection.endCopyFrom();
      },
      handleError(error: Error) {
        failure = error;
        reject(error);
      },
      handleCommandComplete() {},
      handleReadyForQuery() {
        if (!failure) resolve();
      },
    };
    client.query(statement as unknown as pg.Submittable);
  });
}

interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(data: Buffer): void;
  endCopyFrom(): void;
}
