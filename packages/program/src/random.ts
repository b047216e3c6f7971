/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011). A number
 * depends on its key and counter alone, so that nothing depends on who trains beside or on what was drawn before.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function high(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  return (ah * bh + Math.floor(middle / 0x10000) + (((middle & 0xffff) + al * bh) >>> 16)) >>> 0;
}

/** Four unsigned 32-bit numbers of a 128-bit counter and a 64-bit key. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = high(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = high(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** What a random number is for; different purposes never share one. */
export const PURPOSES = {
  initialisation: 1,
  shuffle: 2,
  augmentation: 3,
  images: 4,
  noise: 5,
  order: 6,
  probe: 7,
} as const;
export type Purpose = keyof typeof PURPOSES;

/** Four numbers of (seed, purpose, epoch, index); the seed may be any whole number up to 2^53 − 1. */
export function draw(
  seed: number,
  purpose: Purpose,
  epoch: number,
  index: number,
): [number, number, number, number] {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  return philox([index >>> 0, Math.floor(index / 2 ** 32) >>> 0, epoch >>> 0, PURPOSES[purpose]], key);
}

/** A number in [0, 1) with 32 bits. */
export const uniform = (seed: number, purpose: Purpose, epoch: number, index: number): number =>
  draw(seed, purpose, epoch, index)[0] / 2 ** 32;

/** Fills `target` with standard normal numbers (Box–Muller), four a draw; `stream` tells tensors of one purpose apart. */
export function fillNormal(target: Float32Array, seed: number, purpose: Purpose, stream: number): void {
  for (let i = 0; i < target.length; i += 4) {
    const bits = draw(seed, purpose, stream, i / 4);
    for (let pair = 0; pair < 4; pair += 2) {
      const radius = Math.sqrt(-2 * Math.log((bits[pair]! + 1) / 2 ** 32));
      const angle = (2 * Math.PI * bits[pair + 1]!) / 2 ** 32;
      if (i + pair < target.length) target[i + pair] = radius * Math.cos(angle);
      if (i + pair + 1 < target.length) target[i + pair + 1] = radius * Math.sin(angle);
    }
  }
}

/** A permutation of 0 … n−1 (Fisher–Yates), its draws keyed by seed, purpose and epoch. */
export function permutation(seed: number, purpose: Purpose, epoch: number, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, purpose, epoch, i) * (i + 1));
    const taken = order[j]!;
    order[j] = order[i]!;
    order[i] = taken;
  }
  return order;
}
