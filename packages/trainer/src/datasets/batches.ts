import { type DataShape, draw, permutation } from '@smallbatch/program';
import type { StoredDataset } from './dataset.ts';

/** Pixels are moved to (value / 255 − 0.5) / 0.3 for every data set and channel: fixed numbers that need no statistics. */
const NORMALISED = Float32Array.from({ length: 256 }, (_, value) => (value / 255 - 0.5) / 0.3);
/** What augmentation pads with: black, as in He et al. 2015. */
const BLACK = NORMALISED[0]!;
const PAD = 4;

/** The order of an epoch: every training sample once, reshuffled each epoch, a function of seed and epoch alone. */
export const epochOrder = (dataset: Pick<StoredDataset, 'shape'>, seed: number, epoch: number): Uint32Array =>
  permutation(seed, 'shuffle', epoch, dataset.shape.trainCount);

/**
 * Writes a sample [C, H, W] of bytes, normalised, to `target` from `offset`. With augmentation: padded by 4, cropped to its size at a
 * random place, flipped or not (Masters & Luschi 2018, section 5), drawn for (seed, epoch, sample).
 */
export function writeSample(
  target: Float32Array,
  offset: number,
  pixels: Uint8Array,
  { channels, height, width }: Pick<DataShape, 'channels' | 'height' | 'width'>,
  sample: number,
  augment?: { seed: number; epoch: number },
): void {
  const area = height * width;
  if (!augment) {
    for (let i = 0; i < channels * area; i++) target[offset + i] = NORMALISED[pixels[i]!]!;
    return;
  }
  const [a, b, c] = draw(augment.seed, 'augmentation', augment.epoch, sample);
  const dy = (a % (2 * PAD + 1)) - PAD;
  const dx = (b % (2 * PAD + 1)) - PAD;
  const flip = (c & 1) === 1;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const sy = y + dy;
        const sx = (flip ? width - 1 - x : x) + dx;
        const outside = sy < 0 || sy >= height || sx < 0 || sx >= width;
        const place = offset + channel * area + y * width + x;
        target[place] = outside ? BLACK : NORMALISED[pixels[channel * area + sy * width + sx]!]!;
      }
    }
  }
}
