import { BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM } from '@smallbatch/program';
import { type Attribute, attribute } from '../binding.ts';
import type { Kernels, Register } from '../kernels.ts';
import { type Context, image, type Lowering } from './lowering.ts';

const fused = (training: boolean): Attribute[] => [
  attribute('epsilon', 'float', BATCH_NORM_EPSILON),
  attribute('is_training', 'bool', training),
];

/** The fused kernel where the whole batch shares its statistics; sub-batches are put together from plain kernels. */
export const batchNorm: Lowering = (context, inputs, step) => {
  const groups = Number(step.attributes.groups);
  if (groups > 1) return inGroups(context, inputs, step);
  const { kernels, reserves } = context;
  const [x, gamma, beta] = inputs;
  const { m, height, width } = image(step.inputs[0]!.shape);
  const none = kernels.nothing();
  const [y, mean, unbiased, ...reserve] = kernels.all(
    'FusedBatchNormV3',
    [x!, gamma!, beta!, none, none],
    6,
    fused(true),
  );
  reserves.set(step.outputs[1]!.id, reserve);
  // The kernel says n/(n − 1) times the variance that it normalised by.
  const count = m * height * width;
  return [y!, mean!, kernels.multiply(unbiased!, kernels.float(Math.max(1, count - 1) / count))];
};

export const batchNormGradient: Lowering = (context, inputs, step) => {
  const groups = Number(step.attributes.groups);
  if (groups > 1) return gradientInGroups(context, inputs, step);
  const [x, gamma, , , dy] = inputs;
  const reserve = context.reserves.get(step.inputs[2]!.id)!;
  return context.kernels
    .all('FusedBatchNormGradV3', [dy!, x!, gamma!, ...reserve], 5, fused(true))
    .slice(0, 3);
};

export const batchNormInference: Lowering = ({ kernels }, inputs) => [
  kernels.all('FusedBatchNormV3', inputs, 6, fused(false))[0]!,
];

interface Grouped {
  readonly rows: Register;
  readonly count: number;
  readonly whole: readonly number[];
  readonly each: readonly number[];
}

/** Images as [groups, places of a group, R·C]. */
function grouped(
  { kernels, runs }: Context,
  x: Register,
  { inputs: [value], attributes }: Parameters<Lowering>[2],
): Grouped {
  const { m, channels, height, width } = image(value!.shape);
  const groups = Number(attributes.groups);
  const count = (m / groups) * height * width;
  const each = [groups, count, runs * channels];
  return { rows: kernels.reshape(x, each), count, each, whole: [m, height, width, runs * channels] };
}

const inverseDeviation = (kernels: Kernels, variance: Register): Register =>
  kernels.one('Rsqrt', [kernels.add(variance, kernels.float(BATCH_NORM_EPSILON))]);

function inGroups(context: Context, [x, gamma, beta]: readonly Register[], step: Parameters<Lowering>[2]) {
  const { kernels } = context;
  const { rows, each, whole } = grouped(context, x!, step);
  const mean = kernels.reduce('Mean', rows, [1], true);
  const centred = kernels.subtract(rows, mean);
  const variance = kernels.reduce('Mean', kernels.one('Square', [centred]), [1], true);
  const scale = kernels.multiply(inverseDeviation(kernels, variance), gamma!);
  const y = kernels.add(kernels.multiply(centred, scale), beta!);
  const statistic = [each[0]!, each[2]!];
  return [kernels.reshape(y, whole), kernels.reshape(mean, statistic), kernels.reshape(variance, statistic)];
}

function gradientInGroups(
  context: Context,
  [x, gamma, mean, variance, dy]: readonly Register[],
  step: Parameters<Lowering>[2],
) {
  const { kernels } = context;
  const { rows, each, whole, count } = grouped(context, x!, step);
  const statistic = [each[0]!, 1, each[2]!];
  const inverse = inverseDeviation(kernels, kernels.reshape(variance!, statistic));
  const centred = kernels.subtract(rows, kernels.reshape(mean!, statistic));
  const normal = kernels.multiply(centred, inverse);
  const gradient = kernels.reshape(dy!, each);
  const sum = kernels.reduce('Sum', gradient, [1], true);
  const sumNormal = kernels.reduce('Sum', kernels.multiply(gradient, normal), [1], true);
  const share = kernels.float(1 / count);
  const alongOnes = kernels.multiply(sum, share);
  const alongNormal = kernels.multiply(normal, kernels.multiply(sumNormal, share));
  const left = kernels.subtract(kernels.subtract(gradient, alongOnes), alongNormal);
  const dx = kernels.multiply(left, kernels.multiply(inverse, gamma!));
  return [
    kernels.reshape(dx, whole),
    kernels.reduce('Sum', sumNormal, [0, 1]),
    kernels.reduce('Sum', sum, [0, 1]),
  ];
}

const meanOfGroups = ({ kernels }: Context, fresh: Register, groups: number): Register =>
  groups > 1 ? kernels.reduce('Mean', fresh, [0]) : fresh;

export const runningAverage: Lowering = (context, [old, fresh], { inputs, attributes }) => {
  const { kernels } = context;
  const mean = meanOfGroups(context, fresh!, inputs[1]!.shape[0]!);
  const share = kernels.float(BATCH_NORM_MOMENTUM * Number(attributes.scale));
  const kept = kernels.multiply(old!, kernels.float(1 - BATCH_NORM_MOMENTUM));
  return [kernels.add(kept, kernels.multiply(mean, share))];
};

export const addStatistic: Lowering = (context, [sum, fresh], { inputs, attributes }) => {
  const { kernels } = context;
  const mean = meanOfGroups(context, fresh!, inputs[1]!.shape[0]!);
  return [kernels.add(sum!, kernels.multiply(mean, kernels.float(Number(attributes.share))))];
};
