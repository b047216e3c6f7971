import { attribute } from '../binding.ts';
import { image, type Lowering } from './lowering.ts';

/** Rows have a run's channels before the places, images after. */
export const flatten: Lowering = ({ kernels, runs }, [x], { inputs, outputs }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const apart = kernels.reshape(x!, [m, height, width, runs, channels]);
  return [kernels.reshape(kernels.transpose(apart, [3, 0, 4, 1, 2]), [runs, ...outputs[0]!.shape])];
};

export const unflatten: Lowering = ({ kernels, runs }, [x], { outputs }) => {
  const { m, channels, height, width } = image(outputs[0]!.shape);
  const apart = kernels.reshape(x!, [runs, m, channels, height, width]);
  return [kernels.reshape(kernels.transpose(apart, [1, 3, 4, 0, 2]), [m, height, width, runs * channels])];
};

export const matmul: Lowering = ({ kernels }, [a, b], { attributes }) => [
  kernels.one(
    'BatchMatMulV2',
    [a!, b!],
    [
      attribute('adj_x', 'bool', Boolean(attributes.transposeA)),
      attribute('adj_y', 'bool', Boolean(attributes.transposeB)),
    ],
  ),
];

export const addRow: Lowering = ({ kernels, runs }, [x, bias], { inputs }) => [
  kernels.add(x!, kernels.reshape(bias!, [runs, 1, inputs[1]!.shape[0]!])),
];

export const sumRows: Lowering = ({ kernels }, [x]) => [
  kernels.reshape(kernels.reduce('Sum', x!, [1]), [-1]),
];

export const sumChannels: Lowering = ({ kernels }, [x]) => [kernels.one('BiasAddGrad', [x!])];

export const softmaxCrossEntropyGradient: Lowering = (
  { kernels, runs },
  [logits, labels, seed],
  { inputs },
) => {
  const difference = kernels.subtract(kernels.one('Softmax', [logits!]), labels!);
  const factor = kernels.multiply(seed!, kernels.float(1 / inputs[0]!.shape[0]!));
  return [kernels.multiply(difference, kernels.reshape(factor, [runs, 1, 1]))];
};
