import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, graphql, type ResultOf, Unreachable } from '@smallbatch/client';
import { Reporter } from '@smallbatch/client/reporter';
import type { Axes } from '@smallbatch/program';
import { TRAINER_VERSION } from '@smallbatch/program';
import { SAMPLES_PER_STEP } from './bundle-size.ts';
import { type Dataset, listDatasets, openDataset } from './datasets/dataset.ts';
import type { Engine } from './engines/engine.ts';
import { openOnnx } from './engines/onnx/onnx.ts';
import { train } from './training.ts';

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
          attempt
          run {
            id key seed model width batchSize baseLearningRate schedule warmUp momentum nesterov weightDecay
            batchNorm batchNormScope bnBatch augmentation budget { unit value } plannedSteps dataset { name hash }
          }
        }
      }
      ... on NoRunAvailable { message waiting running retryAfterSeconds missingDatasets { name } }
      ... on InvalidInput { message }
      ... on NotFound { message }
    }
  }
`);
const Heartbeat = graphql(`
  mutation Heartbeat($input: HeartbeatInput!) {
    heartbeat(input: $input) {
      __typename
      ... on HeartbeatSuccess { heartbeatSeconds commands { run attempt command } }
      ... on NotFound { message }
    }
  }
`);

type ClaimResult = ResultOf<typeof Claim>['claimRuns'];
type Bundle = Extract<ClaimResult, { __typename: 'Bundle' }>;

export type WorkerEvent =
  | { readonly kind: 'ready'; readonly worker: string; readonly engine: string }
  | { readonly kind: 'claimed'; readonly keys: readonly string[] }
  | { readonly kind: 'ended'; readonly key: string; readonly diverged: boolean }
  | { readonly kind: 'idle'; readonly message: string }
  | { readonly kind: 'discarded'; readonly key: string; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'failed'; readonly key: string; readonly reason: string };

export interface WorkerOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** Where data sets and the spool are. */
  readonly home: string;
  readonly name?: string;
  /** Most runs side by side; the API never hands out more than can share a step well. */
  readonly max?: number;
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

/** Claims, trains and reports until it is told to stop. Runs that it holds then go back to the queue. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { url, token, home, signal, sweep, max = 16, onEvent = () => {} } = options;
  const client = createClient({ url, token });
  const engine = await openOnnx();
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
    versions: engine.versions,
    trainerVersion: TRAINER_VERSION,
  };
  const register = () =>
    persist(
      () => client.mutate(Register, { input: registration }, { idempotent: true }),
      signal,
      unreachable,
    );
  const first = (await register())?.registerWorker.id;
  if (!first) return;
  let worker = first;
  onEvent({ kind: 'ready', worker, engine: `${engine.name} ${engine.device}` });
  let dataset: Dataset | undefined;

  while (!signal.aborted) {
    const stored = await listDatasets(home);
    const input = {
      worker,
      datasets: stored.map(({ hash }) => hash),
      max,
      maxSamples: SAMPLES_PER_STEP,
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
      const missing = claimed.missingDatasets.map(({ name }) => name);
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
    const { hash } = claimed.claims[0]!.run.dataset;
    try {
      if (dataset?.hash !== hash) dataset = await openDataset(home, hash);
      await trainBundle({ client, engine, reporter, worker, bundle: claimed, dataset, signal, onEvent });
    } catch (error) {
      // Whatever went wrong is of these runs: they fail with the reason, and the worker goes on.
      const reason = (error as Error).message;
      for (const { run, attempt } of claimed.claims) {
        onEvent({ kind: 'failed', key: run.key, reason });
        reporter.finish({
          run: run.id,
          attempt,
          outcome: 'FAILED',
          reason,
          step: 0,
          samplesSeen: 0,
          deviceSeconds: 0,
        });
      }
    }
    await reporter.flush();
  }
  await reporter.close(2);
  await client.mutate(Heartbeat, { input: { worker, stopping: true, runs: [] } }).catch(() => {});
  client.close();
}

interface BundleOptions {
  readonly client: Client;
  readonly engine: Engine;
  readonly reporter: Reporter;
  readonly worker: string;
  readonly bundle: Bundle;
  readonly dataset: Dataset;
  readonly signal: AbortSignal;
  readonly onEvent: (event: WorkerEvent) => void;
}

/** Trains one bundle, with heartbeats beside it that carry commands back. */
async function trainBundle({
  client,
  engine,
  reporter,
  worker,
  bundle,
  dataset,
  signal,
  onEvent,
}: BundleOptions): Promise<void> {
  const { claims } = bundle;
  const members = claims.map(({ run }) => {
    const { id: _id, key: _key, seed, dataset: _dataset, plannedSteps: _steps, schedule, ...axes } = run;
    return { seed, axes: { ...axes, batchSchedule: null, schedule: schedule as Axes['schedule'] } as Axes };
  });
  const m = members[0]!.axes.batchSize;
  const start = performance.now();
  const open = new Set(claims.keys());
  const stopped = new Set<number>();
  const commands = new Map<number, string>();
  let done = 0;
  let rate = 0;
  let recent = { step: 0, at: start };

  const beat = async (): Promise<void> => {
    const now = performance.now();
    rate = ((done - recent.step) * m * open.size) / ((now - recent.at) / 1000);
    recent = { step: done, at: now };
    const runs = [...open].map((i) => ({
      run: claims[i]!.run.id,
      attempt: claims[i]!.attempt,
      step: done,
      samplesSeen: done * m,
    }));
    const { heartbeat } = await client.mutate(Heartbeat, { input: { worker, samplesPerSecond: rate, runs } });
    if (heartbeat.__typename !== 'HeartbeatSuccess') return;
    for (const { run, attempt, command } of heartbeat.commands) {
      const i = claims.findIndex((claim) => claim.run.id === run && claim.attempt === attempt);
      if (i < 0 || !open.has(i)) continue;
      commands.set(i, command);
      if (command !== 'STOP' && command !== 'LOST') continue;
      open.delete(i);
      stopped.add(i);
      if (command === 'LOST') {
        onEvent({
          kind: 'discarded',
          key: claims[i]!.run.key,
          reason: 'another worker has taken it over; what was not delivered is discarded',
        });
      }
    }
  };
  // The first heartbeat comes early, so that a rate is known; then every quarter of the lease.
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    beat().catch(() => {});
    timer = setTimeout(tick, Math.min(bundle.heartbeatSeconds, 3) * 1000);
  };
  timer = setTimeout(tick, Math.min(bundle.heartbeatSeconds, 1) * 1000);

  try {
    await train(engine, dataset, members, {
      measured(i, { values, ...point }) {
        if (!open.has(i)) return;
        const { run, attempt } = claims[i]!;
        reporter.log(run.id, attempt, { ...point, wallTime: (performance.now() - start) / 1000, values });
      },
      ended(i, { divergedStep, ...end }) {
        if (!open.delete(i)) return;
        const { run, attempt } = claims[i]!;
        reporter.finish({
          run: run.id,
          attempt,
          outcome: 'DONE',
          divergedStep: divergedStep ?? null,
          ...end,
        });
        onEvent({ kind: 'ended', key: run.key, diverged: divergedStep !== undefined });
      },
      async before(step) {
        done = step;
        // Lets heartbeats and flushes run: a step is one call that holds the thread.
        if (step % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
        while (!signal.aborted && open.size > 0 && [...open].every((i) => commands.get(i) === 'PAUSE'))
          await sleep(200, signal);
        return signal.aborted || open.size === 0 ? undefined : stopped;
      },
    });
    for (const i of open) {
      const { run, attempt } = claims[i]!;
      reporter.finish({
        run: run.id,
        attempt,
        outcome: 'RELEASED',
        reason: 'its worker was told to stop',
        step: done,
        samplesSeen: done * m,
        deviceSeconds: 0,
      });
    }
  } finally {
    clearTimeout(timer);
  }
}
