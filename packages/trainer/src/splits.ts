import { once } from 'node:events';
import { availableParallelism, totalmem } from 'node:os';
import type { Client } from '@smallbatch/client';
import { graphql } from '@smallbatch/client';
import { type Axes, cost, shapeKey, TRAINER_VERSION } from '@smallbatch/program';
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
export function splitsOf({ engine, device }: EngineChoice, cores: number, gpus: number): Split[] {
  // TensorFlow takes its threads, and a GPU's memory, once for a process and all that it starts.
  if (engine === 'tensorflow') return [{ processes: device === 'cpu' ? cores : gpus, threads: 1 }];
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
/** Time after which no more shapes are measured. */
const PATIENCE_SECONDS = 60;
/** Steps of more than this are not measured: several seconds of a core. */
const LONGEST_STEP_FLOPS = 3e11;

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
  query WaitingWork($datasets: [String!]!, $trainerVersion: String!, $sweep: String) {
    waitingWork(datasets: $datasets, trainerVersion: $trainerVersion, sweep: $sweep) {
      samples memoryBytes
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
  /** UUIDs of the GPUs that processes are given, in turn. */
  readonly gpus: readonly string[];
  readonly signal: AbortSignal;
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
  signal,
  onMeasured,
  ...choice
}: SplitOptions): Promise<Split> {
  const splits = splitsOf(choice, availableParallelism(), Math.max(1, gpus.length));
  if (splits.length === 1) return splits[0]!;
  const stored = await listDatasets(home);
  const hashes = stored.map(({ hash }) => hash);
  const { waitingWork } = await client.query(Waiting, {
    datasets: hashes,
    trainerVersion: TRAINER_VERSION,
    sweep: sweep ?? null,
  });
  const calibration = new Calibration(home, await openEngine(choice));
  const work: { samples: number; rates: Readonly<Record<string, number>> }[] = [];
  const end = performance.now() + PATIENCE_SECONDS * 1000;
  for (const { run, samples, memoryBytes } of waitingWork) {
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
    // What would not be claimed is not tried either: every process takes its memory at once.
    const fits = choice.device !== 'cpu' || memoryBytes * splits[0]!.processes < 0.5 * totalmem();
    const isShort = cost(axes, dataset.shape).flopsPerSample * axes.batchSize < LONGEST_STEP_FLOPS;
    if (!fits || !isShort || signal.aborted || performance.now() > end) continue;
    const runs = (await calibration.sizes()).find(isThis)?.runs ?? usualRuns(axes);
    const rates: Record<string, number> = {};
    for (const split of splits)
      rates[nameOf(split)] = await rateOfSplit(
        { ...choice, axes, data: dataset.shape, runs },
        split,
        gpus,
        signal,
      );
    // A trial that was broken off says nothing of the machine.
    if (signal.aborted || !rates[nameOf(splits[0]!)]) continue;
    await calibration.keepSplit({ shape, dataset: dataset.hash, rates });
    onMeasured(axes, rates);
    work.push({ samples, rates });
  }
  return work.length > 0 ? soonest(splits, work) : splits[0]!;
}

/** Samples a second over all processes of a split, which work at the same time; 0 where one of them cannot. */
async function rateOfSplit(
  order: Omit<RateOrder, 'threads' | 'seconds'>,
  { processes, threads }: Split,
  gpus: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const replies = await Promise.all(
    Array.from({ length: processes }, async (_, index): Promise<RateReply> => {
      const gpu = gpus[index % gpus.length];
      const env = gpu ? { ...process.env, CUDA_VISIBLE_DEVICES: gpu } : process.env;
      const child = forkBeside('rate-process', import.meta.url, { serialization: 'advanced', env });
      const stop = (): boolean => child.kill('SIGKILL');
      signal.addEventListener('abort', stop);
      try {
        if (signal.aborted) stop();
        child.send({ ...order, threads, seconds: TRIAL_SECONDS } satisfies RateOrder);
        const [reply] = await Promise.race([
          once(child, 'message') as Promise<[RateReply]>,
          once(child, 'exit').then((): [RateReply] => [{ error: 'its process ended' }]),
        ]);
        return reply;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    }),
  );
  const rates = replies.map((reply) => ('rate' in reply ? reply.rate : 0));
  return rates.includes(0) ? 0 : Math.round(rates.reduce((sum, rate) => sum + rate, 0));
}
