import type { AxisValues } from '../axis/axis';
import { type Dimension, seriesName, valueAt, valuesOf } from '../axis/axis';

type Valued = Partial<AxisValues> & { params?: unknown };
export interface Series {
  readonly name: string;
  readonly is: (one: Valued) => boolean;
}

/** Each combination of the dimensions' values that there is; one for all without any. Of all panels together: a series looks the same in each. */
export function seriesIn(all: readonly Valued[], dimensions: readonly Dimension[]): Series[] {
  let series: Series[] = [{ name: '', is: () => true }];
  for (const dimension of dimensions)
    series = series.flatMap(({ name, is }) =>
      valuesOf(all.filter(is), dimension).map((value) => {
        const key = JSON.stringify(value);
        return {
          name: [name, seriesName(dimension, value)].filter(Boolean).join(', '),
          is: (one: Valued) => is(one) && JSON.stringify(valueAt(one, dimension)) === key,
        };
      }),
    );
  return series;
}
