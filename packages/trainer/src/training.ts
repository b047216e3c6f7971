import type { Axes, Phase } from '@smallbatch/program';
import {
  epochsBefore,
  evaluation,
  initialValues,
  learningRateAt,
  peakBytes,
  placeOf,
  planOf,
  samplesBefore,
  score,
  trainingStep,
} from '@smallbatch/program';
import type { Dataset } from './datasets/dataset.ts';
import { type Engine, EngineExhausted, type Session, type State } from './engines/engine.ts';
import { Feed } from './feed.ts';
import { type Measure, measure } from './measures.ts';

/** A loss above this has left all bounds: chance on ten classes is ln 10 = 2.3 nats. */
export const DIVERGED_LOSS = 50;
/** Images of one evaluation call: at most so many, and at most so much memory. */
const EVALUATION_BATCH = 50;
const EVALUATION_BYTES = 128e6;

/** Loss and hits of an epoch so far. */
export interface Sums {
  readonly loss: number;
  readonly correct: number;
  readonly steps: number;
}

/** Everything that a run needs to go on from a step as if it had never stopped. */
export interface Snapshot {
  readonly step: number;
  readonly samplesSeen: number;
  readonly deviceSeconds: number;
  readonly sums: Sums;
  readonly state: State;
}

export interface Member {
  readonly axes: Axes;
  readonly seed: number;
  /** Where it goes on, the same step for all runs of a bundle; from the beginning without. */
  readonly from?: Snapshot | undefined;
}

export interface Measured {
  readonly step: number;
  readonly epoch: number;
  readonly samplesSeen: number;
  readonly values: Readonly<Record<string, number>>;
}

export interface End {
  readonly step: number;
  readonly samplesSeen: number;
  readonly deviceSeconds: number;
  readonly divergedStep?: number;
  /** Parameters and running statistics at the end. */
  state(): State;
}

/** What is to happen before a step. */
export interface Order {
  /** Members that train no more (cancelled, pruned, taken over). */
  readonly stopped?: ReadonlySet<number>;
  /** Take a snapshot of every member first. */
  readonly keep?: boolean;
  /** End the loop here; after a snapshot, if one is asked for too. */
  readonly leave?: boolean;
}

/** What a loop tells about its runs, by their place in the bundle, and asks before every step. */
export interface Watcher {
  measured(member: number, point: Measured): void;
  ended(member: number, end: End): void;
  /** Waits while the runs are paused. Is told what each run has cost so far. */
  before(step: number, deviceSecondsOf: (member: number) => number): Order | Promise<Order>;
  snapshot?(member: number, snapshot: Snapshot): void;
}

export interface TrainOptions {
  /** What is measured after each evaluated epoch, beside loss and accuracy. */
  readonly measures?: readonly Measure[];
}

/** What is known of one run while it trains. */
interface Progress {
  readonly index: number;
  readonly member: Member;
  loss: number;
  correct: number;
  steps: number;
  deviceSeconds: number;
}

/**
 * Trains the runs of a bundle side by side: the one training loop. It knows data, program, engine and watcher, and nothing
 * else. A run that ends (it diverges, reaches its goal, is stopped) leaves its neighbours to go on; once half of a session's
 * runs have ended, the others move together. Nothing of a run depends on its neighbours. Throws EngineExhausted after a
 * snapshot of every run.
 */
export async function train(
  engine: Engine,
  dataset: Dataset,
  members: readonly Member[],
  watcher: Watcher,
  { measures = [] }: TrainOptions = {},
): Promise<void> {
  const { axes, from } = members[0]!;
  const { shape } = dataset;
  const plan = planOf(axes, shape);
  const { totalSteps } = plan;
  const { parameters } = trainingStep({ ...axes, batchSize: 2, batchSchedule: null, bnBatch: null }, shape);
  const trained = parameters.flatMap(({ name, statistic }) => (statistic ? [] : [name]));
  const evaluationBatch = evaluationBatchOf(axes, dataset);
  let active: Progress[] = members.map((member, index) => ({
    index,
    member,
    deviceSeconds: member.from?.deviceSeconds ?? 0,
    ...(member.from?.sums ?? { loss: 0, correct: 0, steps: 0 }),
  }));
  const states = new Map<Progress, State>();
  for (const run of active) {
    const { from: snapshot, seed } = run.member;
    states.set(
      run,
      snapshot?.state ??
        new Map(parameters.map((parameter, i) => [parameter.name, initialValues(parameter, i, seed)])),
    );
  }

  let session: Session | undefined;
  /** Runs by their slot in the session; those that have ended keep theirs until the others move together. */
  let slots: Progress[] = [];
  let feed: Feed | undefined;
  let phase: Phase | undefined;
  let rates = new Float32Array();
  let decays = new Float32Array();
  let momenta = new Float32Array();
  const keepStates = (): void => {
    for (const run of active) states.set(run, session!.state(slots.indexOf(run)));
  };
  /** Opens a session for the runs that are left, in which each goes on from its state. */
  const open = async (next: Phase): Promise<void> => {
    if (session) {
      keepStates();
      await session.close();
      session = undefined;
    }
    phase = next;
    slots = [...active];
    session = await engine.open({
      axes: { ...axes, batchSize: phase.batchSize, batchSchedule: null },
      data: shape,
      runs: slots.length,
      evaluationBatch,
    });
    slots.forEach((run, slot) => {
      session!.initialise(slot, run.member.seed);
      const start = session!.state(slot);
      for (const [name, values] of states.get(run)!) start.set(name, values);
      session!.restore(slot, start);
    });
    states.clear();
    feed = new Feed(
      dataset,
      plan,
      phase,
      slots.map(({ member }) => member),
    );
    rates = new Float32Array(slots.length);
    decays = Float32Array.from(slots, ({ member }) => member.axes.weightDecay);
    momenta = Float32Array.from(slots, ({ member }) => member.axes.momentum);
  };

  const end = (run: Progress, step: number, divergedStep?: number): void => {
    const slot = slots.indexOf(run);
    active = active.filter((one) => one !== run);
    const ended = {
      step,
      samplesSeen: samplesBefore(plan, step),
      deviceSeconds: run.deviceSeconds,
      state: () => session!.state(slot),
    };
    watcher.ended(run.index, divergedStep === undefined ? ended : { ...ended, divergedStep });
  };
  /** The time of one call is shared by the runs that were training in it. */
  const timed = async <T>(call: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await call();
    for (const run of active) run.deviceSeconds += (performance.now() - start) / 1000 / active.length;
    return result;
  };

  /** Tells a snapshot of every run before a step. */
  const keepAll = (step: number): void => {
    for (const run of active) {
      const { loss, correct, steps, deviceSeconds } = run;
      const state = session ? session.state(slots.indexOf(run)) : states.get(run)!;
      const samplesSeen = samplesBefore(plan, step);
      const sums = { loss, correct, steps };
      watcher.snapshot?.(run.index, { step, samplesSeen, deviceSeconds, sums, state });
    }
  };

  const deviceSecondsOf = (member: number): number =>
    active.find(({ index }) => index === member)?.deviceSeconds ?? 0;
  let epochStart = performance.now();
  try {
    for (let step = from?.step ?? 0; step < totalSteps; step++) {
      const { stopped, keep, leave } = await watcher.before(step, deviceSecondsOf);
      if (stopped?.size) active = active.filter(({ index }) => !stopped.has(index));
      if (keep) keepAll(step);
      if (leave || active.length === 0) return;

      const place = placeOf(plan, step);
      if (!session || place.phase !== phase || active.length <= slots.length / 2) await open(place.phase);
      const m = place.phase.batchSize;
      const { epoch, inEpoch } = place;
      const perEpoch = place.phase.stepsPerEpoch;
      const batch = await feed!.take(step);
      slots.forEach(({ member }, slot) => {
        rates[slot] = learningRateAt(member.axes, plan, step);
      });
      const logits = await timed(() => {
        const done = session!.step({
          images: batch.images,
          labels: batch.labels,
          learningRate: rates,
          weightDecay: decays,
          momentum: momenta,
        });
        if (inEpoch < perEpoch - 1) feed!.ahead(step + 1);
        return done;
      }).catch((error: unknown) => {
        if (error instanceof EngineExhausted) keepAll(step);
        throw error;
      });
      const after = {
        step: step + 1,
        epoch: epochsBefore(plan, step + 1),
        samplesSeen: samplesBefore(plan, step + 1),
      };
      for (const run of [...active]) {
        const slot = slots.indexOf(run);
        const own = logits.subarray(slot * m * shape.classes, (slot + 1) * m * shape.classes);
        const { loss, correct } = score(own, batch.classes[slot]!, shape.classes);
        run.loss += loss;
        run.correct += correct;
        run.steps++;
        if (!(loss <= DIVERGED_LOSS)) {
          watcher.measured(run.index, { ...after, values: { train_loss: loss } });
          end(run, step + 1, step + 1);
        }
      }
      const last = step === totalSteps - 1;
      if ((inEpoch < perEpoch - 1 && !last) || active.length === 0) continue;

      const due = last || (epoch + 1) % axes.evaluateEvery === 0;
      const tested = due
        ? await timed(() => evaluate(session!, dataset, slots.length, evaluationBatch))
        : undefined;
      const probed =
        due && measures.length > 0
          ? await timed(() =>
              measure(measures, {
                session: session!,
                feed: feed!,
                members: slots.map(({ member }) => member),
                batchSize: m,
                trainCount: shape.trainCount,
                epoch,
                trained,
                start: (slot) =>
                  new Map(
                    parameters.map((parameter, i) => [
                      parameter.name,
                      initialValues(parameter, i, slots[slot]!.member.seed),
                    ]),
                  ),
              }),
            )
          : undefined;
      const seconds = (performance.now() - epochStart) / 1000;
      epochStart = performance.now();
      for (const run of [...active]) {
        const slot = slots.indexOf(run);
        const values: Record<string, number> = {
          train_loss: run.loss / run.steps,
          train_accuracy: run.correct / (run.steps * m),
          learning_rate: learningRateAt(run.member.axes, plan, step),
          samples_per_second: (run.steps * m) / seconds,
          ...probed?.[slot],
        };
        run.loss = 0;
        run.correct = 0;
        run.steps = 0;
        const result = tested?.[slot];
        if (result) {
          values.test_loss = result.loss / shape.testCount;
          values.test_accuracy = result.correct / shape.testCount;
        }
        const { budget } = run.member.axes;
        const reached =
          result !== undefined &&
          budget.unit === 'GOAL_ERROR' &&
          1 - result.correct / shape.testCount <= budget.value;
        if (reached) values.steps_to_goal = step + 1;
        watcher.measured(run.index, { ...after, values });
        if (result && !Number.isFinite(result.loss)) end(run, step + 1, step + 1);
        else if (reached) end(run, step + 1);
      }
    }
    for (const run of [...active]) end(run, totalSteps);
  } finally {
    await session?.close();
  }
}

/** As many images as memory allows, a function of the axes alone. */
function evaluationBatchOf(axes: Axes, { shape }: Dataset): number {
  const [one, two] = [1, 2].map((count) => peakBytes(evaluation(axes, shape, count))) as [number, number];
  const most = Math.floor((EVALUATION_BYTES - one) / Math.max(1, two - one)) + 1;
  return Math.max(1, Math.min(EVALUATION_BATCH, most, shape.testCount));
}

/** Loss (summed) and hits of every run on the whole test split, in the order of the samples. */
async function evaluate(
  session: Session,
  dataset: Dataset,
  runs: number,
  batch: number,
): Promise<{ loss: number; correct: number }[]> {
  const { shape, labels } = dataset;
  const each = shape.channels * shape.height * shape.width;
  const images = [new Float32Array(batch * each), new Float32Array(batch * each)];
  const results = Array.from({ length: runs }, () => ({ loss: 0, correct: 0 }));
  const requests = (from: number) =>
    Array.from({ length: Math.max(0, Math.min(batch, shape.testCount - from)) }, (_, i) => ({
      sample: shape.trainCount + from + i,
      offset: i * each,
    }));
  const ask = (from: number): void | Promise<void> => {
    if (from >= shape.testCount) return;
    const filled = dataset.fill(images[(from / batch) % 2]!, requests(from));
    dataset.ahead(requests(from + batch));
    return filled;
  };
  let filled = ask(0);
  for (let from = 0; from < shape.testCount; from += batch) {
    await filled;
    const called = session.evaluate(images[(from / batch) % 2]!);
    filled = ask(from + batch);
    const logits = await called;
    const count = Math.min(batch, shape.testCount - from);
    const first = shape.trainCount + from;
    const own = labels.subarray(first, first + count);
    results.forEach((result, r) => {
      const start = r * batch * shape.classes;
      const { loss, correct } = score(
        logits.subarray(start, start + count * shape.classes),
        own,
        shape.classes,
      );
      result.loss += loss * count;
      result.correct += correct;
    });
  }
  return results;
}
