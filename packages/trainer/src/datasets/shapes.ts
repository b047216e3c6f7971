import { draw, uniform } from '@smallbatch/program';
import type { Content } from './dataset.ts';

/**
 * Generated 32×32 colour images of ten shapes: a disc, a square, a ring, a bar, a cross, curves of three and five petals, a
 * diamond, half a disc, a striped disc. Every number is drawn from a counter, so the same recipe gives the same bytes anywhere.
 */
export const SHAPE_NAMES = [
  'disc',
  'square',
  'ring',
  'bar',
  'cross',
  'three petals',
  'five petals',
  'diamond',
  'half disc',
  'striped disc',
];

const SIDE = 32;
const TRAIN = 1500;
const TEST = 1000;

export interface Recipe {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  /** Rotation up to this, in radians, either way. */
  readonly rotation: number;
  /** Deviation of the noise, of a full range of 1. */
  readonly noise: number;
  /** Least difference between foreground and background in each channel; the smaller, the harder. */
  readonly contrast: number;
  /** Radius from … to, in pixels. */
  readonly radius: readonly [number, number];
}

export const RECIPES: Readonly<Record<string, Recipe>> = {
  shapes: {
    name: 'shapes',
    description: 'Ten generated shapes, bright on dark, slightly turned',
    seed: 1,
    rotation: 0.4,
    noise: 0.1,
    contrast: 0.2,
    radius: [8, 12],
  },
  'shapes-hard': {
    name: 'shapes-hard',
    description: 'The same ten shapes, smaller, turned further and in more noise',
    seed: 2,
    rotation: 0.7,
    noise: 0.18,
    contrast: 0.1,
    radius: [7, 12],
  },
};

/** Whether the place (x, y), in units of the radius, belongs to a shape. */
function inside(shape: number, x: number, y: number): boolean {
  const r = Math.hypot(x, y);
  const angle = Math.atan2(y, x);
  switch (shape) {
    case 0:
      return r < 1;
    case 1:
      return Math.abs(x) < 0.8 && Math.abs(y) < 0.8;
    case 2:
      return r < 1 && r > 0.55;
    case 3:
      return Math.abs(x) < 1 && Math.abs(y) < 0.3;
    case 4:
      return (Math.abs(x) < 0.3 && Math.abs(y) < 1) || (Math.abs(y) < 0.3 && Math.abs(x) < 1);
    case 5:
      return r < 0.55 + 0.45 * Math.cos(3 * angle);
    case 6:
      return r < 0.6 + 0.4 * Math.cos(5 * angle);
    case 7:
      return Math.abs(x) + Math.abs(y) < 1;
    case 8:
      return r < 1 && y > 0;
    default:
      return r < 1 && Math.floor((x + 1) * 3) % 2 === 0;
  }
}

export function generateShapes({
  name,
  description,
  seed,
  rotation,
  noise,
  contrast,
  radius,
}: Recipe): Content {
  const count = TRAIN + TEST;
  const area = SIDE * SIDE;
  const images = new Uint8Array(count * 3 * area);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const random = (index: number): number => uniform(seed, 'images', i, index);
    const between = (index: number, low: number, high: number): number => low + (high - low) * random(index);
    const shape = i % 10;
    labels[i] = shape;
    const middle = 0.5;
    const back = [0, 1, 2].map((c) => between(c, 0, middle - contrast / 2));
    const fore = [0, 1, 2].map((c) => between(3 + c, middle + contrast / 2, 1));
    const [cx, cy, size] = [between(6, 13, 19), between(7, 13, 19), between(8, radius[0], radius[1])];
    const turn = between(9, -rotation, rotation);
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    for (let place = 0; place < area; place++) {
      const dx = ((place % SIDE) - cx) / size;
      const dy = (Math.floor(place / SIDE) - cy) / size;
      const colour = inside(shape, dx * cos + dy * sin, dy * cos - dx * sin) ? fore : back;
      const bits = draw(seed, 'noise', i, place);
      for (let c = 0; c < 3; c++) {
        // The sum of two uniform numbers, widened to the deviation asked for: close enough to a normal one, and cheap.
        const pair = bits[c]! / 2 ** 32 + (((bits[3]! >>> (c * 10)) & 0x3ff) + 0.5) / 1024 - 1;
        const value = colour[c]! + noise * Math.sqrt(6) * pair;
        images[(i * 3 + c) * area + place] = Math.max(0, Math.min(255, Math.round(255 * value)));
      }
    }
  }
  const shape = { classes: 10, channels: 3, height: SIDE, width: SIDE, trainCount: TRAIN, testCount: TEST };
  return { name, description, shape, images, labels };
}
