import { createParser } from 'nuqs';
import type { RunFilter } from '../axis/axis';

export type { RunFilter };

/** Matches every run. */
export const EVERYTHING: RunFilter = {};

/** A filter in the URL is the filter itself, as JSON: what a script sends, too. What it may hold the API decides. */
export const parseAsFilter = createParser<RunFilter>({
  parse(text) {
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
    } catch {
      return null;
    }
  },
  serialize: (filter) => JSON.stringify(filter),
  eq: (a, b) => JSON.stringify(a) === JSON.stringify(b),
});

export const isEverything = (filter: RunFilter): boolean => Object.keys(filter).length === 0;

/** Runs that match all of these. */
export function both(...filters: readonly RunFilter[]): RunFilter {
  const some = filters.filter((filter) => !isEverything(filter));
  if (some.length < 2) return some[0] ?? EVERYTHING;
  const names = some.flatMap((filter) => Object.keys(filter));
  return new Set(names).size === names.length ? Object.assign({}, ...some) : { and: some };
}

/** The address of the runs that match. */
export const runsHref = (filter: RunFilter): string =>
  isEverything(filter) ? '/runs' : `/runs?${new URLSearchParams({ where: JSON.stringify(filter) })}`;
