import type { Graph } from '../graph.ts';
import { image } from '../lower/lowering.ts';
import { type BlockedLowering, blockedNode } from './blocked.ts';

export const maxPool: BlockedLowering = ({ graph }, [x]) => [
  blockedNode(graph, 'MaxPool', [x!], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
];

/** Puts maps of even and odd places side by side along an axis: [.., n, rest] twice → [.., 2n, rest]. */
function weave(graph: Graph, even: string, odd: string, outer: number, n: number, rest: number): string {
  const view = (value: string): string => graph.reshape(value, [outer, n, 1, rest]);
  return graph.concat([view(even), view(odd)], 2);
}

/** Moves a map one place towards the origin along `axis`, the last place becoming zero. */
function towardsOrigin(graph: Graph, x: string, axis: number, side: number): string {
  return graph.pad(graph.slice(x, [axis], [1], [side]), [axis], [0], [1]);
}

/**
 * Window o covers the places 2o − 1, 2o and 2o + 1, so each place belongs to one window (even) or two (odd) a direction. The
 * nine taps of all windows are strided slices; where a tap equals its window's maximum, it takes that window's gradient.
 */
export const maxPoolGradient: BlockedLowering = ({ graph, runs, block }, [x, y, dy], { inputs }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const [h, w] = [height / 2, width / 2];
  const outer = (m * runs * channels) / block;
  const open = (value: string, rows: number, columns: number): string =>
    graph.reshape(value, [outer, rows, columns, block]);
  const padded = graph.pad(open(x!, height, width), [1, 2], [1, 1], [0, 0], Number.NEGATIVE_INFINITY);
  const top = open(y!, h, w);
  const gradient = open(dy!, h, w);
  const tap = (i: number, j: number): string => {
    const part = graph.slice(padded, [1, 2], [i, j], [i + 2 * h - 1, j + 2 * w - 1], [2, 2]);
    return graph.mul(graph.node('Cast', [graph.node('Equal', [part, top])], { to: 1 }), gradient);
  };
  const evenEven = tap(1, 1);
  const evenOdd = graph.add(tap(1, 2), towardsOrigin(graph, tap(1, 0), 2, w));
  const oddEven = graph.add(tap(2, 1), towardsOrigin(graph, tap(0, 1), 1, h));
  const left = graph.add(tap(2, 2), towardsOrigin(graph, tap(2, 0), 2, w));
  const above = graph.add(tap(0, 2), towardsOrigin(graph, tap(0, 0), 2, w));
  const oddOdd = graph.add(left, towardsOrigin(graph, above, 1, h));
  const evenRows = weave(graph, evenEven, evenOdd, outer * h, w, block);
  const oddRows = weave(graph, oddEven, oddOdd, outer * h, w, block);
  const rows = weave(graph, evenRows, oddRows, outer, h, width * block);
  return [graph.reshape(rows, [m, runs * channels, height, width])];
};

export const globalAveragePool: BlockedLowering = ({ graph, runs }, [x], { inputs }) => {
  const { m, channels } = image(inputs[0]!.shape);
  const pooled = graph.reshape(blockedNode(graph, 'GlobalAveragePool', [x!], {}), [m, runs, channels]);
  return [graph.transpose(pooled, [1, 0, 2])];
};

export const globalAveragePoolGradient: BlockedLowering = ({ graph, runs, block }, [dy], { outputs }) => {
  const { m, channels, height, width } = image(outputs[0]!.shape);
  const shared = graph.mul(graph.transpose(dy!, [1, 0, 2]), graph.float(1 / (height * width)));
  const blocks = (m * runs * channels) / block;
  const wide = graph.node('Expand', [
    graph.reshape(shared, [blocks, 1, block]),
    graph.ints([blocks, height * width, block]),
  ]);
  return [graph.reshape(wide, [m, runs * channels, height, width])];
};

export const shortcut: BlockedLowering = ({ graph, runs, block }, [x], { inputs, outputs, attributes }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const out = image(outputs[0]!.shape);
  const stride = Number(attributes.stride);
  const open = graph.reshape(x!, [(m * runs * channels) / block, height, width, block]);
  const part = graph.slice(open, [1, 2], [0, 0], [height, width], [stride, stride]);
  const area = out.height * out.width;
  const wide = graph.pad(
    graph.reshape(part, [m * runs, channels * area]),
    [1],
    [0],
    [(out.channels - channels) * area],
  );
  return [graph.reshape(wide, [m, runs * out.channels, out.height, out.width])];
};

/** Zeros after each place and each row: two pads of whole rows, as the channels lie innermost. */
export const shortcutGradient: BlockedLowering = (
  { graph, runs, block },
  [dy],
  { inputs, outputs, attributes },
) => {
  const { m, channels: wide, height: h, width: w } = image(inputs[0]!.shape);
  const { channels, height, width } = image(outputs[0]!.shape);
  const stride = Number(attributes.stride);
  const narrow = graph.slice(graph.reshape(dy!, [m * runs, wide * h * w]), [1], [0], [channels * h * w]);
  const outer = (m * runs * channels) / block;
  const places = graph.reshape(narrow, [outer * h * w, block]);
  const spread = graph.pad(places, [1], [0], [(stride - 1) * block]);
  const rows = graph.pad(
    graph.reshape(spread, [outer * h, width * block]),
    [1],
    [0],
    [(stride - 1) * width * block],
  );
  return [graph.reshape(rows, [m, runs * channels, height, width])];
};

export const flatten: BlockedLowering = ({ graph, runs }, [x], { inputs, outputs }) => {
  const { channels, height, width } = image(inputs[0]!.shape);
  const [m = 0, units = 0] = outputs[0]!.shape;
  const plain =
    height * width === 1 ? x! : blockedNode(graph, 'ReorderOutput', [x!], { channels: runs * channels });
  return [graph.transpose(graph.reshape(plain, [m, runs, units]), [1, 0, 2])];
};

export const unflatten: BlockedLowering = ({ graph, runs }, [x], { outputs }) => {
  const { m, channels, height, width } = image(outputs[0]!.shape);
  const plain = graph.reshape(graph.transpose(x!, [1, 0, 2]), [m, runs * channels, height, width]);
  return [height * width === 1 ? plain : blockedNode(graph, 'ReorderInput', [plain], {})];
};
