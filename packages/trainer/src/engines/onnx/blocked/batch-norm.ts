import { BATCH_NORM_EPSILON } from '@smallbatch/program';
import type { Graph } from '../graph.ts';
import { type Fusion, image } from '../lower/lowering.ts';
import { affine, type BlockedContext, type BlockedLowering, blockedNode, sumOf } from './blocked.ts';

const inverseRoot = (graph: Graph, variance: string): string =>
  graph.node('Reciprocal', [graph.node('Sqrt', [graph.add(variance, graph.float(BATCH_NORM_EPSILON))])]);

/** How the samples of a step fall into BN batches: statistics are [groups, R·C], affine maps take one vector a sample where groups differ. */
function layout(graph: Graph, m: number, groups: number, channels: number, height: number, width: number) {
  const each = m / groups;
  /** Sums over the samples of each group, times `factor`: [groups, channels], of one group [channels]. */
  const perGroup = (sums: string, factor: number): string => {
    const weights = graph.floats(`weights_${each}_${factor}`, new Float32Array(each).fill(factor), [each]);
    if (each === 1) return graph.mul(graph.reshape(sums, [...outer, channels]), graph.float(factor));
    return graph.node('MatMul', [weights, graph.reshape(sums, [...outer, each, channels])]);
  };
  const outer = groups > 1 ? [groups] : [];
  return {
    count: each * height * width,
    /** Shape of the statistics. */
    shape: [...outer, channels],
    /** A vector [channels] in the shape of the statistics. */
    spread: (vector: string): string =>
      groups > 1 ? graph.node('Expand', [vector, graph.ints([groups, channels])]) : vector,
    /** Mean of each group and channel. */
    mean: (x: string): string => perGroup(blockedNode(graph, 'GlobalAveragePool', [x], {}), 1 / each),
    /** Mean of x·y of each group and channel: y is taken as the kernel of a convolution that leaves one place. */
    meanProduct(x: string, y: string): string {
      const one = graph.reshape(x, [1, m * channels, height, width]);
      const other = graph.reshape(y, [m * channels, 1, height, width]);
      const settings = { group: m * channels, kernel_shape: [height, width] };
      return perGroup(blockedNode(graph, 'Conv', [one, other], settings), 1 / (each * height * width));
    },
    affine(x: string, scale: string, shift: string | undefined, fusion: Fusion = {}): string {
      if (groups === 1) return affine(graph, x, scale, shift, channels, fusion);
      const all = m * channels;
      const repeat = (vector: string): string =>
        graph.node('Expand', [
          graph.reshape(vector, [groups, 1, channels]),
          graph.ints([groups, each, channels]),
        ]);
      const wide = (value: string): string => graph.reshape(value, [1, all, height, width]);
      const sum = fusion.sum && wide(fusion.sum);
      const y = affine(graph, wide(x), repeat(scale), shift && graph.reshape(repeat(shift), [all]), all, {
        ...fusion,
        sum,
      });
      return graph.reshape(y, [m, channels, height, width]);
    },
  };
}

/** x minus its mean, of which variance, result and gradient are made: sums of x² itself would cancel where samples are few. */
function centred(
  { graph, once }: BlockedContext,
  view: ReturnType<typeof layout>,
  x: string,
  mean: string,
): string {
  return once(`centred ${x} ${mean}`, () => {
    const one = once(`one ${view.shape}`, () =>
      graph.node('Expand', [graph.float(1), graph.ints(view.shape)]),
    );
    return view.affine(x, one, graph.node('Neg', [mean]));
  });
}

export const batchNorm: BlockedLowering = (context, [x, scale, shift], { inputs, attributes }) => {
  const { graph, runs } = context;
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const view = layout(graph, m, Number(attributes.groups), runs * channels, height, width);
  const mean = view.mean(x!);
  const middle = centred(context, view, x!, mean);
  const variance = view.meanProduct(middle, middle);
  const factor = graph.mul(inverseRoot(graph, variance), scale!);
  const write = (fusion: Fusion): string => view.affine(middle, factor, view.spread(shift!), fusion);
  return [{ takes: 'sum and relu', write }, mean, variance];
};

/** dx = a·dy + b·(x − mean) + c with a, b, c per channel, so that only two sums over the images are needed. */
export const batchNormGradient: BlockedLowering = (
  context,
  [x, scale, mean, variance, dy],
  { inputs, attributes },
) => {
  const { graph, runs } = context;
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const groups = Number(attributes.groups);
  const all = runs * channels;
  const view = layout(graph, m, groups, all, height, width);
  const middle = centred(context, view, x!, mean!);
  const inverse = inverseRoot(graph, variance!);
  const meanDy = view.mean(dy!);
  // Means of dy·x̂ and dy: dγ and dβ divided by the count.
  const meanDyNormal = graph.mul(view.meanProduct(middle, dy!), inverse);
  const a = graph.mul(inverse, scale!);
  const b = graph.node('Neg', [graph.mul(graph.mul(a, inverse), meanDyNormal)]);
  const c = graph.node('Neg', [graph.mul(a, meanDy)]);
  const fromX = view.affine(middle, b, c);
  const dx = view.affine(dy!, a, undefined, { sum: fromX });
  const total = (value: string): string => {
    const sum = groups > 1 ? graph.reshape(sumOf(graph, value, groups), [all]) : value;
    return graph.mul(sum, graph.float(view.count));
  };
  return [dx, total(meanDyNormal), total(meanDy)];
};

export const batchNormInference: BlockedLowering = (
  { graph, runs },
  [x, scale, shift, mean, variance],
  { inputs },
) => {
  const all = runs * inputs[0]!.shape[1]!;
  const factor = graph.mul(inverseRoot(graph, variance!), scale!);
  const offset = graph.sub(shift!, graph.mul(mean!, factor));
  const write = (fusion: Fusion): string => affine(graph, x!, factor, offset, all, fusion);
  return [{ takes: 'sum and relu', write }];
};
