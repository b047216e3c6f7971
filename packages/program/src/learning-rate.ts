import type { Axes } from './axes.ts';
import { epochsBefore, type Plan, placeOf } from './plan.ts';

/**
 * How η̃ falls during a run: by `factor` at each of the fractions `at` of the run, or when that many whole epochs are done
 * (`atEpochs`), not at all, or as a half cosine.
 */
export type Schedule =
  | { readonly kind: 'steps'; readonly at: readonly number[]; readonly factor: number }
  | { readonly kind: 'steps'; readonly atEpochs: readonly number[]; readonly factor: number }
  | { readonly kind: 'constant' }
  | { readonly kind: 'cosine' };

/** ×0.1 at 50 % and 75 % of all iterations (Masters & Luschi 2018, section 5). */
export const PAPER_SCHEDULE: Schedule = { kind: 'steps', at: [0.5, 0.75], factor: 0.1 };

/** The share of a run that warm-up takes, and what it starts from: η/32 (Masters & Luschi 2018, section 5.3). */
const WARM_UP_SHARE = 0.05;
const WARM_UP_START = 1 / 32;

/**
 * η of step `step` (from 0): η̃·m by the schedule, during warm-up linearly up from η/32. m is the phase's: where a batch schedule
 * raises m, η rises with it unless the schedule lets η̃ fall by as much (Smith et al. 2017). Fractions are of all steps, and with
 * a batch schedule of all epochs.
 */
export function learningRateAt(
  axes: Pick<Axes, 'baseLearningRate' | 'schedule' | 'warmUp'>,
  plan: Plan,
  step: number,
): number {
  const { totalSteps, totalEpochs, phases } = plan;
  const [done, whole] = phases.length > 1 ? [epochsBefore(plan, step), totalEpochs] : [step, totalSteps];
  const full = axes.baseLearningRate * placeOf(plan, step).phase.batchSize;
  const warm = axes.warmUp ? Math.ceil(totalSteps * WARM_UP_SHARE) : 0;
  if (step < warm) return full * (WARM_UP_START + ((1 - WARM_UP_START) * step) / warm);
  const { schedule } = axes;
  if (schedule.kind === 'constant') return full;
  if (schedule.kind === 'cosine') return (full * (1 + Math.cos((Math.PI * done) / whole))) / 2;
  const drops =
    'at' in schedule
      ? schedule.at.filter((share) => done >= share * whole)
      : schedule.atEpochs.filter((epoch) => placeOf(plan, step).epoch >= epoch);
  return full * schedule.factor ** drops.length;
}
