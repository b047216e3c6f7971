/** NaN and ±∞, which JSON has no word for: a null in `values`, and what it is in `nonFinite`. */
const NUMBERS = {
  NAN: Number.NaN,
  POSITIVE_INFINITY: Number.POSITIVE_INFINITY,
  NEGATIVE_INFINITY: Number.NEGATIVE_INFINITY,
} as const;
export type NonFiniteKind = keyof typeof NUMBERS;
export interface NonFinitePoint {
  readonly index: number;
  readonly kind: NonFiniteKind;
}

const kindOf = (value: number): NonFiniteKind =>
  Number.isNaN(value) ? 'NAN' : value > 0 ? 'POSITIVE_INFINITY' : 'NEGATIVE_INFINITY';

/** A column as it travels. */
export function toJson(values: readonly number[]): {
  values: (number | null)[];
  nonFinite: NonFinitePoint[];
} {
  const nonFinite: NonFinitePoint[] = [];
  const plain = values.map((value, index) => {
    if (Number.isFinite(value)) return value;
    nonFinite.push({ index, kind: kindOf(value) });
    return null;
  });
  return { values: plain, nonFinite };
}

/** A column as it was. */
export function fromJson(
  values: readonly (number | null)[],
  nonFinite: readonly NonFinitePoint[],
): Float64Array {
  const column = numbers(values);
  for (const { index, kind } of nonFinite) column[index] = NUMBERS[kind];
  return column;
}

/** Numbers as a typed array, NaN where one is absent. */
export function numbers(values: readonly (number | null)[]): Float64Array {
  return Float64Array.from(values, (value) => value ?? Number.NaN);
}
