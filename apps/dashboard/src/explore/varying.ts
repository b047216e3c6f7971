import { ALL_AXES, type AxisValues, type Dimension, valueAt } from '../axis/axis';

type Valued = Partial<AxisValues> & { params?: unknown };

/** Axes and free parameters in which these differ. */
export function varyingOf(all: readonly Valued[]): Dimension[] {
  const [first] = all;
  if (!first) return [];
  const params = new Set(all.flatMap(({ params }) => Object.keys((params as object | null) ?? {})));
  const dimensions: Dimension[] = [
    ...ALL_AXES,
    ...[...params].sort().map((name): Dimension => `param:${name}`),
  ];
  return dimensions.filter((one) => {
    const own = JSON.stringify(valueAt(first, one));
    return all.some((other) => JSON.stringify(valueAt(other, one)) !== own);
  });
}
