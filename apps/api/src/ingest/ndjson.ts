import type { Series } from '@smallbatch/db';
import { Gathered, invalid, type Origin, originOf, type ReadRecords, type Records, shown } from './batch.ts';

/** The words for what JSON has no number for. */
const WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const POINT = {
  step: 'steps',
  value: 'values',
  epoch: 'epochs',
  samplesSeen: 'samplesSeen',
  wallTime: 'wallTimes',
} as const;
const COLUMNS = ['steps', 'values', 'epochs', 'samplesSeen', 'wallTimes'] as const;
type Column = (typeof COLUMNS)[number];
const FIELDS = new Set<string>(['run', 'attempt', 'sequence', 'metric', ...Object.keys(POINT), ...COLUMNS]);

/** A series that grows line by line. A column begins with the first line that has it, and is NaN where it was absent. */
class Growing implements Series {
  readonly metric: string;
  readonly steps: number[] = [];
  readonly values: number[] = [];
  epochs: number[] | null = null;
  samplesSeen: number[] | null = null;
  wallTimes: number[] | null = null;

  constructor(metric: string) {
    this.metric = metric;
  }

  optional(name: 'epochs' | 'samplesSeen' | 'wallTimes'): number[] {
    const column = this[name] ?? [];
    this[name] = column;
    return column;
  }

  /** Makes all columns as long as the steps. */
  level(): void {
    const { length } = this.steps;
    for (const column of [this.epochs, this.samplesSeen, this.wallTimes])
      while (column && column.length < length) column.push(Number.NaN);
  }
}

const numeric = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'string' ? WORDS[value] : undefined;

function parse(line: string, where: string): Record<string, unknown> {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    throw invalid(where, `not valid JSON: ${line.slice(0, 60)}`, 'one JSON object a line');
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalid(where, `not an object: ${line.slice(0, 60)}`, 'one JSON object a line');
  for (const field in record)
    if (!FIELDS.has(field)) throw invalid(where, `unknown field ${shown(field)}`, [...FIELDS].join(', '));
  return record as Record<string, unknown>;
}

/** One point a line. */
function addPoint(series: Growing, record: Record<string, unknown>, where: string): void {
  const take = (field: keyof typeof POINT): number | undefined => {
    const given = record[field];
    if (given === undefined) return undefined;
    const value = field === 'value' ? numeric(given) : typeof given === 'number' ? given : undefined;
    if (value === undefined)
      throw invalid(
        where,
        `invalid ${field} ${shown(given)}`,
        field === 'value' ? 'a number, "NaN", "Infinity" or "-Infinity"' : 'a number',
      );
    return value;
  };
  const [step, value] = [take('step'), take('value')];
  if (step === undefined || value === undefined)
    throw invalid(
      where,
      `missing ${step === undefined ? 'step' : 'value'}`,
      'step and value, or steps and values',
    );
  const [epoch, samples, time] = [take('epoch'), take('samplesSeen'), take('wallTime')];
  const place = series.steps.length;
  series.steps.push(step);
  series.values.push(value);
  if (epoch !== undefined) put(series.optional('epochs'), place, epoch);
  if (samples !== undefined) put(series.optional('samplesSeen'), place, samples);
  if (time !== undefined) put(series.optional('wallTimes'), place, time);
}

function put(column: number[], place: number, value: number): void {
  while (column.length < place) column.push(Number.NaN);
  column.push(value);
}

/** Columns of points on one line. */
function addColumns(
  series: Growing,
  record: Record<string, unknown>,
  where: string,
  gathered: Gathered,
): void {
  const { steps } = record;
  if (!Array.isArray(steps)) throw invalid(where, `invalid steps ${shown(steps)}`, 'a list of whole numbers');
  const { length } = steps;
  gathered.count(length);
  const place = series.steps.length;
  for (const name of COLUMNS) {
    const given = record[name];
    if (given === undefined && name !== 'values') continue;
    if (!Array.isArray(given) || given.length !== length)
      throw invalid(
        where,
        Array.isArray(given)
          ? `invalid ${name}: ${given.length} numbers for ${length} steps`
          : `invalid ${name} ${shown(given)}`,
        `a list of ${length} numbers`,
      );
    const column = name === 'steps' || name === 'values' ? series[name] : series.optional(name);
    while (column.length < place) column.push(Number.NaN);
    for (let i = 0; i < length; i++) column.push(one(given[i], name, i, where));
  }
}

function one(given: unknown, name: Column, place: number, where: string): number {
  if (typeof given === 'number') return given;
  if (given === null && name !== 'steps' && name !== 'values') return Number.NaN;
  const value = name === 'values' ? numeric(given) : undefined;
  if (value === undefined)
    throw invalid(
      where,
      `invalid ${name} at place ${place}: ${shown(given)}`,
      name === 'values'
        ? 'numbers, "NaN", "Infinity" or "-Infinity"'
        : name === 'steps'
          ? 'numbers'
          : 'numbers or null',
    );
  return value;
}

/** Reads lines of JSON, each a point or columns of points; empty lines are no records. */
export const readLines: ReadRecords = (body, skip, upload): Records => {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const gathered = new Gathered();
  const all = new Map<string, Growing>();
  let records = 0;
  for (let from = 0, number = 1; from < text.length; number++) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end);
    from = end < 0 ? text.length : end + 1;
    if (line.trim() === '') continue;
    if (records++ < skip) continue;
    const where = `line ${number}`;
    const record = parse(line, where);
    const origin: Origin = originOf(record, where, upload);
    const { metric } = record;
    if (typeof metric !== 'string')
      throw invalid(where, `invalid metric ${shown(metric)}`, 'the name of a metric');
    const key = `${origin.run}\n${origin.attempt}\n${origin.sequence}\n${metric}`;
    let series = all.get(key);
    if (!series) {
      series = new Growing(metric);
      all.set(key, series);
      gathered.batch(origin).push(series);
    }
    if ('steps' in record) addColumns(series, record, where, gathered);
    else {
      gathered.count(1);
      addPoint(series, record, where);
    }
  }
  for (const series of all.values()) series.level();
  return { records, batches: gathered.batches };
};
