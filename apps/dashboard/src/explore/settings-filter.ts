import { AXES, type Dimension, filterOf, isAxis, valueAt, valuesOf } from '../axis/axis';
import { both, type RunFilter } from '../filter/filter';
import type { Setting } from './parallel';

/** A filter is a part of the address: longer ones servers and mail programs cut. */
const LONGEST = 6000;

/**
 * The filter that has exactly these settings of all: by the values that each axis has among them, or, where that would let others in,
 * setting by setting. None where it would be too long for an address.
 */
export function filterOfSettings(
  selected: readonly Setting[],
  all: readonly Setting[],
  dimensions: readonly Dimension[],
): RunFilter | undefined {
  const kept = dimensions
    .map((one) => ({ one, values: valuesOf(selected, one), of: valuesOf(all, one).length }))
    .filter(({ values, of }) => values.length < of);
  const allowed = kept.map(({ one, values }) => ({
    one,
    keys: new Set(values.map((value) => JSON.stringify(value))),
  }));
  const within = all.filter((setting) =>
    allowed.every(({ one, keys }) => keys.has(JSON.stringify(valueAt(setting, one)))),
  );
  const filter =
    within.length === selected.length
      ? both(...kept.map(({ one, values }) => oneOf(one, values)))
      : oneByOne(selected, all, dimensions);
  return encodeURIComponent(JSON.stringify(filter)).length <= LONGEST ? filter : undefined;
}

/** Settings that differ in one axis alone are one condition. */
function oneByOne(
  selected: readonly Setting[],
  all: readonly Setting[],
  dimensions: readonly Dimension[],
): RunFilter {
  const widest = dimensions.reduce((a, b) =>
    valuesOf(selected, b).length > valuesOf(selected, a).length ? b : a,
  );
  const others = dimensions.filter((one) => one !== widest && valuesOf(all, one).length > 1);
  const families = new Map<string, Setting[]>();
  for (const setting of selected) {
    const key = JSON.stringify(others.map((one) => valueAt(setting, one)));
    families.set(key, [...(families.get(key) ?? []), setting]);
  }
  return {
    or: [...families.values()].map((family) =>
      both(
        ...others.map((one) => filterOf(one, valueAt(family[0]!, one))),
        oneOf(widest, valuesOf(family, widest)),
      ),
    ),
  };
}

/** The runs that have one of these values. */
function oneOf(dimension: Dimension, values: readonly unknown[]): RunFilter {
  if (values.length === 1) return filterOf(dimension, values[0]);
  if (values.every((value) => typeof value === 'number' || typeof value === 'string'))
    return isAxis(dimension)
      ? { [AXES[dimension].field]: { in: values } }
      : { params: [{ name: dimension.slice(6), in: [...values] }] };
  return { or: values.map((value) => filterOf(dimension, value)) };
}
