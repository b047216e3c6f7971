import { type Fusion, image } from '../lower/lowering.ts';
import { type BlockedLowering, blockedNode, sumOf } from './blocked.ts';

/** The operators refuse images whose channels are neither fewer than a block nor whole blocks. */
const isAccepted = (channels: number, block: number): boolean => channels < block || channels % block === 0;

export const conv: BlockedLowering = (
  { graph, runs, block, isPlain },
  [x, w, bias],
  { inputs, outputs, attributes },
) => {
  const [filters = 0, channels = 0, kernel = 0] = inputs[1]!.shape;
  const stride = Number(attributes.stride);
  const pad = Number(attributes.pad);
  const common = inputs[0]!.common;
  const convolve = (values: readonly string[], group: number, { sum, relu }: Fusion): string =>
    blockedNode(graph, 'Conv', [...values, ...(sum && !bias ? [''] : []), ...(sum ? [sum] : [])], {
      group,
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      ...(relu ? { activation: 'Relu' } : {}),
    });
  const all = [x!, w!, ...(bias ? [bias] : [])];
  if (common || !isPlain(inputs[0]!) || isAccepted(runs * channels, block)) {
    return [{ takes: 'sum and relu', write: (fusion) => convolve(all, common ? 1 : runs, fusion) }];
  }
  // The images of a few runs at a time.
  const few = Math.floor((block - 1) / channels);
  const parts: string[] = [];
  for (let from = 0; from < runs; from += few) {
    const to = Math.min(runs, from + few);
    const part = (value: string, axis: number, per: number): string =>
      graph.slice(value, [axis], [from * per], [to * per]);
    const own = [part(x!, 1, channels), part(w!, 0, filters), ...(bias ? [part(bias, 0, filters)] : [])];
    parts.push(convolve(own, to - from, {}));
  }
  const { m, height, width } = image(outputs[0]!.shape);
  const flat = parts.map((name) => graph.reshape(name, [m, -1, height, width]));
  return [graph.concat(flat, 1)];
};

/**
 * A convolution with the weights' channels exchanged and their taps turned. With stride 2 the four kinds of places (even and odd
 * rows and columns) each take their own taps of one convolution at the size of the gradient, and are woven together.
 */
export const convInputGradient: BlockedLowering = (
  { graph, runs, block },
  [dy, w],
  { inputs, outputs, attributes },
) => {
  const [filters = 0, channels = 0, kernel = 0] = inputs[1]!.shape;
  const { m, height, width } = image(outputs[0]!.shape);
  const stride = Number(attributes.stride);
  const pad = Number(attributes.pad);
  const [f, c] = [filters / block, channels / block];
  const taps = kernel * kernel;
  // Each block of the weights transposed: the operator that leaves the blocked layout does just that to maps of B places.
  const sides = block === 4 ? [2, 2] : [block / 4, 4];
  const maps = graph.reshape(w!, [runs * f * c * taps, block, ...sides]);
  const blocks = graph.reshape(blockedNode(graph, 'ReorderOutput', [maps], { channels: block }), [
    -1,
    block ** 2,
  ]);
  /** The transposed blocks by run, kind, block of channels, block of filters and tap; tap −1 is zero. */
  const chosen = (kinds: readonly (readonly number[])[]): string => {
    const rows: number[] = [];
    let zeros = false;
    for (let r = 0; r < runs; r++)
      for (const wanted of kinds)
        for (let ic = 0; ic < c; ic++)
          for (let jf = 0; jf < f; jf++)
            for (const tap of wanted) {
              zeros ||= tap < 0;
              rows.push(tap < 0 ? runs * f * c * taps : ((r * f + jf) * c + ic) * taps + tap);
            }
    const table = zeros ? graph.pad(blocks, [0], [0], [1]) : blocks;
    return graph.node('Gather', [table, graph.ints(rows)], { axis: 0 });
  };
  if (stride === 1) {
    const turned = chosen([Array.from({ length: taps }, (_, tap) => taps - 1 - tap)]);
    const back = kernel - 1 - pad;
    const weights = graph.reshape(turned, [runs * channels, filters, kernel, kernel]);
    const settings = { group: runs, kernel_shape: [kernel, kernel], pads: [back, back, back, back] };
    const convolve = ({ sum, relu }: Fusion): string =>
      blockedNode(graph, 'Conv', [dy!, weights, ...(sum ? ['', sum] : [])], {
        ...settings,
        ...(relu ? { activation: 'Relu' } : {}),
      });
    return [{ takes: 'sum and relu', write: convolve }];
  }
  if (stride !== 2) throw new Error(`unsupported stride ${stride} on engine onnx`);
  // Place 2a + p takes dy[a + d] with tap p + pad − 2d: for one side, the taps of each d by parity; −1 where there is none.
  const [low, high] = [Math.ceil((pad - kernel + 1) / 2), Math.floor((1 + pad) / 2)];
  const side = high - low + 1;
  const tapOf = (parity: number, d: number): number => {
    const tap = parity + pad - 2 * (low + d);
    return tap >= 0 && tap < kernel ? tap : -1;
  };
  const each = Array.from({ length: side }, (_, d) => d);
  const kinds = [0, 1].flatMap((py) =>
    [0, 1].map((px) =>
      each.flatMap((dy) =>
        each.map((dx) => {
          const [ty, tx] = [tapOf(py, dy), tapOf(px, dx)];
          return ty < 0 || tx < 0 ? -1 : ty * kernel + tx;
        }),
      ),
    ),
  );
  const four = chosen(kinds);
  const [h, v] = [height / 2, width / 2];
  const parts = blockedNode(
    graph,
    'Conv',
    [dy!, graph.reshape(four, [runs * 4 * channels, filters, side, side])],
    { group: runs, kernel_shape: [side, side], pads: [-low, -low, high, high] },
  );
  const places = graph.reshape(parts, [m, runs, 2, 2, c, h, v, block]);
  const woven = graph.transpose(places, [0, 1, 4, 5, 2, 6, 3, 7]);
  return [graph.reshape(woven, [m, runs * channels, height, width])];
};

/** Samples of one sum: fewer than a block, or the operator would take them for blocked channels, and a share of it. */
const samplesOf = (m: number, block: number): number => [8, 4, 2].find((n) => n < block && m % n === 0) ?? 1;

/**
 * dW[f, c, i, j] = Σ over samples and places of dy[n, f, h, w]·x[n, c, s·h + i, s·w + j] as one convolution: the gradient is the
 * kernel, the samples are its channels, and a row of the images, whose channels lie innermost, is W·B places with the taps B
 * apart (dilation s·B). Its k × k·B places are the taps and channels of dW in just the order of the weights.
 */
export const convFilterGradient: BlockedLowering = (
  { graph, runs, block, isPlain },
  [x, dy],
  { inputs, attributes },
) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const { channels: filters, height: rows, width: columns } = image(inputs[1]!.shape);
  const kernel = Number(attributes.kernel);
  const stride = Number(attributes.stride);
  const pad = Number(attributes.pad);
  const first = isPlain(inputs[0]!);
  const inner = first ? channels : block;
  const c = channels / inner;
  const f = filters / block;
  const each = samplesOf(m, block);
  const parts = m / each;
  const groups = runs * parts;
  // Groups of zeros make up for what the operator would refuse.
  const spare = isAccepted(groups * each, block)
    ? 0
    : Math.ceil((groups * each) / block) * block - groups * each;
  // Images as [c, R·m, H, W·inner]: a transposition only where a sample has several runs or blocks.
  let images = x!;
  if (first) {
    // One axis at a time: two such moves are several times faster than one of both.
    const last = graph.transpose(graph.reshape(images, [m * runs, channels, height * width]), [0, 2, 1]);
    images = graph.transpose(graph.reshape(last, [m, runs, height * width * channels]), [1, 0, 2]);
  } else if (m > 1 && runs * c > 1) {
    const split = graph.reshape(images, [m, runs, c, height * width * inner]);
    images = graph.transpose(split, [2, 1, 0, 3]);
  } else if (runs > 1 && c > 1) {
    images = graph.transpose(graph.reshape(images, [runs, c, height * width * inner]), [1, 0, 2]);
  }
  images = graph.reshape(images, [c, runs * m, height, width * inner]);
  // What the taps reach: (out − 1)·stride + k, which may end before the images do.
  const after = (columns - 1) * stride + kernel - pad - width;
  if (pad > 0 || spare > 0) {
    images = graph.pad(images, [1, 3], [0, pad * inner], [spare, Math.max(0, after) * inner]);
  }
  if (after < 0) images = graph.slice(images, [3], [0], [(width + pad + after) * inner]);
  const below = (rows - 1) * stride + kernel - pad - height;
  if (below < 0) images = graph.slice(images, [2], [0], [height + below]);

  // The gradient as weights [R·parts·F, each, H', W'].
  let gradient = dy!;
  const area = rows * columns * block;
  if (each > 1 && runs * f > 1) {
    const split = graph.reshape(gradient, [parts, each, runs, f, area]);
    gradient = graph.transpose(split, [2, 0, 3, 1, 4]);
  } else if (m > 1 && runs > 1) {
    gradient = graph.transpose(graph.reshape(gradient, [m, runs, f, area]), [1, 0, 2, 3]);
  }
  if (spare > 0) {
    gradient = graph.pad(graph.reshape(gradient, [groups, each * f * area]), [0], [0], [spare / each]);
  }
  gradient = graph.reshape(gradient, [(groups + spare / each) * filters, each, rows, columns]);
  let products = blockedNode(graph, 'Conv', [images, gradient], {
    group: groups + spare / each,
    kernel_shape: [rows, columns],
    dilations: [stride, stride * inner],
    pads: [pad, 0, Math.max(0, below), 0],
  });
  const taps = kernel * kernel * inner * block;
  if (spare > 0) {
    const whole = graph.reshape(products, [c, groups + spare / each, f * taps]);
    products = graph.slice(whole, [1], [0], [groups]);
  }
  let sum = graph.reshape(products, [c, runs, parts, f * taps]);
  if (parts > 1) sum = sumOf(graph, sum, parts);
  // [c, R·f, taps] → [R·f, c, taps]; of the first convolution, the taps' channels come before the taps.
  if (c > 1) sum = graph.transpose(graph.reshape(sum, [c, runs * f, taps]), [1, 0, 2]);
  if (first) {
    sum = graph.transpose(graph.reshape(sum, [runs * f, kernel * kernel, inner, block]), [0, 2, 1, 3]);
  }
  return [graph.reshape(sum, [runs * filters, channels, kernel, kernel])];
};

export const sumChannels: BlockedLowering = ({ graph, runs }, [x], { inputs }) => {
  const { m, channels, height, width } = image(inputs[0]!.shape);
  const means = graph.reshape(blockedNode(graph, 'GlobalAveragePool', [x!], {}), [m, runs * channels]);
  const sum = graph.reshape(m > 1 ? sumOf(graph, means, m) : means, [runs * channels]);
  return [graph.mul(sum, graph.float(height * width))];
};
