import type { Parameter } from './models.ts';
import { fillNormal } from './random.ts';
import { size } from './shape.ts';

/**
 * What a parameter starts from: normal with variance 2 / fan-in (He et al. 2015), zeros or ones. A function of the seed and of
 * `stream`, the parameter's place among those of the model.
 */
export function initialValues(
  { shape, start, fanIn }: Parameter,
  stream: number,
  seed: number,
): Float32Array {
  const values = new Float32Array(size(shape));
  if (start === 'one') values.fill(1);
  if (start !== 'he') return values;
  fillNormal(values, seed, 'initialisation', stream);
  const deviation = Math.sqrt(2 / fanIn);
  for (let i = 0; i < values.length; i++) values[i]! *= deviation;
  return values;
}
