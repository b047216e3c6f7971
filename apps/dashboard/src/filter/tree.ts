import type { RunFilter } from '../axis/axis';
import { fieldOf, isListOperator, isValue, type Kind, OPERATORS } from './fields';

/** Operator → value; undefined: not typed yet. */
export type Comparisons = Readonly<Record<string, unknown>>;

/** One thing that a filter asks: just what stands in it, so that all of it can be read from and written to the filter itself. */
export type Part = { readonly id: number } & (
  | { readonly kind: 'field'; readonly field: string; readonly is: Comparisons }
  | { readonly kind: 'param'; readonly name: string; readonly is: Comparisons }
  | { readonly kind: 'metric'; readonly name: string; readonly value: string; readonly is: Comparisons }
  | { readonly kind: 'and' | 'or' | 'not'; readonly of: readonly All[] }
  /** What rows cannot show: kept as it is. */
  | { readonly kind: 'raw'; readonly field: string; readonly value: unknown }
);
/** A filter: all of its parts hold. */
export interface All {
  readonly id: number;
  readonly parts: readonly Part[];
}

export type Group = Extract<Part, { kind: 'and' | 'or' | 'not' }>;
export const isGroup = (part: Part): part is Group =>
  part.kind === 'and' || part.kind === 'or' || part.kind === 'not';

let last = 0;
/** Told apart by it in the editor; it means nothing else. */
export const newId = (): number => ++last;
export const all = (parts: readonly Part[] = []): All => ({ id: newId(), parts });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const given = (is: Comparisons): [string, unknown][] =>
  Object.entries(is).filter(([, value]) => value !== undefined);

function fits(kind: Kind, is: unknown): is is Comparisons {
  return isObject(is) && Object.entries(is).every(([operator, value]) => isValue(kind, operator, value));
}

/** A filter as parts, in its order. Whatever is not of a known shape becomes a raw part. */
export function readTree(filter: RunFilter): All {
  return all(Object.entries(filter).flatMap(([field, value]) => readField(field, value)));
}

function readField(field: string, value: unknown): Part[] {
  const raw: Part[] = [{ id: newId(), kind: 'raw', field, value }];
  switch (field) {
    case 'and':
    case 'or':
      return Array.isArray(value) && value.every(isObject)
        ? [{ id: newId(), kind: field, of: value.map((one) => readTree(one)) }]
        : raw;
    case 'not':
      return isObject(value) ? [{ id: newId(), kind: 'not', of: [readTree(value)] }] : raw;
    case 'params':
      return (
        listOf(value, ({ name, ...is }) =>
          typeof name === 'string' && fits('param', is)
            ? { id: newId(), kind: 'param', name, is }
            : undefined,
        ) ?? raw
      );
    case 'metrics':
      return (
        listOf(value, ({ name, value, is, ...rest }) =>
          typeof name === 'string' &&
          typeof value === 'string' &&
          fits('number', is) &&
          Object.keys(rest).length === 0
            ? { id: newId(), kind: 'metric', name, value, is }
            : undefined,
        ) ?? raw
      );
    case 'budget':
      return isObject(value) && Object.keys(value).length > 0
        ? (every(Object.entries(value), ([part, one]) => readOne(`budget.${part}`, one)) ?? raw)
        : raw;
    default: {
      const part = field.includes('.') ? undefined : readOne(field, value);
      return part ? [part] : raw;
    }
  }
}

function readOne(field: string, value: unknown): Part | undefined {
  const known = fieldOf(field);
  if (!known) return undefined;
  const [plain] = OPERATORS[known.kind];
  const is = isPlain(known.kind) ? { [plain!]: value } : value;
  return fits(known.kind, is) ? { id: newId(), kind: 'field', field, is } : undefined;
}
/** Fields whose value stands in the filter without an operator. */
const isPlain = (kind: Kind): boolean => kind === 'status' || kind === 'unit' || kind === 'search';

function every<T, R>(list: readonly T[], read: (one: T) => R | undefined): R[] | undefined {
  const found = list.flatMap((one) => read(one) ?? []);
  return found.length === list.length ? found : undefined;
}
const listOf = (value: unknown, read: (one: Readonly<Record<string, unknown>>) => Part | undefined) =>
  Array.isArray(value) && value.length > 0 && value.every(isObject) ? every(value, read) : undefined;

/** The filter that the parts say. Two parts of one name, which an object has no place for, go into an `and`. */
export function writeTree({ parts }: All): RunFilter {
  const filter: Record<string, unknown> = {};
  /** Names that further parts can be added to. */
  const lists = new Set<string>();
  const more: Part[] = [];
  const put = (name: string, value: unknown, part: Part): void => {
    if (Object.hasOwn(filter, name)) more.push(part);
    else filter[name] = value;
  };
  const join = (name: string, value: object, part: Part): void => {
    if (Object.hasOwn(filter, name) && !lists.has(name)) more.push(part);
    else {
      lists.add(name);
      filter[name] = [...((filter[name] as object[] | undefined) ?? []), value];
    }
  };
  for (const part of parts) {
    if (part.kind === 'raw') put(part.field, part.value, part);
    else if (isGroup(part))
      put(part.kind, part.kind === 'not' ? writeTree(part.of[0]!) : part.of.map(writeTree), part);
    else {
      const is = Object.fromEntries(given(part.is));
      if (part.kind === 'param') join('params', { name: part.name, ...is }, part);
      else if (part.kind === 'metric') join('metrics', { name: part.name, value: part.value, is }, part);
      else {
        const { kind } = fieldOf(part.field)!;
        const value = isPlain(kind) ? is[OPERATORS[kind][0]!] : is;
        // Not typed yet: it is not asked.
        if (value === undefined) continue;
        const [name, inner] = part.field.split('.') as [string, string?];
        if (inner === undefined) put(name, value, part);
        else if (!Object.hasOwn(filter, name)) {
          lists.add(name);
          filter[name] = { [inner]: value };
        } else if (lists.has(name) && !Object.hasOwn(filter[name] as object, inner))
          filter[name] = { ...(filter[name] as object), [inner]: value };
        else more.push(part);
      }
    }
  }
  if (more.length === 0) return filter;
  const rest = writeTree({ id: 0, parts: more });
  if (!Object.hasOwn(filter, 'and')) return { ...filter, and: [rest] };
  return Array.isArray(filter.and) ? { ...filter, and: [...filter.and, rest] } : { and: [filter, rest] };
}

/** Whether something in it is not typed yet. */
export function isIncomplete({ parts }: All): boolean {
  return parts.some((part) => {
    if (part.kind === 'raw') return false;
    if (isGroup(part)) return part.of.some(isIncomplete);
    const values = Object.entries(part.is);
    const named = part.kind === 'field' || part.name.trim() !== '';
    return !named || values.some(([, value]) => value === undefined);
  });
}

/** The same with new parts in the place of one: none takes it away. */
export function replacePart(tree: All, id: number, next: (part: Part) => readonly Part[]): All {
  return {
    ...tree,
    parts: tree.parts.flatMap((part) =>
      part.id === id ? next(part) : [inside(part, (one) => replacePart(one, id, next))],
    ),
  };
}
/** The same with one of its filters changed. */
export function changeAll(tree: All, id: number, next: (one: All) => All): All {
  if (tree.id === id) return next(tree);
  return { ...tree, parts: tree.parts.map((part) => inside(part, (one) => changeAll(one, id, next))) };
}
function inside(part: Part, change: (one: All) => All): Part {
  return isGroup(part) ? { ...part, of: part.of.map(change) } : part;
}

export const addPart = (tree: All, to: number, part: Part): All =>
  changeAll(tree, to, (one) => ({ ...one, parts: [...one.parts, part] }));
export const removePart = (tree: All, id: number): All => replacePart(tree, id, () => []);
export const duplicatePart = (tree: All, id: number): All =>
  replacePart(tree, id, (part) => [part, withNewIds(part)]);

/** One place up or down among its neighbours; at an edge it stays. */
export function movePart(tree: All, id: number, by: -1 | 1): All {
  const at = tree.parts.findIndex((part) => part.id === id);
  if (at < 0)
    return { ...tree, parts: tree.parts.map((part) => inside(part, (one) => movePart(one, id, by))) };
  const to = at + by;
  if (to < 0 || to >= tree.parts.length) return tree;
  const parts = [...tree.parts];
  parts.splice(to, 0, ...parts.splice(at, 1));
  return { ...tree, parts };
}

/** A part alone as a group of one, or its opposite; a group of one that holds one part, as that part. */
export const wrapPart = (tree: All, id: number, kind: 'and' | 'or' | 'not'): All =>
  replacePart(tree, id, (part) =>
    kind === 'not' && part.kind === 'not'
      ? part.of[0]!.parts.length === 1
        ? part.of[0]!.parts
        : [{ id: newId(), kind: 'and', of: part.of }]
      : [{ id: newId(), kind, of: [all([part])] }],
  );
export const unwrapPart = (tree: All, id: number): All =>
  replacePart(tree, id, (part) =>
    (part.kind === 'and' || part.kind === 'or') && part.of.length === 1 ? part.of[0]!.parts : [part],
  );

function withNewIds(part: Part): Part {
  const fresh = inside(part, (one) => ({ id: newId(), parts: one.parts.map(withNewIds) }));
  return { ...fresh, id: newId() };
}

/** A condition to be filled in. */
export function newPart(field: string): Part {
  const id = newId();
  if (field === 'or') return { id, kind: 'or', of: [all(), all()] };
  if (field === 'and' || field === 'not') return { id, kind: field, of: [all()] };
  if (field === 'param') return { id, kind: 'param', name: '', is: { eq: undefined } };
  if (field === 'metric')
    return { id, kind: 'metric', name: 'test_accuracy', value: 'MEDIAN_LAST_5', is: { gte: undefined } };
  const { kind } = fieldOf(field)!;
  const [operator] = OPERATORS[kind];
  return {
    id,
    kind: 'field',
    field,
    is: { [operator!]: kind === 'yesNo' ? true : isListOperator(operator!) ? [] : undefined },
  };
}
