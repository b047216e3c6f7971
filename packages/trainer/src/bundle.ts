import type { Client } from '@smallbatch/client';
import { graphql } from '@smallbatch/client';
import type { Reporter } from '@smallbatch/client/reporter';
import type { Axes } from '@smallbatch/program';
import { planOf, samplesBefore } from '@smallbatch/program';
import type { Checkpoint, Checkpoints } from './checkpoints.ts';
import type { Dataset } from './datasets/dataset.ts';
import { type Engine, EngineExhausted } from './engines/engine.ts';
import { type Gpu, visibleGpus } from './gpu.ts';
import { MEASURES, type Measure } from './measures.ts';
import { type Member, train } from './training.ts';
import { keepWeights } from './weights.ts';
import type { Bundle, WorkerEvent } from './worker.ts';

export const Heartbeat = graphql(`
  mutation Heartbeat($input: HeartbeatInput!) {
    heartbeat(input: $input) {
      __typename
      ... on HeartbeatSuccess { heartbeatSeconds commands { run attempt command } }
      ... on NotFound { message }
    }
  }
`);

export interface BundleOptions {
  readonly client: Client;
  readonly engine: Engine;
  readonly reporter: Reporter;
  readonly checkpoints: Checkpoints;
  /** Seconds between checkpoints. */
  readonly checkpointSeconds: number;
  /** Keep the final weights of runs that are done, in this folder. */
  readonly weights?: string | undefined;
  readonly worker: string;
  readonly bundle: Bundle;
  readonly dataset: Dataset;
  readonly signal: AbortSignal;
  readonly onEvent: (event: WorkerEvent) => void;
}

type Claim = Bundle['claims'][number];

/** A run's axes, as the API returns them. */
export function axesOf(run: Claim['run']): Axes {
  const {
    id: _id,
    key: _key,
    seed: _seed,
    dataset: _dataset,
    plannedSteps: _steps,
    measures: _measures,
    schedule,
    batchSchedule,
    ...axes
  } = run;
  return {
    ...axes,
    schedule: schedule as Axes['schedule'],
    batchSchedule: batchSchedule as Axes['batchSchedule'],
  };
}

/** Where each claimed run goes on. A run whose checkpoint cannot be read is given back: the next to claim it takes another. */
async function snapshots(
  claims: readonly Claim[],
  { checkpoints, reporter, onEvent }: BundleOptions,
): Promise<{ claim: Claim; checkpoint: Checkpoint | undefined }[]> {
  const found: { claim: Claim; checkpoint: Checkpoint | undefined }[] = [];
  for (const claim of claims) {
    const { run, attempt, startStep, pointsUpTo } = claim;
    const checkpoint = startStep > 0 ? await checkpoints.read(run.id, startStep) : undefined;
    if (startStep > 0 && !checkpoint) {
      const reason = `its checkpoint at step ${startStep} cannot be read`;
      onEvent({ kind: 'released', key: run.key, reason });
      const at = { step: 0, samplesSeen: 0, deviceSeconds: 0 };
      reporter.finish({ run: run.id, attempt, outcome: 'RELEASED', reason, ...at });
      continue;
    }
    // What was measured before the checkpoint and never arrived is sent again, so that no point is missing.
    for (const point of checkpoint?.points ?? [])
      if (point.step > pointsUpTo) reporter.log(run.id, attempt, point);
    if (checkpoint) onEvent({ kind: 'resumed', key: run.key, step: startStep });
    found.push({ claim, checkpoint });
  }
  return found;
}

/**
 * Trains one bundle, with heartbeats beside it that carry commands back, and checkpoints. Throws EngineExhausted once its runs
 * are kept and given back.
 */
export async function trainBundle(options: BundleOptions): Promise<void> {
  const { client, engine, reporter, checkpoints, worker, bundle, dataset, signal, onEvent } = options;
  const resumed = await snapshots(bundle.claims, options);
  if (resumed.length === 0) return;
  const claims = resumed.map(({ claim }) => claim);
  const members: Member[] = resumed.map(({ claim: { run }, checkpoint }) => ({
    seed: run.seed,
    axes: axesOf(run),
    from: checkpoint?.snapshot,
  }));
  const plan = planOf(members[0]!.axes, dataset.shape);
  const points = resumed.map(({ checkpoint }) => [...(checkpoint?.points ?? [])]);
  const wallTimes = points.map((own) => own.at(-1)?.wallTime ?? 0);
  const wanted = new Set(claims.flatMap(({ run }) => run.measures));
  const measures = MEASURES.filter((name): name is Measure => wanted.has(name));

  const start = performance.now();
  const open = new Set(claims.keys());
  const stopped = new Set<number>();
  const commands = new Map<number, string>();
  const ended: string[] = [];
  const writing = new Set<Promise<void>>();
  const deviceSeconds = members.map(({ from }) => from?.deviceSeconds ?? 0);
  let done = members[0]!.from?.step ?? 0;
  let recent = { step: done, at: start };
  let kept = start;
  let gpus: Gpu[] | undefined;

  const beat = async (): Promise<void> => {
    const now = performance.now();
    const samples = samplesBefore(plan, done) - samplesBefore(plan, recent.step);
    const rate = (samples * open.size) / ((now - recent.at) / 1000);
    recent = { step: done, at: now };
    const runs = [...open].map((i) => ({
      run: claims[i]!.run.id,
      attempt: claims[i]!.attempt,
      step: done,
      samplesSeen: samplesBefore(plan, done),
    }));
    if (engine.device !== 'cpu') gpus = await visibleGpus();
    const input = { worker, samplesPerSecond: rate, runs, ...(gpus?.length ? { gpu: gpus } : {}) };
    const { heartbeat } = await client.mutate(Heartbeat, { input });
    if (heartbeat.__typename !== 'HeartbeatSuccess') return;
    for (const { run, attempt, command } of heartbeat.commands) {
      const i = claims.findIndex((claim) => claim.run.id === run && claim.attempt === attempt);
      if (i < 0 || !open.has(i)) continue;
      commands.set(i, command);
      if (command === 'CONTINUE' || command === 'PAUSE') continue;
      open.delete(i);
      stopped.add(i);
      const { key } = claims[i]!.run;
      if (command === 'LOST') {
        const reason = 'another worker has taken it over; what was not delivered is discarded';
        onEvent({ kind: 'discarded', key, reason });
      } else if (command === 'PRUNE') {
        ended.push(run);
        onEvent({ kind: 'pruned', key });
        reporter.finish({
          run,
          attempt,
          outcome: 'PRUNED',
          reason: 'others of its sweep do better',
          step: done,
          samplesSeen: samplesBefore(plan, done),
          deviceSeconds: deviceSeconds[i]!,
        });
      } else ended.push(run);
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
    const exhausted = await train(
      engine,
      dataset,
      members,
      {
        measured(i, { values, ...point }) {
          if (!open.has(i)) return;
          const { run, attempt } = claims[i]!;
          const wallTime = wallTimes[i]! + (performance.now() - start) / 1000;
          const one = { ...point, wallTime, values };
          points[i]!.push(one);
          reporter.log(run.id, attempt, one);
        },
        ended(i, { divergedStep, state, ...end }) {
          if (!open.delete(i)) return;
          const { run, attempt } = claims[i]!;
          if (options.weights && divergedStep === undefined) {
            const kept = keepWeights(options.weights, {
              run,
              axes: members[i]!.axes,
              data: dataset.shape,
              state: state(),
            });
            const warn = (error: Error): void => onEvent({ kind: 'warning', message: error.message });
            const done = kept.then(() => {}, warn);
            writing.add(done);
            void done.finally(() => writing.delete(done));
          }
          reporter.finish({
            run: run.id,
            attempt,
            outcome: 'DONE',
            divergedStep: divergedStep ?? null,
            ...end,
          });
          ended.push(run.id);
          onEvent({ kind: 'ended', key: run.key, diverged: divergedStep !== undefined });
        },
        snapshot(i, snapshot) {
          if (!open.has(i)) return;
          const { run } = claims[i]!;
          const write = checkpoints
            .write(run.id, { snapshot, points: [...points[i]!] })
            .catch((error: Error) => {
              onEvent({ kind: 'warning', message: `no checkpoint of ${run.key}: ${error.message}` });
            });
          writing.add(write);
          void write.finally(() => writing.delete(write));
        },
        async before(step, deviceSecondsOf) {
          done = step;
          for (const i of open) deviceSeconds[i] = deviceSecondsOf(i);
          // Lets heartbeats and flushes run: a step is one call that holds the thread.
          if (step % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
          const isPaused = (): boolean =>
            open.size > 0 && [...open].every((i) => commands.get(i) === 'PAUSE') && !signal.aborted;
          while (isPaused()) await new Promise((resolve) => setTimeout(resolve, 200));
          if (signal.aborted || open.size === 0) return { stopped, keep: true, leave: true };
          const due = performance.now() - kept > options.checkpointSeconds * 1000 && writing.size === 0;
          if (due) kept = performance.now();
          return { stopped, keep: due };
        },
      },
      { measures },
    ).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof EngineExhausted) return error;
        throw error;
      },
    );
    await Promise.all(writing);
    for (const i of open) {
      const { run, attempt } = claims[i]!;
      reporter.finish({
        run: run.id,
        attempt,
        outcome: 'RELEASED',
        reason: exhausted?.message ?? 'its worker was told to stop',
        step: done,
        samplesSeen: samplesBefore(plan, done),
        deviceSeconds: deviceSeconds[i]!,
      });
    }
    if (exhausted) throw exhausted;
  } finally {
    clearTimeout(timer);
    await Promise.all(writing);
    await reporter.flush();
    for (const run of ended) await checkpoints.drop(run);
  }
}
