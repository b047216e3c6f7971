import type { Attributes, Primitive } from '../program.ts';
import type { Shape } from '../shape.ts';
import { size } from '../shape.ts';

/** Output side of a convolution or pool with padding on both sides. */
export const side = (n: number, kernel: number, stride: number, pad: number): number =>
  Math.floor((n + 2 * pad - kernel) / stride) + 1;

interface Geometry {
  m: number;
  channels: number;
  height: number;
  width: number;
  filters: number;
  kernel: number;
  outHeight: number;
  outWidth: number;
  stride: number;
  pad: number;
}

function geometry(x: Shape, w: Shape, { stride, pad }: Attributes): Geometry {
  const [m = 0, channels = 0, height = 0, width = 0] = x;
  const [filters = 0, inner = 0, kernel = 0] = w;
  if (x.length !== 4 || w.length !== 4 || inner !== channels) {
    throw new Error(`invalid convolution: images [${x.join(', ')}] with weights [${w.join(', ')}]`);
  }
  const s = Number(stride);
  const p = Number(pad);
  return {
    m,
    channels,
    height,
    width,
    filters,
    kernel,
    stride: s,
    pad: p,
    outHeight: side(height, kernel, s, p),
    outWidth: side(width, kernel, s, p),
  };
}

/** Calls back with the flat places of every (image, weight, output) triple that a convolution multiplies. */
function eachProduct(g: Geometry, visit: (x: number, w: number, y: number) => void): void {
  for (let n = 0; n < g.m; n++)
    for (let f = 0; f < g.filters; f++)
      for (let oh = 0; oh < g.outHeight; oh++)
        for (let ow = 0; ow < g.outWidth; ow++) {
          const y = ((n * g.filters + f) * g.outHeight + oh) * g.outWidth + ow;
          for (let c = 0; c < g.channels; c++)
            for (let i = 0; i < g.kernel; i++) {
              const h = oh * g.stride + i - g.pad;
              if (h < 0 || h >= g.height) continue;
              for (let j = 0; j < g.kernel; j++) {
                const w = ow * g.stride + j - g.pad;
                if (w < 0 || w >= g.width) continue;
                visit(
                  ((n * g.channels + c) * g.height + h) * g.width + w,
                  ((f * g.channels + c) * g.kernel + i) * g.kernel + j,
                  y,
                );
              }
            }
        }
}

/** y = x ∗ w (+ bias): images [m, C, H, W], weights [F, C, k, k], bias [F] → [m, F, H', W']. Attributes stride, pad. */
export const conv: Primitive = {
  shape([x, w], attributes) {
    const g = geometry(x!, w!, attributes);
    return [[g.m, g.filters, g.outHeight, g.outWidth]];
  },
  reference([x, w, bias], [xs, ws], attributes) {
    const g = geometry(xs!, ws!, attributes);
    const area = g.outHeight * g.outWidth;
    const y = new Float64Array(g.m * g.filters * area);
    if (bias) for (let i = 0; i < y.length; i++) y[i] = bias[Math.floor(i / area) % g.filters]!;
    eachProduct(g, (ix, iw, iy) => {
      y[iy]! += x![ix]! * w![iw]!;
    });
    return [y];
  },
  gradient(build, { inputs, attributes }, [dy], wanted) {
    const [x, w, bias] = inputs as [(typeof inputs)[0], (typeof inputs)[0], (typeof inputs)[0]?];
    const [, , height = 0, width = 0] = x.shape;
    return [
      wanted[0] ? build.apply('convInputGradient', [dy!, w], { ...attributes, height, width }) : undefined,
      wanted[1]
        ? build.apply('convFilterGradient', [x, dy!], { ...attributes, kernel: w.shape[2]! })
        : undefined,
      bias && build.apply('sumChannels', [dy!]),
    ];
  },
  multiplyAdds([x, w], attributes) {
    const g = geometry(x!, w!, attributes);
    return g.m * size(w!) * g.outHeight * g.outWidth;
  },
};

/** Gradient by the images: dy [m, F, H', W'], weights [F, C, k, k] → [m, C, H, W]. Attributes stride, pad, height, width. */
export const convInputGradient: Primitive = {
  shape([dy, w], { height, width }) {
    return [[dy![0]!, w![1]!, Number(height), Number(width)]];
  },
  reference([dy, w], [dys, ws], attributes) {
    const xs = [dys![0]!, ws![1]!, Number(attributes.height), Number(attributes.width)];
    const dx = new Float64Array(size(xs));
    eachProduct(geometry(xs, ws!, attributes), (ix, iw, iy) => {
      dx[ix]! += dy![iy]! * w![iw]!;
    });
    return [dx];
  },
  multiplyAdds: ([dy, w]) => dy![0]! * size(w!) * dy![2]! * dy![3]!,
};

/** Gradient by the weights: images [m, C, H, W], dy [m, F, H', W'] → [F, C, k, k]. Attributes stride, pad, kernel. */
export const convFilterGradient: Primitive = {
  shape([x, dy], { kernel }) {
    return [[dy![1]!, x![1]!, Number(kernel), Number(kernel)]];
  },
  reference([x, dy], [xs, dys], attributes) {
    const kernel = Number(attributes.kernel);
    const ws = [dys![1]!, xs![1]!, kernel, kernel];
    const dw = new Float64Array(size(ws));
    eachProduct(geometry(xs!, ws, attributes), (ix, iw, iy) => {
      dw[iw]! += x![ix]! * dy![iy]!;
    });
    return [dw];
  },
  multiplyAdds: ([x, dy], { kernel }) => size(dy!) * x![1]! * Number(kernel) ** 2,
};
