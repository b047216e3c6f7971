import { type Kind, TYPES } from './fields.ts';

type Scalar = string | number | boolean | Date;

/** Conditions on one value; all that are given hold together, and none holds of an absent value but `isNull`. */
export interface Comparison {
  readonly eq?: unknown;
  readonly in?: readonly unknown[] | null;
  readonly gt?: Scalar | null;
  readonly gte?: Scalar | null;
  readonly lt?: Scalar | null;
  readonly lte?: Scalar | null;
  readonly contains?: string | null;
  readonly startsWith?: string | null;
  readonly isNull?: boolean | null;
}
export interface TagCondition {
  readonly has?: string | null;
  readonly hasAny?: readonly string[] | null;
  readonly hasNone?: readonly string[] | null;
  readonly isEmpty?: boolean | null;
}

/** Values of a statement in the order of their numbers. */
export class Values {
  readonly list: unknown[] = [];
  add(value: unknown): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }
}

const given = <T>(value: T | null | undefined): value is T => value !== undefined && value !== null;
export const all = (terms: readonly string[]): string => terms.join(' AND ') || 'true';

const BOUNDS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
/** A moment is told to the millisecond but kept to the microsecond; it compares as it is told. */
const MOMENT_BOUNDS = {
  gt: (at: string) => `>= ${at} + interval '1 millisecond'`,
  gte: (at: string) => `>= ${at}`,
  lt: (at: string) => `< ${at}`,
  lte: (at: string) => `< ${at} + interval '1 millisecond'`,
} as const;

/** The conditions on `sql` as SQL. Every value goes as a parameter with its type, so that none is read as another type's. */
export function conditions(sql: string, kind: Kind, is: Comparison, values: Values): string[] {
  const type = TYPES[kind];
  const write = (value: unknown): unknown => (kind === 'json' ? JSON.stringify(value) : value);
  const terms: string[] = [];
  if (given(is.eq)) terms.push(`${sql} = ${values.add(write(is.eq))}::${type}`);
  if (given(is.in)) terms.push(`${sql} = ANY (${values.add(is.in.map(write))}::${type}[])`);
  for (const name of Object.keys(BOUNDS) as (keyof typeof BOUNDS)[]) {
    if (!given(is[name])) continue;
    const bound = `${values.add(is[name])}::${type}`;
    terms.push(`${sql} ${kind === 'moment' ? MOMENT_BOUNDS[name](bound) : `${BOUNDS[name]} ${bound}`}`);
  }
  if (given(is.contains)) terms.push(`strpos(${sql}, ${values.add(is.contains)}::text) > 0`);
  if (given(is.startsWith)) terms.push(`starts_with(${sql}, ${values.add(is.startsWith)}::text)`);
  if (given(is.isNull)) terms.push(`(${sql}) IS ${is.isNull ? '' : 'NOT '}NULL`);
  return terms;
}

/** Conditions on a free parameter `json`: one of another type than the condition's is not equal, nor before or after. */
export function paramConditions(json: string, is: Comparison, values: Values): string[] {
  const { eq, in: list, gt, gte, lt, lte, contains, startsWith, isNull } = is;
  const as = (type: string, sql: string) => `CASE jsonb_typeof(${json}) WHEN '${type}' THEN ${sql} END`;
  return [
    ...conditions(json, 'json', { eq, in: list ?? null, isNull: isNull ?? null }, values),
    ...conditions(
      as('number', `(${json})::text::float8`),
      'number',
      { gt, gte, lt, lte } as Comparison,
      values,
    ),
    ...conditions(as('string', `${json} #>> '{}'`), 'text', { contains, startsWith } as Comparison, values),
  ];
}

/** Conditions on the tags in the column `sql`. The index has only runs with tags, so a condition that it can answer says so. */
export function tagConditions(sql: string, is: TagCondition, values: Values): string[] {
  const terms: string[] = [];
  if (given(is.has)) terms.push(`${sql} <> '{}' AND ${sql} @> ARRAY[${values.add(is.has)}::text]`);
  if (given(is.hasAny)) terms.push(`${sql} <> '{}' AND ${sql} && ${values.add(is.hasAny)}::text[]`);
  if (given(is.hasNone)) terms.push(`NOT ${sql} && ${values.add(is.hasNone)}::text[]`);
  if (given(is.isEmpty)) terms.push(`${sql} ${is.isEmpty ? '=' : '<>'} '{}'`);
  return terms;
}

/** The words of a search. */
export const wordsOf = (search: string): string[] => search.split(/\s+/u).filter((word) => word !== '');
/** Lower case of every language, whatever the database's own. */
export const folded = (sql: string): string => `lower(${sql} COLLATE "und-x-icu")`;
