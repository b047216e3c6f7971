import { type Dimension, scaleOf, valuesOf } from '../axis/axis';
import type { Group } from './statistics';

/** Most places that gaps between powers are filled up to: beyond, a grid of powers is not what the values are of. */
const MOST_POWERS = 64;

/**
 * The places of a dimension side by side: its values in order. Where all are powers of two and lie on a log-2 axis, every power between
 * the least and the greatest has its place, so that what is missing is seen.
 */
export function placesOf(groups: readonly Group[], dimension: Dimension): unknown[] {
  const values = valuesOf(groups, dimension);
  const numbers = values.filter((value) => typeof value === 'number');
  const powers = numbers.map(Math.log2);
  const [least, most] = [Math.min(...powers), Math.max(...powers)];
  if (scaleOf(dimension) !== 'log2' || !powers.every(Number.isInteger) || most - least >= MOST_POWERS)
    return values;
  const all = numbers.length > 0 ? Array.from({ length: most - least + 1 }, (_, i) => 2 ** (least + i)) : [];
  return [...all, ...values.filter((value) => typeof value !== 'number')];
}
