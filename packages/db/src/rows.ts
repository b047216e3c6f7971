/** A column of numbers: a list, or a typed array. NaN in a column of whole numbers or epochs means that there is none. */
export type Numbers = ArrayLike<number>;

/** Types of PostgreSQL by the number that its binary forms name them with; those of arrays beside those of their elements. */
const TYPE = {
  int4: 23,
  int8: 20,
  float4: 700,
  float8: 701,
  uuid: 2950,
  int8s: 1016,
  float4s: 1021,
  float8s: 1022,
} as const;
const ABSENT = -1;

/** One field of a row. */
export type Field =
  | { readonly uuid: string }
  | { readonly int4: number }
  | { readonly int8: number | null }
  | { readonly wholes: Numbers }
  | { readonly reals: Numbers }
  | { readonly doubles: Numbers };

const columnBytes = (count: number, each: number): number => (count === 0 ? 12 : 20 + count * (4 + each));

function fieldBytes(field: Field): number {
  if ('uuid' in field) return 16;
  if ('int4' in field) return 4;
  if ('int8' in field) return field.int8 === null ? 0 : 8;
  if ('wholes' in field) return columnBytes(field.wholes.length, 8);
  if ('reals' in field) return columnBytes(field.reals.length, 4);
  return columnBytes(field.doubles.length, 8);
}

function typeOf(field: Field): number {
  if ('uuid' in field) return TYPE.uuid;
  if ('int4' in field) return TYPE.int4;
  if ('int8' in field) return TYPE.int8;
  if ('wholes' in field) return TYPE.int8s;
  if ('reals' in field) return TYPE.float4s;
  return TYPE.float8s;
}

/**
 * Rows of one table as PostgreSQL's binary form of an array of its row type, `rowType` (its oid): a parameter `$1::TABLE[]`. Each has all
 * fields of the table, in its order. Numbers go over as bytes, neither written nor read as text, which is what both sides spend most of
 * their time on otherwise; and unlike COPY, what is inserted so is subject to row-level security.
 */
export function rowsOf(rowType: number, rows: readonly (readonly Field[])[]): Buffer {
  let length = 20;
  for (const row of rows) {
    length += 8;
    for (const field of row) length += 8 + fieldBytes(field);
  }
  const bytes = Buffer.allocUnsafe(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
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
    const absent = 'int8' in field && field.int8 === null;
    int4(typeOf(field));
    int4(absent ? ABSENT : fieldBytes(field));
    if (absent) return;
    if ('uuid' in field) at += bytes.write(field.uuid.replaceAll('-', ''), at, 'hex');
    else if ('int4' in field) int4(field.int4);
    else if ('int8' in field) int8(field.int8!);
    else if ('wholes' in field) {
      const { wholes } = field;
      const start = at;
      const absences = hasAbsent(wholes);
      head(wholes, TYPE.int8, absences);
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
      head(reals, TYPE.float4, absences);
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
      head(doubles, TYPE.float8, false);
      for (let i = 0; i < doubles.length; i++) {
        int4(8);
        view.setFloat64(at, doubles[i]!);
        at += 8;
      }
    }
  };
  for (const value of [1, 0, rowType, rows.length, 1]) int4(value);
  for (const row of rows) {
    const start = at;
    int4(0);
    int4(row.length);
    for (const field of row) write(field);
    view.setInt32(start, at - start - 4);
  }
  return bytes.subarray(0, at);
}
