import { type Axes, cost, type DataShape } from '@smallbatch/program';
import { Calibration, type Size } from './calibration.ts';
import { openEngine } from './engines/engines.ts';
import { processesOf, ranking } from './engines/fastest.ts';
import { TRIAL_DATA, trialAxes } from './engines/trial-task.ts';

/** Training that is to be done, by the shape of its steps. */
export interface Work {
  readonly shapeKey: string;
  readonly axes: Axes;
  readonly dataset: DataShape & { readonly hash: string };
  readonly flopsPerSample: number;
  readonly flops: number;
}

export interface Expectation {
  /** With every process of this machine busy. */
  readonly seconds: number;
  readonly engine: string;
  readonly device: string;
  readonly processes: number;
  /** Share of the FLOPs whose rate was measured here; the rest is taken to run at the mean FLOP rate of what was, or of the engine's trial. */
  readonly measured: number;
}

/** Time for measuring before the rest is estimated. */
const PATIENCE_SECONDS = 60;
/** A step that takes longer than this is estimated, not measured. */
const LONGEST_STEP_SECONDS = 1;

/**
 * How long this machine would train with its fastest engine. Rates that it does not remember are measured, the most work first,
 * and remembered for its workers; `tell` hears of each.
 */
export async function expectation(
  home: string,
  work: readonly Work[],
  tell: (shape: string) => void,
): Promise<Expectation> {
  const [fastest] = await ranking(home);
  if (!fastest) throw new Error('no engine works here (smallbatch engine list)');
  const { engine, device } = fastest;
  const processes = await processesOf(fastest);
  const calibration = new Calibration(home, await openEngine({ engine, device }));
  /** FLOPs a second of a process. */
  const usual = (fastest.rate * cost(trialAxes(), TRIAL_DATA).flopsPerSample) / processes;
  const end = performance.now() + PATIENCE_SECONDS * 1000;
  let seconds = 0;
  let known = 0;
  for (const { shapeKey, axes, dataset, flopsPerSample, flops } of work.toSorted(
    (a, b) => b.flops - a.flops,
  )) {
    const isThis = ({ shape, dataset: hash }: Size): boolean => shape === shapeKey && hash === dataset.hash;
    let size = (await calibration.sizes()).find(isThis);
    const isShort = (axes.batchSize * flopsPerSample) / usual < LONGEST_STEP_SECONDS;
    if (!size && isShort && performance.now() < end) {
      tell(`${axes.model} at m = ${axes.batchSize}`);
      size = await calibration.measure(axes, dataset, dataset.hash);
    }
    if (!size) continue;
    known += flops;
    seconds += flops / (Math.max(...Object.values(size.rates)) * flopsPerSample * processes);
  }
  const total = work.reduce((sum, { flops }) => sum + flops, 0);
  const rate = known > 0 ? known / seconds : usual * processes;
  return {
    seconds: seconds + (total - known) / rate,
    engine,
    device,
    processes,
    measured: total > 0 ? known / total : 1,
  };
}
