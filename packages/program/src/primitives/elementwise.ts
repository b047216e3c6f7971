import type { Primitive } from '../program.ts';
import { size } from '../shape.ts';

/** a + b of one shape. */
export const add: Primitive = {
  shape([a, b]) {
    if (a!.join() !== b!.join()) throw new Error(`invalid sum: [${a!.join(', ')}] and [${b!.join(', ')}]`);
    return [a!];
  },
  reference: ([a, b]) => [a!.map((value, i) => value + b![i]!)],
  gradient: (_build, _step, [dy]) => [dy, dy],
};

/** max(x, 0). */
export const relu: Primitive = {
  shape: ([x]) => [x!],
  reference: ([x]) => [x!.map((value) => Math.max(value, 0))],
  gradient: (build, { outputs }, [dy]) => [build.apply('reluGradient', [dy!, outputs[0]!])],
};

/** dy where the ReLU's output y is positive, else 0. */
export const reluGradient: Primitive = {
  shape: ([dy]) => [dy!],
  reference: ([dy, y]) => [dy!.map((value, i) => (y![i]! > 0 ? value : 0))],
};

/** Images [m, C, H, W] → rows [m, C·H·W]. */
export const flatten: Primitive = {
  shape: ([x]) => [[x![0]!, size(x!.slice(1))]],
  reference: ([x]) => [x!],
  gradient(build, { inputs }, [dy]) {
    const [, channels = 0, height = 0, width = 0] = inputs[0]!.shape;
    return [build.apply('unflatten', [dy!], { channels, height, width })];
  },
};

/** Rows [m, C·H·W] → images [m, C, H, W]. Attributes channels, height, width. */
export const unflatten: Primitive = {
  shape([x], { channels, height, width }) {
    const shape = [x![0]!, Number(channels), Number(height), Number(width)];
    if (size(shape) !== size(x!))
      throw new Error(`invalid images: [${shape.join(', ')}] of rows [${x!.join(', ')}]`);
    return [shape];
  },
  reference: ([x]) => [x!],
  gradient: (build, _step, [dy]) => [build.apply('flatten', [dy!])],
};

/** Images [m, C, H, W] → [C], summed over samples and places: the gradient of a convolution's bias. */
export const sumChannels: Primitive = {
  shape: ([x]) => [[x![1]!]],
  reference([x], [xs]) {
    const [, channels = 0, height = 0, width = 0] = xs!;
    const sum = new Float64Array(channels);
    x!.forEach((value, i) => {
      sum[Math.floor(i / (height * width)) % channels]! += value;
    });
    return [sum];
  },
};

/** Rows [m, K] → [K], summed over samples: the gradient of a bias. */
export const sumRows: Primitive = {
  shape: ([x]) => [[x![1]!]],
  reference([x], [xs]) {
    const units = xs![1]!;
    const sum = new Float64Array(units);
    x!.forEach((value, i) => {
      sum[i % units]! += value;
    });
    return [sum];
  },
};
