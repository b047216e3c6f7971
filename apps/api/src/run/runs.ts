import { createHash } from 'node:crypto';
import {
  bestOf,
  isPlace,
  METRIC_VALUES,
  type MetricValue,
  type Order,
  type OrderField,
  type PageQuery,
  type RunFilter,
  withoutGoal,
  wordsOf,
} from '@smallbatch/db';
import { decodeCursor, encodeCursor, readPage } from '../builder.ts';
import type { Context } from '../context.ts';
import { fault } from '../errors.ts';

interface OrderInput {
  readonly field?: string | null;
  readonly metric?: { readonly name: string; readonly value: MetricValue } | null;
  readonly param?: string | null;
  readonly direction?: 'ASC' | 'DESC' | null;
}
export interface RunsArguments {
  readonly where?: unknown;
  readonly orderBy?: readonly OrderInput[] | null;
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
  readonly skip?: number | null;
}

const MAX_DEPTH = 12;
const MAX_CONDITIONS = 200;
const MAX_LIST = 1000;
const MAX_SEARCH = 200;
const MAX_WORDS = 10;
const MAX_ORDERS = 5;

const bad = (message: string) => fault('BAD_INPUT', `invalid filter: ${message}`);

/** What no text of the database can hold: NUL, and half of a character. */
const UNWRITABLE = /\0|\p{Surrogate}/u;
function checkText(text: string): void {
  if (!UNWRITABLE.test(text)) return;
  throw bad(text.includes('\0') ? 'a text with a NUL character' : 'a text with half of a surrogate pair');
}

/** Checks what the schema cannot say of a filter: its depth, its size, the lengths of its lists, and values that compare with nothing. */
export function readFilter(where: unknown): RunFilter | undefined {
  checkSize(where);
  if (where !== undefined && where !== null) checkConditions(where as RunFilter);
  return (where ?? undefined) as RunFilter | undefined;
}
/** The same of a filter of sweeps, whose fields are named as a run's. */
export const readSweepFilter = readFilter as (where: unknown) => object | undefined;

function checkSize(where: unknown): void {
  let conditions = 0;
  const walk = (value: unknown, depth: number): void => {
    if (depth > 3 * MAX_DEPTH) throw bad(`nested deeper than ${MAX_DEPTH}`);
    if (Array.isArray(value) && value.length > MAX_LIST)
      throw bad(`a list of ${value.length}; at most ${MAX_LIST}`);
    if (typeof value === 'string') checkText(value);
    // A literal like 1e999 is read as ∞, which JSON cannot say.
    if (typeof value === 'number' && !Number.isFinite(value)) throw bad(`${value}; a finite number`);
    if (typeof value !== 'object' || value === null || value instanceof Date) return;
    if (!Array.isArray(value)) {
      const names = Object.keys(value);
      conditions += names.length;
      for (const name of names) checkText(name);
    }
    if (conditions > MAX_CONDITIONS) throw bad(`more than ${MAX_CONDITIONS} conditions`);
    for (const inner of Object.values(value)) walk(inner, depth + 1);
  };
  walk(where, 0);
}

function checkConditions(filter: RunFilter): void {
  for (const [field, given] of Object.entries(filter)) {
    if (given === undefined || given === null || field === 'status') continue;
    if (field === 'and' || field === 'or') for (const part of given as RunFilter[]) checkConditions(part);
    else if (field === 'not') checkConditions(given as RunFilter);
    else if (field === 'search') checkSearch(given as string);
    else if (field === 'budget') {
      const { unit: _, ...parts } = given as NonNullable<RunFilter['budget']>;
      for (const [name, is] of Object.entries(parts)) if (is) checkOperators(`budget.${name}`, is);
    } else if (field === 'metrics') {
      for (const { name, value, is } of given as NonNullable<RunFilter['metrics']>) {
        checkOperators(`metrics "${name.slice(0, 60)}"`, is);
        checkValue(value);
      }
    } else if (field === 'params') {
      for (const { name, ...is } of given as NonNullable<RunFilter['params']>) {
        const place = `params "${name.slice(0, 60)}"`;
        checkOperators(place, is);
        for (const value of [...(is.eq === undefined ? [] : [is.eq]), ...(is.in ?? [])])
          if (!['string', 'number', 'boolean'].includes(typeof value))
            throw bad(`${place} is ${JSON.stringify(value)?.slice(0, 60)}; a number, a text, true or false`);
      }
    } else checkOperators(field, given);
  }
}
/** A null where a value is expected is a mistake: read as "not given" it would match every run. */
function checkOperators(place: string, is: object): void {
  for (const [operator, value] of Object.entries(is))
    if (value === null)
      throw bad(
        `${place}.${operator} is null; leave it out${'isEmpty' in is || 'has' in is ? '' : ', or say isNull: true for an absent value'}`,
      );
}
/** What a run has cost is a value of the run, not of a metric. */
function checkValue(value: MetricValue): void {
  if (METRIC_VALUES.includes(value)) return;
  throw fault(
    'BAD_INPUT',
    `invalid value ${value} of a metric: take ${METRIC_VALUES.join(', ')}, or the fields deviceSeconds, samplesSeen and step of the run`,
  );
}
function checkSearch(search: string): void {
  if (search.length > MAX_SEARCH) throw bad(`a search of ${search.length} characters; at most ${MAX_SEARCH}`);
  const words = wordsOf(search).length;
  if (words > MAX_WORDS) throw bad(`a search of ${words} words; at most ${MAX_WORDS}`);
}

/** BEST has a meaning only for a metric with a goal: refuses a filter or an order that asks for another's. One statement, if it asks at all. */
export async function checkGoals(
  { db, viewer }: Context,
  filters: readonly (RunFilter | null | undefined)[],
  order: readonly Order[] = [],
): Promise<void> {
  const names = filters.flatMap(bestOf);
  for (const one of order) if ('metric' in one && one.metric.value === 'BEST') names.push(one.metric.name);
  if (names.length === 0) return;
  const [name] = await withoutGoal(db, viewer!.teamId, [...new Set(names)]);
  if (name !== undefined)
    throw fault(
      'BAD_INPUT',
      `invalid value BEST: metric "${name.slice(0, 80)}" has no goal; set it with setMetricGoal, or take MIN, MAX, LAST, MEAN or MEDIAN_LAST_5`,
    );
}

/** Reads a filter, and checks that what it asks the best of has one. */
export async function filterFor(context: Context, where: unknown): Promise<RunFilter | undefined> {
  const filter = readFilter(where);
  await checkGoals(context, [filter]);
  return filter;
}

function readOrder({ direction: way, field, metric, param }: OrderInput): Order {
  const direction = way ?? 'ASC';
  const given = Object.entries({ field, metric, param }).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ') || 'none';
    throw fault('BAD_INPUT', `invalid orderBy: ${names}; give exactly one of field, metric and param`);
  }
  for (const text of [metric?.name, param])
    if (typeof text === 'string' && UNWRITABLE.test(text))
      throw fault('BAD_INPUT', `invalid orderBy: ${JSON.stringify(text.slice(0, 60))}; a text without NUL`);
  if (metric) checkValue(metric.value);
  if (metric) return { metric: { name: metric.name, value: metric.value }, direction };
  if (typeof param === 'string') return { param, direction };
  return { field: field as OrderField, direction };
}

/** What makes a cursor one of this order. */
const markOf = (order: readonly Order[]): string =>
  createHash('sha256').update(JSON.stringify(order)).digest('base64url').slice(0, 8);

export interface ReadRuns {
  readonly query: PageQuery;
  readonly page: ReturnType<typeof readPage>;
  /** The cursor of a place in this order. */
  readonly cursorOf: (row: { readonly cursor: readonly unknown[] }) => string;
}

/** Reads the arguments of a list of runs into a page of the database. */
export function readRuns(args: RunsArguments, teamId: string, natural: Order): ReadRuns {
  const skip = args.skip ?? 0;
  if (skip < 0) throw fault('BAD_INPUT', `invalid skip: ${skip}; a number from 0`);
  const page = { ...readPage(args), skip };
  const order = (args.orderBy ?? []).map(readOrder);
  if (order.length > MAX_ORDERS)
    throw fault('BAD_INPUT', `invalid orderBy: ${order.length} entries; at most ${MAX_ORDERS}`);
  if (order.length === 0) order.push(natural);
  const where = readFilter(args.where);
  const mark = markOf(order);
  const from = page.cursor ? placeOf(page.cursor, order, mark) : undefined;
  return {
    page,
    cursorOf: ({ cursor }) => encodeCursor([mark, ...cursor]),
    query: {
      teamId,
      order,
      count: page.count,
      backwards: page.backwards,
      ...(where ? { where } : {}),
      ...(from ? { from } : {}),
      ...(skip > 0 ? { skip } : {}),
    },
  };
}

function placeOf(cursor: string, order: readonly Order[], mark: string): unknown[] {
  const [given, ...place] = decodeCursor(cursor);
  if (given !== mark)
    throw fault(
      'BAD_CURSOR',
      `invalid cursor "${cursor.slice(0, 60)}": it is of another order; use one that this list returned, with the same orderBy`,
    );
  if (!isPlace(order, place))
    throw fault('BAD_CURSOR', `invalid cursor "${cursor.slice(0, 60)}": use one that this list returned`);
  return place;
}
