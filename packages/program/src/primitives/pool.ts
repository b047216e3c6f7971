import type { Attributes, Primitive } from '../program.ts';
import type { Shape } from '../shape.ts';
import { size } from '../shape.ts';
import { side } from './conv.ts';

/** Max pools are 3×3 with stride 2 and padding 1, which halves an even side (PAPER: "max-pool 3×3 stride 2"). */
const KERNEL = 3;
const STRIDE = 2;
const PAD = 1;

function eachPlace(x: Shape, visit: (x: number, y: number) => void): void {
  const [m = 0, channels = 0, height = 0, width = 0] = x;
  const outHeight = side(height, KERNEL, STRIDE, PAD);
  const outWidth = side(width, KERNEL, STRIDE, PAD);
  for (let n = 0; n < m * channels; n++)
    for (let oh = 0; oh < outHeight; oh++)
      for (let ow = 0; ow < outWidth; ow++)
        for (let i = 0; i < KERNEL; i++)
          for (let j = 0; j < KERNEL; j++) {
            const h = oh * STRIDE + i - PAD;
            const w = ow * STRIDE + j - PAD;
            if (h < 0 || h >= height || w < 0 || w >= width) continue;
            visit((n * height + h) * width + w, (n * outHeight + oh) * outWidth + ow);
          }
}

/** Images [m, C, H, W] → [m, C, H/2, W/2], the maximum of each 3×3 window; H and W even. */
export const maxPool: Primitive = {
  shape([x]) {
    const [m = 0, channels = 0, height = 0, width = 0] = x!;
    if (height % 2 || width % 2)
      throw new Error(`invalid max pool: images [${x!.join(', ')}] have an odd side`);
    return [[m, channels, height / 2, width / 2]];
  },
  reference([x], [xs]) {
    const y = new Float64Array(size(xs!) / 4).fill(-Infinity);
    eachPlace(xs!, (ix, iy) => {
      y[iy] = Math.max(y[iy]!, x![ix]!);
    });
    return [y];
  },
  gradient: (build, { inputs, outputs }, [dy]) => [
    build.apply('maxPoolGradient', [inputs[0]!, outputs[0]!, dy!]),
  ],
};

/** x, pooled y, dy → dx: each input that equals its window's maximum gets that window's gradient (all of them when tied). */
export const maxPoolGradient: Primitive = {
  shape: ([x]) => [x!],
  reference([x, y, dy], [xs]) {
    const dx = new Float64Array(x!.length);
    eachPlace(xs!, (ix, iy) => {
      if (x![ix] === y![iy]) dx[ix]! += dy![iy]!;
    });
    return [dx];
  },
};

/** Images [m, C, H, W] → rows [m, C], the mean over places. */
export const globalAveragePool: Primitive = {
  shape: ([x]) => [[x![0]!, x![1]!]],
  reference([x], [xs]) {
    const area = xs![2]! * xs![3]!;
    const y = new Float64Array(xs![0]! * xs![1]!);
    x!.forEach((value, i) => {
      y[Math.floor(i / area)]! += value / area;
    });
    return [y];
  },
  gradient(build, { inputs }, [dy]) {
    const [, , height = 0, width = 0] = inputs[0]!.shape;
    return [build.apply('globalAveragePoolGradient', [dy!], { height, width })];
  },
};

/** Rows [m, C] → images [m, C, H, W], each divided by H·W. Attributes height, width. */
export const globalAveragePoolGradient: Primitive = {
  shape: ([dy], { height, width }) => [[dy![0]!, dy![1]!, Number(height), Number(width)]],
  reference([dy], [dys], { height, width }) {
    const area = Number(height) * Number(width);
    return [Float64Array.from({ length: size(dys!) * area }, (_, i) => dy![Math.floor(i / area)]! / area)];
  },
};

function eachShortcut(
  x: Shape,
  { stride, channels }: Attributes,
  visit: (x: number, y: number) => void,
): void {
  const [m = 0, inner = 0, height = 0, width = 0] = x;
  const outer = Number(channels);
  const s = Number(stride);
  for (let n = 0; n < m; n++)
    for (let c = 0; c < inner; c++)
      for (let h = 0; h < height; h += s)
        for (let w = 0; w < width; w += s) {
          const y = ((n * outer + c) * (height / s) + h / s) * (width / s) + w / s;
          visit(((n * inner + c) * height + h) * width + w, y);
        }
}

/**
 * Parameter-free shortcut of a ResNet where the width doubles: every second place, the new channels zero
 * (He et al. 2015, option A). Images [m, C, H, W] → [m, channels, H/stride, W/stride].
 */
export const shortcut: Primitive = {
  shape: ([x], { stride, channels }) => [
    [x![0]!, Number(channels), x![2]! / Number(stride), x![3]! / Number(stride)],
  ],
  reference([x], [xs], attributes) {
    const y = new Float64Array(
      (xs![0]! * Number(attributes.channels) * xs![2]! * xs![3]!) / Number(attributes.stride) ** 2,
    );
    eachShortcut(xs!, attributes, (ix, iy) => {
      y[iy] = x![ix]!;
    });
    return [y];
  },
  gradient(build, { inputs, attributes }, [dy]) {
    return [
      build.apply('shortcutGradient', [dy!], { stride: attributes.stride!, channels: inputs[0]!.shape[1]! }),
    ];
  },
};

/** dy [m, F, H', W'] → [m, channels, H'·stride, W'·stride]. Attributes stride, channels (of the input). */
export const shortcutGradient: Primitive = {
  shape: ([dy], { stride, channels }) => [
    [dy![0]!, Number(channels), dy![2]! * Number(stride), dy![3]! * Number(stride)],
  ],
  reference([dy], [dys], { stride, channels }) {
    const xs = [dys![0]!, Number(channels), dys![2]! * Number(stride), dys![3]! * Number(stride)];
    const dx = new Float64Array(size(xs));
    eachShortcut(xs, { stride: stride!, channels: dys![1]! }, (ix, iy) => {
      dx[ix] = dy![iy]!;
    });
    return [dx];
  },
};
