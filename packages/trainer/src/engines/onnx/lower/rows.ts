import type { Fusion, Lowering } from './lowering.ts';
import { image } from './lowering.ts';

export const flatten: Lowering = ({ graph, runs }, [x], { outputs }) => {
  const [m = 0, units = 0] = outputs[0]!.shape;
  return [graph.transpose(graph.reshape(x!, [m, runs, units]), [1, 0, 2])];
};

export const unflatten: Lowering = ({ graph, runs }, [x], { outputs }) => {
  const { m, channels, height, width } = image(outputs[0]!.shape);
  return [graph.reshape(graph.transpose(x!, [1, 0, 2]), [m, runs * channels, height, width])];
};

export const matmul: Lowering = ({ graph }, [a, b], { attributes }) => {
  const write = ({ factor }: Fusion): string =>
    graph.matmul(a!, factor ? graph.mul(b!, factor) : b!, {
      transA: attributes.transposeA ? 1 : 0,
      transB: attributes.transposeB ? 1 : 0,
    });
  return [{ takes: 'factor', write }];
};

export const addRow: Lowering = ({ graph, runs }, [x, bias], { inputs }) => [
  graph.add(x!, graph.reshape(bias!, [runs, 1, inputs[1]!.shape[0]!])),
];

/**
 * As a product with a row of ones: a reduction takes other loops, and so other roundings, when R is 1 or when a run's rows do
 * not begin at an aligned address.
 */
export const sumRows: Lowering = ({ graph }, [x], { inputs }) => {
  const ones = graph.node('Expand', [graph.float(1), graph.ints([1, inputs[0]!.shape[0]!])]);
  return [graph.reshape(graph.matmul(ones, x!), [-1])];
};

export const sumChannels: Lowering = ({ graph }, [x]) => [graph.reduceSum(x!, [0, 2, 3], 0)];

export const softmaxCrossEntropyGradient: Lowering = (
  { graph, runs },
  [logits, labels, seed],
  { inputs },
) => {
  const difference = graph.sub(graph.node('Softmax', [logits!], { axis: 2 }), labels!);
  const factor = graph.mul(seed!, graph.float(1 / inputs[0]!.shape[0]!));
  return [graph.mul(difference, graph.reshape(factor, [runs, 1, 1]))];
};
