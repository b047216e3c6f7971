import type { Axes } from './axes.ts';

/** How η falls during a run: by `factor` at each of the fractions `at` of all iterations, not at all, or as a half cosine. */
export type Schedule =
  | { readonly kind: 'steps'; readonly at: readonly number[]; readonly factor: number }
  | { readonly kind: 'constant' }
  | { readonly kind: 'cosine' };

/** ×0.1 at 50 % and 75 % of all iterations (Masters & Luschi 2018, section 5). */
export const PAPER_SCHEDULE: Schedule = { kind: 'steps', at: [0.5, 0.75], factor: 0.1 };

/** The share of a run that warm-up takes, and what it starts from: η/32 (Masters & Luschi 2018, section 5.3). */
const WARM_UP_SHARE = 0.05;
const WARM_UP_START = 1 / 32;

/** η of step `step` (from 0) of `total`: η̃·m by the schedule, during warm-up linearly up from η/32. */
export function learningRateAt(
  axes: Pick<Axes, 'baseLearningRate' | 'batchSize' | 'schedule' | 'warmUp'>,
  step: number,
  total: number,
): number {
  const full = axes.baseLearningRate * axes.batchSize;
  const warm = axes.warmUp ? Math.ceil(total * WARM_UP_SHARE) : 0;
  if (step < warm) return full * (WARM_UP_START + ((1 - WARM_UP_START) * step) / warm);
  const { schedule } = axes;
  if (schedule.kind === 'constant') return full;
  if (schedule.kind === 'cosine') return (full * (1 + Math.cos((Math.PI * step) / total))) / 2;
  return full * schedule.factor ** schedule.at.filter((share) => step >= share * total).length;
}
