import { attribute, ofFloats } from '../binding.ts';
import type { Kernels, Register } from '../kernels.ts';
import { image, type Lowering } from './lowering.ts';

const window = [
  attribute('ksize', 'int', [1, 3, 3, 1]),
  attribute('strides', 'int', [1, 2, 2, 1]),
  attribute('padding', 'string', 'EXPLICIT'),
  attribute('explicit_paddings', 'int', [0, 0, 1, 1, 1, 1, 0, 0]),
];

export const maxPool: Lowering = ({ kernels }, [x]) => [kernels.one('MaxPool', [x!], window)];

/**
 * TensorFlow's own gradient gives a window's gradient to one of the places that are tied. All of them get it here: a place of even
 * row (column) is in the window of its own half alone, one of odd row (column) in the next one too, so that the four parities
 * are compared with one, two, two and four windows, each a quarter of the images.
 */
export const maxPoolGradient: Lowering = ({ kernels, runs }, [x, y, dy], { inputs }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const [h, w, c] = [height / 2, width / 2, runs * channels];
  const quarters = byParity(kernels, x!, [m, h, w, c]);
  const windows = shifted(kernels, y!, [m, h, w, c]);
  const gradients = shifted(kernels, dy!, [m, h, w, c]);
  const zero = kernels.float(0);
  const share = (quarter: Register, shift: number): Register =>
    kernels.one('SelectV2', [kernels.one('Equal', [quarter, windows[shift]!]), gradients[shift]!, zero]);
  const [even, right, below, both] = quarters.map((quarter, parity) =>
    [0, 1, 2, 3]
      // Shifts by a column (1) and by a row (2) are for odd columns and rows alone.
      .filter((shift) => (shift & parity) === shift)
      .map((shift) => share(quarter, shift))
      .reduce(kernels.add),
  );
  const pack = (parts: Register[], axis: number): Register =>
    kernels.one('Pack', parts, [
      // Types of a list of inputs are not inferred.
      ofFloats,
      attribute('N', 'int', parts.length),
      attribute('axis', 'int', axis),
    ]);
  const rows = pack([pack([even!, right!], 3), pack([below!, both!], 3)], 2);
  return [kernels.reshape(rows, [m, height, width, c])];
};

/** Places of even row and column, odd column, odd row, and both. */
function byParity(kernels: Kernels, x: Register, [m, h, w, c]: [number, number, number, number]) {
  const split = (value: Register, axis: number): Register[] =>
    kernels.all('Unpack', [value], 2, [attribute('num', 'int', 2), attribute('axis', 'int', axis)]);
  return split(kernels.reshape(x, [m, h, 2, w, 2, c]), 2).flatMap((rows) => split(rows, 3));
}

/** Images as they are, and what is one column on, one row on, and both; zeros beyond the edge, whose gradient is zero too. */
function shifted(kernels: Kernels, x: Register, [m, h, w, c]: [number, number, number, number]) {
  const wide = kernels.pad(x, [
    [0, 0],
    [0, 1],
    [0, 1],
    [0, 0],
  ]);
  const at = (row: number, column: number): Register =>
    kernels.slice(wide, [0, row, column, 0], [m, h, w, c]);
  return [x, at(0, 1), at(1, 0), at(1, 1)];
}

export const globalAveragePool: Lowering = ({ kernels, runs }, [x], { outputs }) => {
  const [m = 0, channels = 0] = outputs[0]!.shape;
  const mean = kernels.reduce('Mean', x!, [1, 2]);
  return [kernels.transpose(kernels.reshape(mean, [m, runs, channels]), [1, 0, 2])];
};

export const globalAveragePoolGradient: Lowering = ({ kernels, runs }, [dy], { outputs }) => {
  const { m, channels, height, width } = image(outputs[0]!.shape);
  const rows = kernels.multiply(kernels.transpose(dy!, [1, 0, 2]), kernels.float(1 / (height * width)));
  const points = kernels.reshape(rows, [m, 1, 1, runs * channels]);
  return [kernels.one('BroadcastTo', [points, kernels.integers([m, height, width, runs * channels])])];
};

/** Places 0, s, 2·s, … of rows and columns, as begin, end and strides. */
const every = (kernels: Kernels, shape: readonly number[], stride: number): Register[] => [
  kernels.integers([0, 0, 0, 0]),
  kernels.integers(shape),
  kernels.integers([1, stride, stride, 1]),
];

export const shortcut: Lowering = ({ kernels, runs }, [x], { inputs, outputs, attributes }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const to = image(outputs[0]!.shape);
  const whole = [m, height, width, runs * channels];
  const places = kernels.one('StridedSlice', [x!, ...every(kernels, whole, Number(attributes.stride))]);
  if (to.channels === channels) return [places];
  const apart = kernels.reshape(places, [m, to.height, to.width, runs, channels]);
  const zeros = [0, 0, 0, 0, to.channels - channels].map((after) => [0, after] as const);
  return [kernels.reshape(kernels.pad(apart, zeros), [m, to.height, to.width, runs * to.channels])];
};

export const shortcutGradient: Lowering = ({ kernels, runs }, [dy], { inputs, outputs, attributes }) => {
  const { m, channels, height, width } = image(outputs[0]!.shape);
  const from = image(inputs[0]!.shape);
  const apart = kernels.reshape(dy!, [m, from.height, from.width, runs, from.channels]);
  const own = kernels.slice(apart, [0, 0, 0, 0, 0], [m, from.height, from.width, runs, channels]);
  const places = kernels.reshape(own, [m, from.height, from.width, runs * channels]);
  const whole = [m, height, width, runs * channels];
  const [begin, end, strides] = every(kernels, whole, Number(attributes.stride));
  return [kernels.one('StridedSliceGrad', [kernels.integers(whole), begin!, end!, strides!, places])];
};
