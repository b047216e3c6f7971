import { ALL_AXES, type Axis, type Dimension, filterOf, isAxis, valueAt } from '../axis/axis';
import { both, type RunFilter } from '../filter/filter';

type Valued = Parameters<typeof valueAt>[0];

/** Axes that do not belong to a setting: runs that differ in them alone are seeds of it, or repeats. */
const BESIDE: readonly Axis[] = ['SEED', 'MEMBER', 'SWEEP', 'ENGINE'];

/** What tells settings of a scope apart. */
export const dimensionsThatVary = (axes: readonly Axis[], params: readonly string[]): Dimension[] => [
  ...ALL_AXES.filter((axis) => axes.includes(axis) && !BESIDE.includes(axis)),
  ...params.map((name): Dimension => `param:${name}`),
];

/** The runs of a scope that differ from a run in one of these dimensions at most. */
export const neighboursFilter = (
  scope: RunFilter,
  run: Valued,
  dimensions: readonly Dimension[],
): RunFilter =>
  dimensions.length < 2 ? scope : both(scope, { or: dimensions.map((one) => sameBut(one, run, dimensions)) });

const sameBut = (but: Dimension, run: Valued, dimensions: readonly Dimension[]): RunFilter => {
  const fixed = dimensions.filter((one) => one !== but).map((one) => filterOf(one, valueAt(run, one)));
  // Conditions on free parameters are one field: those of several would take each other's place.
  const params = fixed.flatMap(({ params }) => params ?? []);
  return both(...fixed.filter((one) => !one.params), ...(params.length > 0 ? [{ params }] : []));
};

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** For each dimension those groups that differ from the run in it alone, with the run's own; only where there are others. */
export function neighboursOf<G extends Valued>(
  groups: readonly G[],
  run: Valued,
  dimensions: readonly Dimension[],
): { readonly dimension: Dimension; readonly groups: readonly G[] }[] {
  return dimensions.flatMap((dimension) => {
    const found = groups.filter((group) =>
      dimensions.every((one) => one === dimension || same(valueAt(group, one), valueAt(run, one))),
    );
    return found.some((group) => !same(valueAt(group, dimension), valueAt(run, dimension)))
      ? [{ dimension, groups: found }]
      : [];
  });
}

export const isOwn = (group: Valued, run: Valued, dimension: Dimension): boolean =>
  same(valueAt(group, dimension), valueAt(run, dimension));

export const axesAmong = (dimensions: readonly Dimension[]): Axis[] =>
  dimensions.filter((one) => isAxis(one));
