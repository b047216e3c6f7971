import type { Axis } from '@smallbatch/db';
import { fieldOf } from './settings.ts';

export const text = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** Things by a key of theirs, in the order in which keys first come. */
export function groupBy<T, K>(all: Iterable<T>, keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

/** Numbers by size, everything else by its text; what is absent comes last. */
export function byValue(a: unknown, b: unknown): number {
  const absent = Number(a === null || a === undefined) - Number(b === null || b === undefined);
  if (absent !== 0) return absent;
  return typeof a === 'number' && typeof b === 'number' ? a - b : text(a).localeCompare(text(b));
}

interface HasAxes {
  readonly axes: Readonly<Record<string, unknown>>;
}
/** Things with axes in the order of some of these. */
export function byAxes(axes: readonly Axis[]): (a: HasAxes, b: HasAxes) => number {
  const fields = axes.map(fieldOf);
  return (a, b) => {
    for (const field of fields) {
      const order = byValue(a.axes[field], b.axes[field]);
      if (order !== 0) return order;
    }
    return 0;
  };
}
