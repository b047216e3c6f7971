import type { Lowering } from './lowering.ts';

export const add: Lowering = ({ kernels }, [a, b]) => [kernels.add(a!, b!)];

export const relu: Lowering = ({ kernels }, [x]) => [kernels.one('Relu', [x!])];

export const reluGradient: Lowering = ({ kernels }, [dy, y]) => [kernels.one('ReluGrad', [dy!, y!])];

/** w·(1 − η·λ) − η·g: one pass over the weights less than the primitive's own words. */
export const sgd: Lowering = ({ kernels, perRun }, [w, g], { inputs }) => {
  const { shape } = inputs[0]!;
  const kept = kernels.multiply(w!, perRun('keep', shape));
  return [kernels.subtract(kept, kernels.multiply(g!, perRun('learningRate', shape)))];
};

export const momentum: Lowering = ({ kernels, perRun }, [w, g, v], { inputs, attributes }) => {
  const { shape } = inputs[0]!;
  const mu = perRun('momentum', shape);
  const d = kernels.add(g!, kernels.multiply(w!, perRun('weightDecay', shape)));
  const next = kernels.add(kernels.multiply(v!, mu), d);
  const direction = attributes.nesterov ? kernels.add(d, kernels.multiply(next, mu)) : next;
  return [kernels.subtract(w!, kernels.multiply(direction, perRun('learningRate', shape))), next];
};
