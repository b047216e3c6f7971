import { both, EVERYTHING, type RunFilter } from '../filter/filter';

/** Runs that are chosen: by their keys, or all that match the filter, also those that were never loaded, but for some. */
export type Selection =
  | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> }
  | { readonly kind: 'all'; readonly except: ReadonlySet<string> };

export const NOTHING: Selection = { kind: 'keys', keys: new Set() };
export const ALL: Selection = { kind: 'all', except: new Set() };

export const isChosen = (selection: Selection, key: string): boolean =>
  selection.kind === 'keys' ? selection.keys.has(key) : !selection.except.has(key);

/** How many, of so many that match. */
export const sizeOf = (selection: Selection, total: number): number =>
  selection.kind === 'keys' ? selection.keys.size : Math.max(0, total - selection.except.size);

/** With these chosen, or not any more. */
export function withKeys(selection: Selection, keys: readonly string[], chosen: boolean): Selection {
  const set = new Set(selection.kind === 'keys' ? selection.keys : selection.except);
  for (const key of keys)
    if (chosen === (selection.kind === 'keys')) set.add(key);
    else set.delete(key);
  return selection.kind === 'keys' ? { kind: 'keys', keys: set } : { kind: 'all', except: set };
}

/** The API's most values of `in`. */
const MOST_IN = 1000;

/** The chosen runs as a filter, for links and questions. */
export function chosenFilter(selection: Selection, where: RunFilter): RunFilter {
  if (selection.kind === 'keys') return keysFilter([...selection.keys]);
  return selection.except.size === 0 ? where : both(where, { not: keysFilter([...selection.except]) });
}

function keysFilter(keys: readonly string[]): RunFilter {
  if (keys.length === 1) return { key: { eq: keys[0]! } };
  if (keys.length <= MOST_IN) return { key: { in: [...keys] } };
  return {
    or: Array.from({ length: Math.ceil(keys.length / MOST_IN) }, (_, i) => ({
      key: { in: keys.slice(i * MOST_IN, (i + 1) * MOST_IN) },
    })),
  };
}

/** What a mutation of many runs takes: a filter where all of it are meant, else the keys. */
export const meantBy = (
  selection: Selection,
  where: RunFilter,
): { readonly where: RunFilter } | { readonly keys: string[] } =>
  selection.kind === 'keys'
    ? { keys: [...selection.keys] }
    : { where: chosenFilter(selection, where) ?? EVERYTHING };
