import type { Primitive } from '../program.ts';
import type { Shape } from '../shape.ts';

/** Added to the variance. He et al. 2015 and Masters & Luschi 2018 do not state theirs. */
export const BATCH_NORM_EPSILON = 1e-5;
/** Weight of the newest batch in the running averages; unstated in the paper too. */
export const BATCH_NORM_MOMENTUM = 0.1;

interface Geometry {
  groups: number;
  channels: number;
  /** Numbers that one group's statistics of one channel are over. */
  count: number;
  /** Which statistic the flat place i of the images belongs to. */
  statistic(i: number): number;
  channel(i: number): number;
}

function geometry(x: Shape, groups: number): Geometry {
  const [m = 0, channels = 0, height = 0, width = 0] = x;
  if (x.length !== 4 || m % groups)
    throw new Error(`invalid batch norm: ${groups} groups of images [${x.join(', ')}]`);
  const area = height * width;
  const perGroup = m / groups;
  const channel = (i: number) => Math.floor(i / area) % channels;
  return {
    groups,
    channels,
    count: perGroup * area,
    channel,
    statistic: (i) => Math.floor(Math.floor(i / (area * channels)) / perGroup) * channels + channel(i),
  };
}

/**
 * Batch norm over images [m, C, H, W] with scale γ [C] and shift β [C]: each of `groups` sub-batches (the BN batch is
 * m / groups) is normalised by its own mean and biased variance (Ioffe & Szegedy 2015; Masters & Luschi 2018, section 4.2).
 * → y [m, C, H, W], mean [groups, C], variance [groups, C]. Attribute groups.
 */
export const batchNorm: Primitive = {
  shape([x], { groups }) {
    const { channels } = geometry(x!, Number(groups));
    return [x!, [Number(groups), channels], [Number(groups), channels]];
  },
  reference([x, gamma, beta], [xs], { groups }) {
    const g = geometry(xs!, Number(groups));
    const mean = new Float64Array(g.groups * g.channels);
    const variance = new Float64Array(g.groups * g.channels);
    x!.forEach((value, i) => {
      mean[g.statistic(i)]! += value / g.count;
    });
    x!.forEach((value, i) => {
      const k = g.statistic(i);
      variance[k]! += (value - mean[k]!) ** 2 / g.count;
    });
    const y = x!.map((value, i) => {
      const k = g.statistic(i);
      const c = g.channel(i);
      return (gamma![c]! * (value - mean[k]!)) / Math.sqrt(variance[k]! + BATCH_NORM_EPSILON) + beta![c]!;
    });
    return [y, mean, variance];
  },
  gradient(build, { inputs, outputs, attributes }, [dy, dMean, dVariance]) {
    if (!dy || dMean || dVariance) {
      throw new Error('unsupported gradient: a loss that depends on the statistics of batch norm');
    }
    const [x, gamma] = inputs;
    const [, mean, variance] = outputs;
    return build.applyAll('batchNormGradient', [x!, gamma!, mean!, variance!, dy], attributes);
  },
};

/** x, γ, mean, variance, dy → dx, dγ, dβ. Attribute groups. */
export const batchNormGradient: Primitive = {
  shape: ([x, gamma]) => [x!, gamma!, gamma!],
  reference([x, gamma, mean, variance, dy], [xs], { groups }) {
    const g = geometry(xs!, Number(groups));
    const inverse = variance!.map((value) => 1 / Math.sqrt(value + BATCH_NORM_EPSILON));
    const normal = x!.map((value, i) => (value - mean![g.statistic(i)]!) * inverse[g.statistic(i)]!);
    const sumDy = new Float64Array(g.groups * g.channels);
    const sumDyNormal = new Float64Array(g.groups * g.channels);
    const dGamma = new Float64Array(g.channels);
    const dBeta = new Float64Array(g.channels);
    dy!.forEach((value, i) => {
      sumDy[g.statistic(i)]! += value;
      sumDyNormal[g.statistic(i)]! += value * normal[i]!;
      dBeta[g.channel(i)]! += value;
      dGamma[g.channel(i)]! += value * normal[i]!;
    });
    const dx = dy!.map((value, i) => {
      const k = g.statistic(i);
      const centred = value - sumDy[k]! / g.count - (normal[i]! * sumDyNormal[k]!) / g.count;
      return gamma![g.channel(i)]! * inverse[k]! * centred;
    });
    return [dx, dGamma, dBeta];
  },
};

/** Batch norm of an evaluation: images [m, C, H, W], γ, β, running mean, running variance, all [C]. */
export const batchNormInference: Primitive = {
  shape: ([x]) => [x!],
  reference([x, gamma, beta, mean, variance], [xs]) {
    const g = geometry(xs!, 1);
    return [
      x!.map((value, i) => {
        const c = g.channel(i);
        return (gamma![c]! * (value - mean![c]!)) / Math.sqrt(variance![c]! + BATCH_NORM_EPSILON) + beta![c]!;
      }),
    ];
  },
};

/**
 * Running average of a statistic: (1 − 0.1)·old + 0.1·(mean over the groups of new)·scale, where `scale` makes a variance
 * unbiased. Averaging over the groups is what a distributed trainer gets that keeps one copy a worker and averages them.
 * old [C], new [groups, C] → [C]. Attribute scale.
 */
export const runningAverage: Primitive = {
  shape: ([old]) => [old!],
  reference([old, fresh], [olds, freshs], { scale }) {
    const channels = olds![0]!;
    const groups = freshs![0]!;
    return [
      old!.map((value, c) => {
        let mean = 0;
        for (let k = 0; k < groups; k++) mean += fresh![k * channels + c]! / groups;
        return (1 - BATCH_NORM_MOMENTUM) * value + BATCH_NORM_MOMENTUM * mean * Number(scale);
      }),
    ];
  },
};

/**
 * Adds a part's statistic to the sum over a batch that is taken in parts: sum + (mean over the groups of new)·share.
 * sum [C], new [groups, C] → [C]. Attribute share, the part's share of the batch.
 */
export const addStatistic: Primitive = {
  shape: ([sum]) => [sum!],
  reference([sum, fresh], [sums, freshs], { share }) {
    const channels = sums![0]!;
    const groups = freshs![0]!;
    return [
      sum!.map((value, c) => {
        let mean = 0;
        for (let k = 0; k < groups; k++) mean += fresh![k * channels + c]! / groups;
        return value + mean * Number(share);
      }),
    ];
  },
};
