import { permutation } from '@smallbatch/program';
import type { Session, State } from './engines/engine.ts';
import type { Feed } from './feed.ts';
import type { Member } from './training.ts';

/**
 * What may be measured of a run after an epoch, on request:
 * - `gradient_norm`: |g| of the mean loss over a few batches, without weight decay;
 * - `weight_norm`: |w| of all trained parameters;
 * - `distance_from_start`: |w − w₀|;
 * - `gradient_noise_scale`: tr Σ / |G|² in samples, from gradient norms at two batch sizes (McCandlish et al. 2018, appendix A.1).
 */
export const MEASURES = [
  'gradient_norm',
  'weight_norm',
  'distance_from_start',
  'gradient_noise_scale',
] as const;
export type Measure = (typeof MEASURES)[number];

/** Batches whose gradients are compared with that of all of them together. */
const BATCHES = 8;

const squares = (values: Float32Array | Float64Array): number => {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
};

/**
 * Unbiased estimates from |g|² at batch sizes `small` and `large`: |G|² of the full gradient and tr Σ of the samples' covariance.
 * → their quotient, the noise scale in samples; negative or infinite where the noise hides the gradient.
 */
export function noiseScale(small: number, smallSquare: number, large: number, largeSquare: number): number {
  const gradient = (large * largeSquare - small * smallSquare) / (large - small);
  const trace = (smallSquare - largeSquare) / (1 / small - 1 / large);
  return trace / gradient;
}

/** Norms of weights, statistics and velocities left out. */
function distance(state: State, trained: readonly string[], start?: State): number {
  let sum = 0;
  for (const name of trained) {
    const origin = start?.get(name);
    state.get(name)!.forEach((value, i) => {
      sum += (value - (origin?.[i] ?? 0)) ** 2;
    });
  }
  return Math.sqrt(sum);
}

export interface Probe {
  readonly session: Session;
  readonly feed: Feed;
  readonly members: readonly Member[];
  readonly batchSize: number;
  readonly trainCount: number;
  readonly epoch: number;
  readonly trained: readonly string[];
  /** What a run started from. */
  start(slot: number): State;
}

/** Takes the wanted measures of every run at its present weights, which stay as they are. → by run, by name. */
export async function measure(wanted: readonly Measure[], probe: Probe): Promise<Record<string, number>[]> {
  const { session, feed, members, batchSize: m, trainCount, epoch, trained } = probe;
  const results: Record<string, number>[] = members.map(() => ({}));
  if (wanted.includes('weight_norm') || wanted.includes('distance_from_start')) {
    members.forEach((_, r) => {
      const state = session.state(r);
      if (wanted.includes('weight_norm')) results[r]!.weight_norm = distance(state, trained);
      if (wanted.includes('distance_from_start')) {
        results[r]!.distance_from_start = distance(state, trained, probe.start(r));
      }
    });
  }
  if (!wanted.includes('gradient_norm') && !wanted.includes('gradient_noise_scale')) return results;

  const batches = Math.min(BATCHES, Math.floor(trainCount / m));
  const orders = members.map(({ seed }) => permutation(seed, 'probe', epoch, trainCount));
  const sums = members.map(() => new Map<string, Float64Array>());
  const smallSquares = members.map(() => 0);
  for (let batch = 0; batch < batches; batch++) {
    const samples = orders.map((order) => order.subarray(batch * m, (batch + 1) * m));
    const gradients = await session.gradients(await feed.of(samples, epoch));
    for (const [name, all] of gradients) {
      const each = all.length / members.length;
      members.forEach((_, r) => {
        const own = all.subarray(r * each, (r + 1) * each);
        smallSquares[r]! += squares(own) / batches;
        const sum = sums[r]!.get(name) ?? new Float64Array(each);
        for (let i = 0; i < each; i++) sum[i]! += own[i]! / batches;
        sums[r]!.set(name, sum);
      });
    }
  }
  members.forEach((_, r) => {
    const large = [...sums[r]!.values()].reduce((sum, values) => sum + squares(values), 0);
    if (wanted.includes('gradient_norm')) results[r]!.gradient_norm = Math.sqrt(large);
    if (wanted.includes('gradient_noise_scale') && batches > 1) {
      results[r]!.gradient_noise_scale = noiseScale(m, smallSquares[r]!, batches * m, large);
    }
  });
  return results;
}
