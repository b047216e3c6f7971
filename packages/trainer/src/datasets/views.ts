import { draw } from '@smallbatch/program';

/** What of an image is shown: a region of it, resized, then perhaps a part of that, perhaps mirrored. */
export interface View {
  readonly region: Rectangle;
  readonly resized: { readonly width: number; readonly height: number };
  readonly part?: Rectangle;
  readonly flip?: boolean;
}

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Share of the area that a random crop has, and its width over its height: from … to (Szegedy et al. 2015). */
const SCALE = [0.08, 1] as const;
const RATIO = [3 / 4, 4 / 3] as const;
/** Crops that are drawn until one fits into the image. */
const TRIES = 10;
/** Share of the short side that the centre crop has: 224 of 256. */
const CENTRE = 224 / 256;

/** The short side becomes 8/7 of `size`, and the square of `size` in the middle is shown: resize 256 and centre crop 224. */
export function centreView(width: number, height: number, size: number): View {
  const short = Math.round(size / CENTRE);
  const scale = short / Math.min(width, height);
  const resized = {
    width: Math.max(short, Math.round(width * scale)),
    height: Math.max(short, Math.round(height * scale)),
  };
  const left = Math.floor((resized.width - size) / 2);
  const top = Math.floor((resized.height - size) / 2);
  return {
    region: { left: 0, top: 0, width, height },
    resized,
    part: { left, top, width: size, height: size },
  };
}

/** A crop of random area, shape and place, resized to `size`, flipped or not: drawn for (seed, epoch, sample). */
export function randomView(
  width: number,
  height: number,
  size: number,
  { seed, epoch, sample }: { seed: number; epoch: number; sample: number },
): View {
  const resized = { width: size, height: size };
  const flipOf = (bits: number): boolean => (bits & 1) === 1;
  let flip = false;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    // The upper half of the index counts the attempts, the lower one is the sample.
    const [a, b, c, d] = draw(seed, 'augmentation', epoch, sample + attempt * 2 ** 32);
    if (attempt === 0) flip = flipOf(d);
    const area = width * height * (SCALE[0] + (SCALE[1] - SCALE[0]) * (a / 2 ** 32));
    const ratio = RATIO[0] * (RATIO[1] / RATIO[0]) ** (b / 2 ** 32);
    const w = Math.round(Math.sqrt(area * ratio));
    const h = Math.round(Math.sqrt(area / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const left = Math.floor((c / 2 ** 32) * (width - w + 1));
    // The lowest bit is the flip's.
    const top = Math.floor(((d >>> 1) / 2 ** 31) * (height - h + 1));
    return { region: { left, top, width: w, height: h }, resized, flip };
  }
  // A very long image: as much of its middle as the shapes allow.
  const w = Math.max(1, Math.min(width, Math.round(height * RATIO[1])));
  const h = Math.max(1, Math.min(height, Math.round(width / RATIO[0])));
  const left = Math.floor((width - w) / 2);
  const top = Math.floor((height - h) / 2);
  return { region: { left, top, width: w, height: h }, resized, flip };
}
