import { type Axis, type AxisValues, type Dimension, valueAt, valuesOf } from '../axis/axis';
import { SETTING_AXES } from './compare-question';

/** A setting as a comparison lists it. */
export type ListedSetting = Partial<AxisValues> & { readonly hyper: unknown };

const withParams = (setting: ListedSetting) => ({ ...setting, params: setting.hyper });
export const valueIn = (setting: ListedSetting, dimension: Dimension): unknown =>
  valueAt(withParams(setting), dimension);

/** Axes and free parameters that tell these settings apart, in their usual order; `always` stand there in any case. */
export function tellingApart(settings: readonly ListedSetting[], always: readonly Axis[]): Dimension[] {
  const all = settings.map(withParams);
  const params = new Set(all.flatMap(({ hyper }) => Object.keys((hyper as object | null) ?? {})));
  const dimensions: Dimension[] = [
    ...SETTING_AXES,
    ...[...params].sort().map((name): Dimension => `param:${name}`),
  ];
  return dimensions.filter(
    (one) => (always as readonly Dimension[]).includes(one) || valuesOf(all, one).length > 1,
  );
}
