import {
  addStatistic,
  batchNorm,
  batchNormGradient,
  batchNormInference,
  runningAverage,
} from './batch-norm.ts';
import { conv, convFilterGradient, convInputGradient } from './conv.ts';
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './cross-entropy.ts';
import { add, flatten, relu, reluGradient, sumChannels, sumRows, unflatten } from './elementwise.ts';
import { addRow, matmul } from './matmul.ts';
import {
  globalAveragePool,
  globalAveragePoolGradient,
  maxPool,
  maxPoolGradient,
  shortcut,
  shortcutGradient,
} from './pool.ts';
import { momentum, sgd } from './update.ts';

/** Every operation that a step program may contain. */
export const primitives = {
  add,
  addRow,
  addStatistic,
  batchNorm,
  batchNormGradient,
  batchNormInference,
  conv,
  convFilterGradient,
  convInputGradient,
  flatten,
  globalAveragePool,
  globalAveragePoolGradient,
  matmul,
  maxPool,
  maxPoolGradient,
  momentum,
  relu,
  reluGradient,
  runningAverage,
  sgd,
  shortcut,
  shortcutGradient,
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
  sumChannels,
  sumRows,
  unflatten,
};

export type PrimitiveName = keyof typeof primitives;
