import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Client } from '@smallbatch/client';
import { graphql } from '@smallbatch/client';
import { type Axes, type DataShape, shapeKey } from '@smallbatch/program';
import { axesOf } from './bundle.ts';
import { Calibration, usualRuns } from './calibration.ts';
import { listDatasets } from './datasets/dataset.ts';
import { type EngineChoice, openEngine } from './engines/engines.ts';
import { forkBeside } from './processes.ts';
import type { RateOrder, RateReply } from './rate-process.ts';

/** How the cores of a machine, or its GPUs, are shared out. */
export interface Split {
  readonly processes: number;
  /** Of each process. */
  readonly threads: number;
}

export const nameOf = ({ processes, threads }: Split): string => `${processes}×${threads}`;

/**
 * The ways that are tried, the usual one first: a process of one thread for each core, or for each GPU. Others have to be clearly
 * faster: with one thread a run is the same to its last bit on every machine of a kind.
 */
export function splitsOf({ device }: EngineChoice, cores: number, gpus: number): Split[] {
  if (device !== 'cpu') return [gpus, 2 * gpus].map((processes) => ({ processes, threads: 1 }));
  const halves = cores % 2 === 0 && cores > 2 ? [{ processes: cores / 2, threads: 2 }] : [];
  return [
    { processes: cores, threads: 1 },
    ...halves,
    ...(cores > 1 ? [{ processes: 1, threads: cores }] : []),
  ];
}

/** What another split must gain. */
const GAIN = 1.1;
const TRIAL_SECONDS = 0.6;

/** The split in which all of the work is done soonest, by the rates of each shape: work in samples, with its rates by split. */
export function soonest(
  splits: readonly Split[],
  work: readonly { readonly samples: number; readonly rates: Readonly<Record<string, number>> }[],
): Split {
  const seconds = (split: Split): number =>
    work.reduce((sum, { samples, rates }) => sum + samples / (rates[nameOf(split)] ?? 0), 0);
  const [usual, ...others] = splits;
  const best = others.reduce((found, one) => (seconds(one) < seconds(found) ? one : found), usual!);
  return seconds(best) * GAIN < seconds(usual!) ? best : usual!;
}

const Waiting = graphql(`
  query WaitingWork($datasets: [String!]!, $sweep: String) {
    waitingWork(datasets: $datasets, sweep: $sweep) {
      samples
      run {
        id key seed model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay
        batchNorm batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery measures plannedSteps
        dataset { name hash }
      }
    }
  }
`);

export interface SplitOptions extends EngineChoice {
  readonly client: Client;
  readonly home: string;
  readonly gpus: number;
  readonly sweep?: string | undefined;
  onMeasured(axes: Axes, rates: Readonly<Record<string, number>>): void;
}

/**
 * How this machine is split for the work that waits: each shape of a step that is much work is measured once in every way, and
 * remembered. Without such work it is the usual split.
 */
export async function chooseSplit({
  client,
  home,
  gpus,
  sweep,
  onMeasured,
  ...choice
}: SplitOptions): Promise<Split> {
  const splits = splitsOf(choice, availableParallelism(), gpus);
  if (splits.length === 1) return splits[0]!;
  const stored = await listDatasets(home);
  const hashes = stored.map(({ hash }) => hash);
  const { waitingWork } = await client.query(Waiting, { datasets: hashes, sweep: sweep ?? null });
  const calibration = new Calibration(home, await openEngine(choice));
  const work: { samples: number; rates: Readonly<Record<string, number>> }[] = [];
  for (const { run, samples } of waitingWork) {
    const dataset = stored.find(({ hash }) => hash === run.dataset.hash)!;
    const axes = axesOf(run);
    if (!Calibration.isLong(axes, dataset.shape)) continue;
    const shape = shapeKey(axes);
    const isThis = (one: { shape: string; dataset: string }): boolean =>
      one.shape === shape && one.dataset === dataset.hash;
    const known = (await calibration.splits()).find(isThis);
    if (known) {
      work.push({ samples, rates: known.rates });
      continue;
    }
    const runs = (await calibration.sizes()).find(isThis)?.runs ?? usualRuns(axes);
    const rates: Record<string, number> = {};
    for (const split of splits)
      rates[nameOf(split)] = await rateOfSplit(choice, split, axes, dataset.shape, runs);
    await calibration.keepSplit({ shape, dataset: dataset.hash, rates });
    onMeasured(axes, rates);
    work.push({ samples, rates });
  }
  return work.length > 0 ? soonest(splits, work) : splits[0]!;
}

/** Samples a second over all processes of a split, which work at the same time; 0 where one of them cannot. */
async function rateOfSplit(
  choice: EngineChoice,
  { processes, threads }: Split,
  axes: Axes,
  data: DataShape,
  runs: number,
): Promise<number> {
  const replies = await Promise.all(
    Array.from({ length: processes }, async (): Promise<RateReply> => {
      const child = forkBeside('rate-process', import.meta.url, { serialization: 'advanced' });
      child.send({ ...choice, threads, axes, data, runs, seconds: TRIAL_SECONDS } satisfies RateOrder);
      const [reply] = await Promise.race([
        once(child, 'message') as Promise<[RateReply]>,
        once(child, 'exit').then((): [RateReply] => [{ error: 'its process ended' }]),
      ]);
      return reply;
    }),
  );
  const rates = replies.map((reply) => ('rate' in reply ? reply.rate : 0));
  return rates.includes(0) ? 0 : Math.round(rates.reduce((sum, rate) => sum + rate, 0));
}
