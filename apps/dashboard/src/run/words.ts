import { count, duration } from '../shell/format';
import type { RunDetail, RunNow } from './detail';

type Ended = Pick<RunNow, 'status' | 'diverged' | 'divergedStep' | 'reason' | 'plannedSteps' | 'step'>;

/** Where a run stands, in a few words. */
export const statusWords = ({ status, diverged, divergedStep }: Ended): string =>
  diverged
    ? `diverged${divergedStep === null ? '' : ` at step ${count(Number(divergedStep))}`}`
    : status.toLowerCase();

/** Why a run has no result that counts, and what can be done; undefined where there is nothing to explain. */
export function explanation(
  run: Ended,
  { baseLearningRate, batchSize, waitsFor }: Pick<RunDetail, 'baseLearningRate' | 'batchSize' | 'waitsFor'>,
): { readonly why: string; readonly what: string } | undefined {
  const { status, diverged, divergedStep, reason, step, plannedSteps } = run;
  if (diverged)
    return {
      why: `Its loss left all bounds${divergedStep === null ? '' : ` at step ${count(Number(divergedStep))}`}. That is a result: this setting does not train.`,
      what: `The learning rate is η = ${Number((baseLearningRate * batchSize).toPrecision(4))}; a lower base learning rate, warm-up or batch norm may train. Statistics count it as diverged, beside their means.`,
    };
  if (status === 'FAILED')
    return {
      why: `It failed${reason ? `: ${reason}` : ''}.`,
      what: 'When the cause is mended, retry it: it goes on from the newest checkpoint that a worker has, or begins anew.',
    };
  if (status === 'PRUNED')
    return {
      why: `It was stopped after ${count(Number(step))} of ${count(Number(plannedSteps))} steps${reason ? `: ${reason}` : ', as other runs of its sweep did better at the same point'}.`,
      what: 'Nothing need be done. It has no value for statistics; a sweep with the strategy "grid" trains every cell to its end.',
    };
  if (status === 'CANCELLED')
    return {
      why: `It was cancelled${reason ? `: ${reason}` : ''}.`,
      what: 'A retry puts it back into the queue.',
    };
  if (status === 'WAITING')
    return waitsFor === null
      ? { why: 'It waits for its turn.', what: 'A worker that is up can take it.' }
      : {
          why: `No worker that is up can take it: ${waitsFor}.`,
          what: 'Start one that can: npx smallbatch worker',
        };
  return undefined;
}

/** Time that is left of an attempt, at its speed so far. */
export function timeLeft(
  { step, seconds }: { readonly step: number; readonly seconds: number },
  startStep: number,
  plannedSteps: number,
): string | undefined {
  if (step <= startStep || seconds <= 0) return undefined;
  return duration(Math.max(0, plannedSteps - step) * (seconds / (step - startStep)));
}
