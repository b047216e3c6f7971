import type { Graph } from '../graph.ts';
import type { Lowering } from './lowering.ts';
import { image } from './lowering.ts';

export const maxPool: Lowering = ({ graph }, [x]) => [
  graph.node('MaxPool', [x!], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
];

/** Moves a map one place towards the origin along `axes`, the last place becoming zero. */
function towardsOrigin(graph: Graph, x: string, axes: number[], sides: number[]): string {
  const part = graph.slice(
    x,
    axes,
    axes.map(() => 1),
    sides,
  );
  return graph.pad(
    part,
    axes,
    axes.map(() => 0),
    axes.map(() => 1),
  );
}

/**
 * Window o covers the places 2o − 1, 2o and 2o + 1, so each place belongs to one window (even) or two (odd) a direction. The
 * nine taps of all windows are strided slices; where a tap equals its window's maximum, it takes that window's gradient.
 */
export const maxPoolGradient: Lowering = ({ graph, runs }, [x, y, dy], { inputs }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const h = height / 2;
  const w = width / 2;
  const padded = graph.pad(x!, [2, 3], [1, 1], [0, 0], Number.NEGATIVE_INFINITY);
  const tap = (i: number, j: number): string => {
    const part = graph.slice(padded, [2, 3], [i, j], [i + 2 * h - 1, j + 2 * w - 1], [2, 2]);
    return graph.mul(graph.node('Cast', [graph.node('Equal', [part, y!])], { to: 1 }), dy!);
  };
  const evenEven = tap(1, 1);
  const evenOdd = graph.add(tap(1, 2), towardsOrigin(graph, tap(1, 0), [3], [w]));
  const oddEven = graph.add(tap(2, 1), towardsOrigin(graph, tap(0, 1), [2], [h]));
  const left = graph.add(tap(2, 2), towardsOrigin(graph, tap(2, 0), [3], [w]));
  const above = graph.add(tap(0, 2), towardsOrigin(graph, tap(0, 0), [3], [w]));
  const oddOdd = graph.add(left, towardsOrigin(graph, above, [2], [h]));
  const all = runs * channels;
  const interleave = (even: string, odd: string): string => {
    const column = [m, all, h, w, 1];
    const row = graph.concat([graph.reshape(even, column), graph.reshape(odd, column)], 4);
    return graph.reshape(row, [m, all, h, 1, width]);
  };
  const rows = graph.concat([interleave(evenEven, evenOdd), interleave(oddEven, oddOdd)], 3);
  return [graph.reshape(rows, [m, all, height, width])];
};

export const globalAveragePool: Lowering = ({ graph, runs }, [x], { inputs }) => {
  const { m, channels } = image(inputs[0]!.shape);
  const pooled = graph.reshape(graph.node('GlobalAveragePool', [x!]), [m, runs, channels]);
  return [graph.transpose(pooled, [1, 0, 2])];
};

export const globalAveragePoolGradient: Lowering = ({ graph, runs }, [dy], { outputs }) => {
  const { m, channels, height, width } = image(outputs[0]!.shape);
  const shared = graph.mul(graph.transpose(dy!, [1, 0, 2]), graph.float(1 / (height * width)));
  const shape = [m, runs * channels, height, width];
  return [graph.node('Expand', [graph.reshape(shared, [m, runs * channels, 1, 1]), graph.ints(shape)])];
};

export const shortcut: Lowering = ({ graph, runs }, [x], { inputs, outputs, attributes }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const out = image(outputs[0]!.shape);
  const stride = Number(attributes.stride);
  const part = graph.slice(x!, [2, 3], [0, 0], [height, width], [stride, stride]);
  const area = out.height * out.width;
  const wide = graph.pad(graph.reshape(part, [m, runs, channels, area]), [2], [0], [out.channels - channels]);
  return [graph.reshape(wide, [m, runs * out.channels, out.height, out.width])];
};

/**
 * Zeros between the places by a product with a constant matrix: it sends place w of a row to place w·stride of the first of
 * `stride` rows and fills the rest with zeros. The arithmetic is next to nothing, where padding single places is slow.
 */
export const shortcutGradient: Lowering = ({ graph, runs }, [dy], { inputs, outputs, attributes }) => {
  const { m, channels: wide, height: h, width: w } = image(inputs[0]!.shape);
  const { channels, height, width } = image(outputs[0]!.shape);
  const stride = Number(attributes.stride);
  const spread = new Float32Array(w * stride * width);
  for (let place = 0; place < w; place++) spread[place * stride * width + place * stride] = 1;
  const matrix = graph.floats(`spread_${w}_${stride}_${width}`, spread, [w, stride * width]);
  const narrow = graph.slice(graph.reshape(dy!, [m, runs, wide, h * w]), [2], [0], [channels]);
  const rows = graph.matmul(graph.reshape(narrow, [m * runs * channels * h, w]), matrix);
  return [graph.reshape(rows, [m, runs * channels, height, width])];
};
