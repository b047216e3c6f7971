import type { Attributes, Shape } from '@smallbatch/program';
import { type Attribute, attribute } from '../binding.ts';
import type { Kernels, Register } from '../kernels.ts';
import { image, type Lowering } from './lowering.ts';

/**
 * TensorFlow groups a convolution by itself where the images have more channels than the weights. Its gradients of grouped
 * convolutions know only paddings SAME and VALID on the CPU, so that other paddings are made apart.
 */
function geometry({ stride, pad }: Attributes, kernel: number) {
  const s = Number(stride);
  const p = Number(pad);
  const same = s === 1 && 2 * p === kernel - 1;
  const apart = same ? 0 : p;
  const attributes: Attribute[] = [
    attribute('strides', 'int', [1, s, s, 1]),
    attribute('padding', 'string', same ? 'SAME' : 'VALID'),
  ];
  return { apart, attributes };
}

const padded = (kernels: Kernels, x: Register, by: number): Register =>
  by === 0
    ? x
    : kernels.pad(x, [
        [0, 0],
        [by, by],
        [by, by],
        [0, 0],
      ]);

export const conv: Lowering = ({ kernels }, [x, w, bias], { inputs, attributes }) => {
  const { apart, attributes: how } = geometry(attributes, inputs[1]!.shape[2]!);
  const y = kernels.one('Conv2D', [padded(kernels, x!, apart), w!], how);
  return [bias === undefined ? y : kernels.one('BiasAdd', [y, bias])];
};

export const convInputGradient: Lowering = ({ kernels, runs }, [dy, w], { inputs, outputs, attributes }) => {
  const { apart, attributes: how } = geometry(attributes, inputs[1]!.shape[2]!);
  const { m, channels, height, width } = image(outputs[0]!.shape);
  const whole = [m, height + 2 * apart, width + 2 * apart, runs * channels];
  const dx = kernels.one('Conv2DBackpropInput', [kernels.integers(whole), w!, dy!], how);
  return [apart === 0 ? dx : kernels.slice(dx, [0, apart, apart, 0], [m, height, width, runs * channels])];
};

export const convFilterGradient: Lowering = ({ kernels, runs }, [x, dy], { outputs, attributes }) => {
  const [filters = 0, channels = 0, kernel = 0] = outputs[0]!.shape as Shape;
  const { apart, attributes: how } = geometry(attributes, kernel);
  const shape = kernels.integers([kernel, kernel, channels, runs * filters]);
  return [kernels.one('Conv2DBackpropFilter', [padded(kernels, x!, apart), shape, dy!], how)];
};
