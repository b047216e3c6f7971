/** What a column holds. `long`, `time` and the others are numbers in JavaScript: a long of ours is under 2^53, a time is in microseconds since 1970. */
export type ColumnKind = 'text' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'time';

/** A column's values in order. They are of their page, and overwritten when the one after the next is read. */
export type ColumnValues = ArrayLike<string | number | boolean | null>;

/**
 * Arrays for the columns of two pages, used in turn: one page is read while the other is written, and neither leaves anything to the
 * garbage collector, which would let it grow to the size of the whole heap before it looks.
 */
export class ColumnArrays {
  private readonly pages = [
    { numbers: [] as Float64Array[], any: [] as (string | number | boolean | null)[][] },
    { numbers: [] as Float64Array[], any: [] as (string | number | boolean | null)[][] },
  ];
  private page = 0;
  private at = { numbers: 0, any: 0 };

  /** The arrays of the page before the last are free again. */
  turn(): void {
    this.page = 1 - this.page;
    this.at = { numbers: 0, any: 0 };
  }
  numbers(count: number): Float64Array {
    const { numbers } = this.pages[this.page]!;
    const place = this.at.numbers++;
    if (numbers[place]?.length !== count) numbers[place] = new Float64Array(count);
    return numbers[place];
  }
  any(count: number): (string | number | boolean | null)[] {
    const { any } = this.pages[this.page]!;
    const place = this.at.any++;
    if (any[place]?.length !== count) any[place] = new Array(count);
    return any[place];
  }
}

/** Microseconds from 1970 to 2000, where PostgreSQL's clock begins. */
const EPOCH = 946_684_800_000_000;
const HIGH = 2 ** 32;

type Read = (bytes: Buffer, at: number) => number | boolean;
const long = (bytes: Buffer, at: number): number => bytes.readInt32BE(at) * HIGH + bytes.readUInt32BE(at + 4);
const READ: Record<Exclude<ColumnKind, 'text'>, Read> = {
  boolean: (bytes, at) => bytes[at] === 1,
  int: (bytes, at) => bytes.readInt32BE(at),
  long,
  float: (bytes, at) => bytes.readFloatBE(at),
  double: (bytes, at) => bytes.readDoubleBE(at),
  time: (bytes, at) => long(bytes, at) + EPOCH,
};

/** Where a column's bytes are put to be read: the one of this process, since nothing else happens meanwhile. */
let scratch = Buffer.alloc(1 << 18);

/**
 * Reads what `array_send(array_agg(…))` wrote, as PostgreSQL shows bytes in a text: \x and digits. A whole column in one value, exact,
 * at a tenth of the cost of a row a value. (Header: dimensions, whether there are nulls, type, length, lower bound; then each element
 * with its length before it, -1 for null.)
 */
export function readColumn(text: string, kind: ColumnKind, arrays: ColumnArrays): ColumnValues {
  const size = text.length / 2 - 1;
  if (size > scratch.length) scratch = Buffer.alloc(2 * size);
  scratch.write(text.slice(2), 'hex');
  const bytes = scratch;
  if (bytes.readInt32BE(0) === 0) return [];
  const count = bytes.readInt32BE(12);
  if (kind === 'text') return texts(bytes, arrays.any(count));
  return bytes.readInt32BE(4) === 0 && kind !== 'boolean'
    ? numbers(bytes, arrays.numbers(count), kind)
    : others(bytes, arrays.any(count), READ[kind]);
}

type Any = (string | number | boolean | null)[];

function others(bytes: Buffer, values: Any, read: Read): Any {
  const count = values.length;
  for (let i = 0, at = 20; i < count; i++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    values[i] = length < 0 ? null : read(bytes, at);
    if (length > 0) at += length;
  }
  return values;
}

/** Neighbours are often the same text: it is made once. */
function texts(bytes: Buffer, values: Any): Any {
  const count = values.length;
  let before = '';
  let from = 0;
  let size = 0;
  for (let i = 0, at = 20; i < count; i++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) {
      values[i] = null;
      continue;
    }
    let same = length === size ? 0 : -1;
    while (same >= 0 && same < length) same = bytes[from + same] === bytes[at + same] ? same + 1 : -1;
    if (same < 0) {
      before = bytes.toString('utf8', at, at + length);
      from = at;
      size = length;
    }
    values[i] = before;
    at += length;
  }
  return values;
}

/** Without nulls. */
function numbers(
  bytes: Buffer,
  values: Float64Array,
  kind: Exclude<ColumnKind, 'text' | 'boolean'>,
): Float64Array {
  const count = values.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === 'int') for (let i = 0, at = 24; i < count; i++, at += 8) values[i] = view.getInt32(at);
  else if (kind === 'float')
    for (let i = 0, at = 24; i < count; i++, at += 8) values[i] = view.getFloat32(at);
  else if (kind === 'double')
    for (let i = 0, at = 24; i < count; i++, at += 12) values[i] = view.getFloat64(at);
  else {
    const from = kind === 'time' ? EPOCH : 0;
    for (let i = 0, at = 24; i < count; i++, at += 12)
      values[i] = view.getInt32(at) * HIGH + view.getUint32(at + 4) + from;
  }
  return values;
}

const BYTEA = 17;

/** The type parsers of a statement whose bytes are columns of these kinds, over and over: read as they arrive, so that no text waits. */
export function columnTypes(kinds: readonly ColumnKind[], arrays: () => ColumnArrays) {
  let place = 0;
  const column = (text: string) => readColumn(text, kinds[place++ % kinds.length]!, arrays());
  return { getTypeParser: (oid: number) => (oid === BYTEA ? column : (text: string) => text) };
}
