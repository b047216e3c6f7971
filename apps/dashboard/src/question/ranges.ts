import { createParser } from 'nuqs';

/** What is kept of an axis: numbers inside one of the ranges, or values of a list. */
export type Kept =
  | { readonly ranges: readonly (readonly [number, number])[] }
  | { readonly in: readonly unknown[] };
/** By axis, `param:NAME`, or `value`: what the question measures. */
export type Ranges = Readonly<Record<string, Kept>>;

export const NO_RANGES: Ranges = {};

const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === 'number');
const isKept = (value: unknown): value is Kept => {
  if (typeof value !== 'object' || value === null) return false;
  if ('in' in value) return Array.isArray(value.in);
  return 'ranges' in value && Array.isArray(value.ranges) && value.ranges.every(isPair);
};

/** In the URL as JSON: {"BATCH_SIZE":{"ranges":[[2,16]]},"BATCH_NORM":{"in":[true]}}. */
export const parseAsRanges = createParser<Ranges>({
  parse(text) {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
      return Object.values(value).every(isKept) ? (value as Ranges) : null;
    } catch {
      return null;
    }
  },
  serialize: (ranges) => JSON.stringify(ranges),
  eq: (a, b) => JSON.stringify(a) === JSON.stringify(b),
});

/** Whether a value is kept; what has none is kept by no range. */
export const keeps = (kept: Kept | undefined, value: unknown): boolean => {
  if (!kept) return true;
  if ('in' in kept) return kept.in.some((one) => JSON.stringify(one) === JSON.stringify(value));
  return typeof value === 'number' && kept.ranges.some(([low, high]) => value >= low && value <= high);
};
