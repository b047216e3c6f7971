import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { createClient, graphql, type ResultOf, Unreachable } from '@smallbatch/client';
import { Reporter } from '@smallbatch/client/reporter';
import { shapeKey, TRAINER_VERSION } from '@smallbatch/program';
import { axesOf, Heartbeat, trainBundle } from './bundle.ts';
import { Calibration, SAMPLES_PER_STEP, type Size } from './calibration.ts';
import { Checkpoints } from './checkpoints.ts';
import {
  type Dataset,
  DatasetError,
  listDatasets,
  openDataset,
  type StoredDataset,
} from './datasets/dataset.ts';
import { type Engine, EngineExhausted } from './engines/engine.ts';
import { openEngine } from './engines/engines.ts';
import { DeviceLost, lostDevice } from './engines/lost.ts';
import { origin } from './origin.ts';

/** Seconds between checkpoints: what a killed worker costs at most. */
const CHECKPOINT_SECONDS = 30;

const Register = graphql(`
  mutation Register($input: RegisterWorkerInput!) { registerWorker(input: $input) { id } }
`);
const Claim = graphql(`
  mutation Claim($input: ClaimRunsInput!) {
    claimRuns(input: $input) {
      __typename
      ... on Bundle {
        heartbeatSeconds
        claims {
          attempt startStep pointsUpTo
          run {
            id key seed model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay
            batchNorm batchNormScope bnBatch augmentation budget { unit value epochs } evaluateEvery measures plannedSteps
            dataset { name hash }
          }
        }
      }
      ... on NoRunAvailable { message waiting running retryAfterSeconds missingDatasets { name hash } }
      ... on InvalidInput { message }
      ... on NotFound { message }
    }
  }
`);
type ClaimResult = ResultOf<typeof Claim>['claimRuns'];
export type Bundle = Extract<ClaimResult, { __typename: 'Bundle' }>;

export type WorkerEvent =
  | { readonly kind: 'ready'; readonly worker: string; readonly engine: string }
  | { readonly kind: 'claimed'; readonly keys: readonly string[] }
  | { readonly kind: 'ended'; readonly key: string; readonly diverged: boolean }
  | { readonly kind: 'idle'; readonly message: string }
  | { readonly kind: 'resumed'; readonly key: string; readonly step: number }
  | { readonly kind: 'pruned'; readonly key: string }
  | { readonly kind: 'released'; readonly key: string; readonly reason: string }
  | { readonly kind: 'calibrated'; readonly model: string; readonly size: Size; readonly batchSize: number }
  | {
      readonly kind: 'split';
      readonly model: string;
      readonly batchSize: number;
      readonly rates: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'exhausted'; readonly reason: string }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'discarded'; readonly key: string; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'failed'; readonly key: string; readonly reason: string };

export interface WorkerOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** Where data sets and the spool are. */
  readonly home: string;
  readonly name?: string;
  /** What executes the steps; ONNX Runtime on the CPU unless said. */
  readonly engine?: Engine['name'] | undefined;
  readonly device?: string | undefined;
  /** Of a CPU, that a step may use; one unless said. */
  readonly threads?: number | undefined;
  /** Tensor ids after which a process of engine `tensorflow` ends; what the binding bears unless said. */
  readonly idLimit?: number | undefined;
  /** Most runs side by side; fewer share a step where that was measured to be faster. */
  readonly max?: number;
  /** Most memory in bytes that a step may take; what the engine has unless said. */
  readonly memoryBytes?: number | undefined;
  /** Seconds between checkpoints. */
  readonly checkpointSeconds?: number | undefined;
  /** Keep the final weights of runs that are done, under `home`/weights. */
  readonly keepWeights?: boolean | undefined;
  readonly sweep?: string | undefined;
  /** Ends when nothing waits or runs, instead of waiting for more. */
  readonly untilEmpty?: boolean;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: WorkerEvent) => void;
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });

/** A data set that this machine lacks, and whether it has other bytes under that name. */
function lacking(
  { name, hash }: Pick<StoredDataset, 'name' | 'hash'>,
  stored: readonly Pick<StoredDataset, 'name' | 'hash'>[],
): string {
  const other = stored.find((one) => one.name === name && one.hash !== hash);
  const short = (of: string): string => `${of.slice(0, 12)}…`;
  return other
    ? `${name} with hash ${short(hash)}, where this machine has other bytes under that name, ${short(other.hash)}`
    : name;
}

/** Keeps on asking while the API cannot be reached. */
async function persist<T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  tell: (message: string) => void,
): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unreachable) && (error as { code?: string }).code !== 'INTERNAL') throw error;
      tell((error as Error).message);
      await sleep(2000, signal);
    }
  }
  return undefined;
}

/**
 * Claims, trains and reports until it is told to stop. Runs that it holds then go back to the queue, with a checkpoint. →
 * `exhausted` where its engine needs a new process to go on. Throws DeviceLost once its runs are given back.
 */
export async function runWorker(options: WorkerOptions): Promise<'ended' | 'exhausted'> {
  const { url, token, home, signal, sweep, max = 16, onEvent = () => {} } = options;
  const client = createClient({ url, token });
  const { engine: name = 'onnx', device = 'cpu', threads, idLimit } = options;
  const engine = await openEngine({ engine: name, device, threads, idLimit });
  const memoryBytes = options.memoryBytes ?? engine.memoryBytes;
  const calibration = new Calibration(home, engine);
  const checkpoints = new Checkpoints(home);
  const keys = new Map<string, string>();
  const reporter = new Reporter({
    client,
    spool: join(home, 'spool'),
    onDiscard: ({ run, reason }) => onEvent({ kind: 'discarded', key: keys.get(run) ?? run, reason }),
  });
  const unreachable = (message: string): void => onEvent({ kind: 'unreachable', message });
  const registration = {
    name: options.name ?? `${hostname()}-${process.pid}`,
    host: hostname(),
    pid: process.pid,
    engine: engine.name,
    device: engine.device,
    versions: { ...engine.versions, ...(await origin()) },
    trainerVersion: TRAINER_VERSION,
    memoryBytes,
  };
  const register = () =>
    persist(
      () => client.mutate(Register, { input: registration }, { idempotent: true }),
      signal,
      unreachable,
    );
  const first = (await register())?.registerWorker.id;
  if (!first) return 'ended';
  let worker = first;
  onEvent({ kind: 'ready', worker, engine: `${engine.name} ${engine.device}` });
  let dataset: Dataset | undefined;
  let exhausted = false;
  let gone: string | undefined;
  /** Data sets whose bytes turned out wrong here: their runs are left to others. */
  const damaged = new Set<string>();

  while (!signal.aborted && !exhausted && gone === undefined) {
    const stored = await listDatasets(home);
    const kept = [...(await checkpoints.list())].map(([run, steps]) => ({ run, step: steps[0]! }));
    const input = {
      worker,
      datasets: stored.map(({ hash }) => hash).filter((hash) => !damaged.has(hash)),
      max,
      maxSamples: SAMPLES_PER_STEP,
      memoryBytes,
      sizes: (await calibration.sizes()).map(({ shape, dataset, runs }) => ({ shape, dataset, runs })),
      checkpoints: kept,
      ...(sweep ? { sweep } : {}),
    };
    const answer = await persist(() => client.mutate(Claim, { input }), signal, unreachable);
    if (!answer) break;
    const claimed = answer.claimRuns;
    if (claimed.__typename === 'NotFound') {
      if (sweep && claimed.message.includes('sweep')) throw new Error(claimed.message);
      const again = (await register())?.registerWorker.id;
      if (!again) break;
      worker = again;
      continue;
    }
    if (claimed.__typename === 'InvalidInput') throw new Error(claimed.message);
    if (claimed.__typename === 'NoRunAvailable') {
      const missing = claimed.missingDatasets.map((one) => lacking(one, stored));
      onEvent({
        kind: 'idle',
        message: missing.length
          ? `${claimed.message}: ${missing.join(', ')} (smallbatch dataset add)`
          : claimed.message,
      });
      if (options.untilEmpty && claimed.running === 0) break;
      await sleep(claimed.retryAfterSeconds * 1000, signal);
      continue;
    }
    for (const { run } of claimed.claims) keys.set(run.id, run.key);
    onEvent({ kind: 'claimed', keys: claimed.claims.map(({ run }) => run.key) });
    const { run: head } = claimed.claims[0]!;
    const { hash } = head.dataset;
    /** Ends what is held of the bundle: nothing recorded is lost. */
    const giveUp = (outcome: 'FAILED' | 'RELEASED', reason: string): void => {
      for (const { run, attempt } of claimed.claims) {
        onEvent({ kind: outcome === 'FAILED' ? 'failed' : 'released', key: run.key, reason });
        reporter.finish({
          run: run.id,
          attempt,
          outcome,
          reason,
          step: 0,
          samplesSeen: 0,
          deviceSeconds: 0,
        });
      }
    };
    try {
      if (dataset?.hash !== hash) {
        await dataset?.close();
        dataset = undefined;
        // On a CPU a step takes longer than decoding its images, and every core has a worker of its own.
        dataset = await openDataset(home, hash, engine.device === 'cpu' ? 1 : availableParallelism());
      }
      const axes = axesOf(head);
      const shape = shapeKey(axes);
      if (
        Calibration.isWorth(axes, dataset.shape) &&
        !(await calibration.sizes()).some((size) => size.shape === shape && size.dataset === hash)
      ) {
        try {
          const size = await calibration.measure(axes, dataset.shape, hash);
          onEvent({ kind: 'calibrated', model: axes.model, batchSize: axes.batchSize, size });
        } catch (error) {
          const { message } = error as Error;
          if (error instanceof EngineExhausted) {
            giveUp('RELEASED', message);
            throw error;
          }
          onEvent({ kind: 'warning', message: `no measurement of ${axes.model}: ${message}` });
        }
      }
      await trainBundle({
        client,
        engine,
        reporter,
        checkpoints,
        checkpointSeconds: options.checkpointSeconds ?? CHECKPOINT_SECONDS,
        weights: options.keepWeights ? join(home, 'weights') : undefined,
        worker,
        bundle: claimed,
        dataset,
        signal,
        onEvent,
      });
    } catch (error) {
      const reason = (error as Error).message;
      if (error instanceof EngineExhausted) {
        exhausted = true;
        onEvent({ kind: 'exhausted', reason });
      } else if (error instanceof DatasetError) {
        // The bytes here are wrong, which is no fault of the runs.
        damaged.add(hash);
        giveUp('RELEASED', reason);
      } else {
        const lost = await lostDevice(engine);
        if (lost === undefined) giveUp('FAILED', reason);
        else {
          // No run is at fault, and none that this process took would fare better.
          giveUp('RELEASED', `${reason}; the device is lost: ${lost}`);
          gone = lost;
        }
      }
    }
    await reporter.flush();
  }
  await dataset?.close();
  await reporter.close(2);
  await client.mutate(Heartbeat, { input: { worker, stopping: true, runs: [] } }).catch(() => {});
  client.close();
  if (gone !== undefined) throw new DeviceLost(gone);
  return exhausted ? 'exhausted' : 'ended';
}
