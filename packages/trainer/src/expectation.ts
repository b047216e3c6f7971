import { cost } from '@smallbatch/program';
import { Calibration } from './calibration.ts';
import { openEngine } from './engines/engines.ts';
import { processesOf, ranking } from './engines/fastest.ts';
import { TRIAL_DATA, trialAxes } from './engines/trial-task.ts';

/** Training that is to be done, by the shape of its steps. */
export interface Work {
  readonly shapeKey: string;
  readonly dataset: { readonly hash: string };
  readonly flopsPerSample: number;
  readonly flops: number;
}

export interface Expectation {
  /** With every process of this machine busy. */
  readonly seconds: number;
  readonly engine: string;
  readonly device: string;
  readonly processes: number;
  /** Share of the FLOPs whose rate was measured here; the rest is taken to run at the rate of the engine's trial. */
  readonly measured: number;
}

/** How long this machine would train, by the rates that it remembers of its fastest engine. */
export async function expectation(
  home: string,
  work: readonly Work[],
  tell?: (reason: string) => void,
): Promise<Expectation> {
  const [fastest] = await ranking(home, tell);
  if (!fastest) throw new Error('no engine works here (smallbatch engine list)');
  const { engine, device, rate } = fastest;
  const processes = await processesOf(fastest);
  const sizes = await new Calibration(home, await openEngine({ engine, device })).sizes();
  const usual = rate * cost(trialAxes(), TRIAL_DATA).flopsPerSample;
  let seconds = 0;
  let measured = 0;
  for (const { shapeKey, dataset, flopsPerSample, flops } of work) {
    const known = sizes.find((size) => size.shape === shapeKey && size.dataset === dataset.hash);
    if (known) measured += flops;
    const best = known && Math.max(...Object.values(known.rates));
    seconds += flops / (best ? best * processes * flopsPerSample : usual);
  }
  const total = work.reduce((sum, { flops }) => sum + flops, 0);
  return { seconds, engine, device, processes, measured: total > 0 ? measured / total : 1 };
}
