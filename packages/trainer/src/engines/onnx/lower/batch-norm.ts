import { BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM } from '@smallbatch/program';
import type { Graph } from '../graph.ts';
import type { Lowering } from './lowering.ts';
import { image } from './lowering.ts';

const inverseRoot = (graph: Graph, variance: string): string =>
  graph.node('Reciprocal', [graph.node('Sqrt', [graph.add(variance, graph.float(BATCH_NORM_EPSILON))])]);

/** x·scale + shift per channel in one pass: the operator with mean 0 and variance 1 does just that. */
function affine(graph: Graph, x: string, scale: string, shift: string, channels: number): string {
  const zero = graph.node('Expand', [graph.float(0), graph.ints([channels])]);
  const one = graph.node('Expand', [graph.float(1), graph.ints([channels])]);
  return graph.node('BatchNormalization', [x, scale, shift, zero, one], { epsilon: { float: 0 } });
}

/** Images [m, R·C, H, W] seen as [groups, m / groups, R·C, H·W]; one group keeps its own shape, which costs no copy. */
function grouped(graph: Graph, x: string, groups: number, m: number, channels: number, area: number) {
  const split = groups > 1;
  return {
    x: split ? graph.reshape(x, [groups, m / groups, channels, area]) : x,
    axes: split ? [1, 3] : [0, 2, 3],
    statistic: split ? [groups, 1, channels, 1] : [1, channels, 1, 1],
    vector: split ? [1, 1, channels, 1] : [1, channels, 1, 1],
  };
}

export const batchNorm: Lowering = ({ graph, runs }, [x, scale, shift], { inputs, attributes }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const groups = Number(attributes.groups);
  const all = runs * channels;
  const view = grouped(graph, x!, groups, m, all, height * width);
  const mean = graph.reduceMean(view.x, view.axes);
  const centred = graph.sub(view.x, mean);
  const variance = graph.reduceMean(graph.mul(centred, centred), view.axes);
  const factor = graph.mul(graph.reshape(scale!, view.vector), inverseRoot(graph, variance));
  const flat = [groups, all];
  let y: string;
  if (groups === 1) {
    y = affine(graph, centred, graph.reshape(factor, [all]), shift!, all);
  } else {
    const moved = graph.add(graph.mul(centred, factor), graph.reshape(shift!, view.vector));
    y = graph.reshape(moved, [m, all, height, width]);
  }
  return [y, graph.reshape(mean, flat), graph.reshape(variance, flat)];
};

/** dx = a·dy + b·x + c with a, b, c per channel, so that only two sums over the images are needed. */
export const batchNormGradient: Lowering = (
  { graph, runs },
  [x, scale, meanFlat, varianceFlat, dy],
  { inputs, attributes },
) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const groups = Number(attributes.groups);
  const all = runs * channels;
  const xs = grouped(graph, x!, groups, m, all, height * width);
  const dys = grouped(graph, dy!, groups, m, all, height * width);
  const count = (m / groups) * height * width;
  const mean = graph.reshape(meanFlat!, xs.statistic);
  const inverse = inverseRoot(graph, graph.reshape(varianceFlat!, xs.statistic));

  const meanDy = graph.reduceMean(dys.x, xs.axes);
  const meanDyX = graph.reduceMean(graph.mul(dys.x, xs.x), xs.axes);
  // Means of dy·x̂ and dy: dγ and dβ divided by the count.
  const meanDyNormal = graph.mul(graph.sub(meanDyX, graph.mul(mean, meanDy)), inverse);
  const a = graph.mul(graph.reshape(scale!, xs.vector), inverse);
  const b = graph.node('Neg', [graph.mul(graph.mul(a, inverse), meanDyNormal)]);
  const c = graph.node('Neg', [graph.add(graph.mul(a, meanDy), graph.mul(b, mean))]);

  const fromDy = graph.mul(dys.x, a);
  const fromX =
    groups === 1
      ? affine(graph, xs.x, graph.reshape(b, [all]), graph.reshape(c, [all]), all)
      : graph.add(graph.mul(xs.x, b), c);
  const dx = graph.add(fromDy, fromX);
  const total = (value: string): string => {
    const sum = groups > 1 ? graph.reduceSum(value, [0]) : value;
    return graph.reshape(graph.mul(sum, graph.float(count)), [all]);
  };
  return [groups === 1 ? dx : graph.reshape(dx, [m, all, height, width]), total(meanDyNormal), total(meanDy)];
};

export const batchNormInference: Lowering = ({ graph }, [x, scale, shift, mean, variance]) => [
  graph.node('BatchNormalization', [x!, scale!, shift!, mean!, variance!], {
    epsilon: { float: BATCH_NORM_EPSILON },
  }),
];

export const runningAverage: Lowering = ({ graph }, [old, fresh], { inputs, attributes }) => {
  const groups = inputs[1]!.shape[0]!;
  const mean = groups > 1 ? graph.reduceMean(fresh!, [0], 0) : graph.reshape(fresh!, [-1]);
  return [
    graph.add(
      graph.mul(old!, graph.float(1 - BATCH_NORM_MOMENTUM)),
      graph.mul(mean, graph.float(BATCH_NORM_MOMENTUM * Number(attributes.scale))),
    ),
  ];
};

export const addStatistic: Lowering = ({ graph }, [sum, fresh], { inputs, attributes }) => {
  const groups = inputs[1]!.shape[0]!;
  const mean = groups > 1 ? graph.reduceMean(fresh!, [0], 0) : graph.reshape(fresh!, [-1]);
  return [graph.add(sum!, graph.mul(mean, graph.float(Number(attributes.share))))];
};
