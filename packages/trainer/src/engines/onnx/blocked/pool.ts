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

/**
 * Window o covers the places 2o − 1, 2o and 2o + 1, so each place belongs to one window (even) or two (odd) a direction: its own, and
 * the next. The four kinds of places are compared with the maxima of their windows, and take the gradients of those that they equal.
 */
export const maxPoolGradient: BlockedLowering = ({ graph, runs, block }, [x, y, dy], { inputs }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const [h, w] = [height / 2, width / 2];
  const outer = (m * runs * channels) / block;
  const places = graph.reshape(x!, [outer, height, width, block]);
  const kind = (row: number, column: number): string =>
    graph.slice(places, [1, 2], [row, column], [height, width], [2, 2]);
  /** A map as each window has it, and as the next one has it down, right, and both; beyond the last it is zero. */
  const windows = (map: string): ((down: number, right: number) => string) => {
    const own = graph.reshape(map, [outer, h, w, block]);
    const padded = graph.pad(own, [1, 2], [0, 0], [1, 1]);
    return (down, right) =>
      down + right === 0 ? own : graph.slice(padded, [1, 2], [down, right], [down + h, right + w]);
  };
  const top = windows(y!);
  const gradient = windows(dy!);
  const given = [0, 1].map((down) =>
    [0, 1].map((right) => ({ top: top(down, right), gradient: gradient(down, right) })),
  );
  const from = (part: string, down: number, right: number): string => {
    const window = given[down]![right]!;
    const isTop = graph.node('Cast', [graph.node('Equal', [part, window.top])], { to: 1 });
    return graph.mul(isTop, window.gradient);
  };
  const evenEven = from(kind(0, 0), 0, 0);
  const right = kind(0, 1);
  const evenOdd = graph.add(from(right, 0, 0), from(right, 0, 1));
  const below = kind(1, 0);
  const oddEven = graph.add(from(below, 0, 0), from(below, 1, 0));
  const corner = kind(1, 1);
  const upper = graph.add(from(corner, 0, 0), from(corner, 0, 1));
  const oddOdd = graph.add(upper, graph.add(from(corner, 1, 0), from(corner, 1, 1)));
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
