import type { Numbers, Series } from '@smallbatch/db';
import { Gathered, invalid, originOf, type ReadRecords, type Records, shown } from './batch.ts';

/**
 * A body of packed columns, little-endian: "SBC1", the length of its header in bytes (uint32), the header (JSON, filled up with spaces to a
 * multiple of 8), then the columns in the order in which the header names them, each filled up to a multiple of 8 bytes.
 */
const MAGIC = 'SBC1';
const COLUMNS = ['steps', 'values', 'epochs', 'samplesSeen', 'wallTimes'] as const;
const WIDTHS = { f64: 8, f32: 4, i32: 4, i64: 8 } as const;
type Type = keyof typeof WIDTHS;
/** A column that rises evenly needs no bytes. */
interface Even {
  readonly from: number;
  readonly by: number;
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;

function headerOf(body: Uint8Array<ArrayBuffer>): { series: Record<string, unknown>[]; at: number } {
  const bad = (message: string) =>
    invalid('header', message, '"SBC1", its length as uint32, and {"series": […]} as JSON (docs/ingest.md)');
  if (body.length < 8 || Buffer.from(body.buffer, 0, 4).toString('latin1') !== MAGIC)
    throw bad('it does not begin with "SBC1"');
  const length = new DataView(body.buffer).getUint32(4, true);
  const at = 8 + length;
  if (at > body.length || at % 8 !== 0)
    throw bad(`invalid length ${length}: the header has to end within the body, at a multiple of 8 bytes`);
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(body.buffer, 8, length).toString('utf8'));
  } catch {
    throw bad('it is not valid JSON');
  }
  const series = (header as { series?: unknown } | null)?.series;
  if (!Array.isArray(series) || series.some((one) => typeof one !== 'object' || one === null))
    throw bad('missing series');
  return { series, at };
}

function view(body: Uint8Array<ArrayBuffer>, type: Type, at: number, count: number): Numbers {
  if (type === 'f64') return new Float64Array(body.buffer, at, count);
  if (type === 'f32') return new Float32Array(body.buffer, at, count);
  if (type === 'i32') return new Int32Array(body.buffer, at, count);
  // As halves: a BigInt a number would be most of the work.
  const halves = new DataView(body.buffer, at, count * 8);
  const column = new Float64Array(count);
  for (let i = 0; i < count; i++)
    column[i] = halves.getInt32(i * 8 + 4, true) * 2 ** 32 + halves.getUint32(i * 8, true);
  return column;
}

function even({ from, by }: Even, count: number): Float64Array {
  const column = new Float64Array(count);
  for (let i = 0; i < count; i++) column[i] = from + i * by;
  return column;
}

const isEven = (spec: unknown): spec is Even =>
  typeof spec === 'object' &&
  spec !== null &&
  Number.isFinite((spec as Even).from) &&
  Number.isFinite((spec as Even).by);
const isType = (spec: unknown): spec is Type => typeof spec === 'string' && Object.hasOwn(WIDTHS, spec);

/** Reads packed columns where they lie; a record is a series. */
export const readPacked: ReadRecords = (body, skip, upload): Records => {
  const { series, at: start } = headerOf(body);
  const gathered = new Gathered();
  let at = start;
  series.forEach((given, i) => {
    const where = `series ${i}`;
    const { metric, count } = given;
    if (typeof metric !== 'string')
      throw invalid(where, `invalid metric ${shown(metric)}`, 'the name of a metric');
    if (!Number.isInteger(count) || (count as number) < 1)
      throw invalid(where, `invalid count ${shown(count)}`, 'a whole number from 1');
    const points = count as number;
    const origin = originOf(given, where, upload);
    if (i >= skip) gathered.count(points);
    const columns: Partial<Record<(typeof COLUMNS)[number], Numbers>> = {};
    for (const name of COLUMNS) {
      const spec = given[name];
      if (spec === undefined && name !== 'steps' && name !== 'values') continue;
      if (isEven(spec) && name !== 'values') {
        if (i >= skip) columns[name] = even(spec, points);
        continue;
      }
      if (!isType(spec) || (name === 'values' && !spec.startsWith('f')))
        throw invalid(
          where,
          `invalid ${name} ${shown(spec)}`,
          name === 'values' ? '"f64" or "f32"' : '"f64", "f32", "i32", "i64" or {"from": a, "by": b}',
        );
      const end = at + padded(points * WIDTHS[spec]);
      if (end > body.length)
        throw invalid(
          where,
          `missing bytes: ${name} ends at ${end}, the body at ${body.length}`,
          'all columns',
        );
      if (i >= skip) columns[name] = view(body, spec, at, points);
      at = end;
    }
    const unknown = Object.keys(given).find((field) => !FIELDS.has(field));
    if (unknown !== undefined)
      throw invalid(where, `unknown field ${shown(unknown)}`, [...FIELDS].join(', '));
    if (i >= skip) gathered.batch(origin).push({ metric, ...columns } as Series);
  });
  if (at !== body.length)
    throw invalid(
      'body',
      `${body.length - at} bytes after the last column`,
      'the columns that the header names',
    );
  return { records: series.length, batches: gathered.batches };
};
const FIELDS = new Set<string>(['run', 'attempt', 'sequence', 'metric', 'count', ...COLUMNS]);
