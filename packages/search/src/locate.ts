import type { SweepDefinition } from './sweep.ts';
import { sameValue } from './values.ts';

/**
 * Where the sweep file states a setting: `['axes', 'batchSize', 2]` for the third of a list, `['fixed', 'epochs']`,
 * `['model']`. Turns a problem of one cell's settings into a place in the file. A setting that the file does not name
 * (a default) is placed at `['axes']`. Without `value`, or where no listed value equals it, the whole list is meant.
 */
export function locate(sweep: SweepDefinition, name: string, value?: unknown): (string | number)[] {
  if (Object.hasOwn(sweep.fixed, name)) return ['fixed', name];
  const range = sweep.ranges.find((one) => one.name === name && one.of === 'axis');
  if (range) return [...range.path];
  const dimension = [...sweep.dimensions, ...sweep.coupled.flatMap(({ parts }) => parts)].find(
    (one) => one.name === name && one.kind !== 'hyper',
  );
  if (!dimension) return ['axes'];
  const index = dimension.list ? dimension.values.findIndex((one) => sameValue(one, value)) : -1;
  return index < 0 ? [...dimension.path] : [...dimension.path, index];
}
