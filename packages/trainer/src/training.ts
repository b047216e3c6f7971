import type { Axes } from '@smallbatch/program';
import { learningRateAt, plannedSteps, score, stepsPerEpoch } from '@smallbatch/program';
import { epochOrder, writeSample } from './datasets/batches.ts';
import type { Dataset } from './datasets/dataset.ts';
import type { Engine } from './engines/engine.ts';

/** A loss above this has left all bounds: chance on ten classes is ln 10 = 2.3 nats. */
export const DIVERGED_LOSS = 50;
const EVALUATION_BATCH = 50;

export interface Member {
  readonly axes: Axes;
  readonly seed: number;
}

export interface Measured {
  readonly step: number;
  readonly epoch: number;
  readonly samplesSeen: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What a loop tells about its runs, by their place in the bundle, and asks before every step. */
export interface Watcher {
  measured(member: number, point: Measured): void;
  ended(
    member: number,
    end: { step: number; samplesSeen: number; deviceSeconds: number; divergedStep?: number },
  ): void;
  /** Members that train no more (cancelled, taken over), or undefined to stop all. Waits while the runs are paused. */
  before(step: number): Promise<ReadonlySet<number> | undefined>;
}

/**
 * Trains the runs of a bundle side by side: the one training loop. It knows data, program, engine and watcher, and nothing
 * else. A run that diverges ends with that result while its neighbours go on; nothing of a run depends on its neighbours.
 */
export async function train(
  engine: Engine,
  dataset: Dataset,
  members: readonly Member[],
  watcher: Watcher,
): Promise<void> {
  const runs = members.length;
  const [{ axes }] = members as [Member];
  const { shape } = dataset;
  const m = axes.batchSize;
  const total = plannedSteps(axes, shape);
  const perEpoch = stepsPerEpoch(axes, shape);
  const each = shape.channels * shape.height * shape.width;
  const evaluationBatch = Math.min(EVALUATION_BATCH, shape.testCount);
  const session = await engine.open({ axes, data: shape, runs, evaluationBatch });
  for (const [r, { seed }] of members.entries()) session.initialise(r, seed);

  const images = new Float32Array(m * runs * each);
  const labels = new Float32Array(runs * m * shape.classes);
  const classes = members.map(() => new Uint8Array(m));
  const learningRate = new Float32Array(runs);
  const weightDecay = Float32Array.from(members, (member) => member.axes.weightDecay);
  const momentum = Float32Array.from(members, (member) => member.axes.momentum);
  const sums = members.map(() => ({ loss: 0, correct: 0, steps: 0 }));
  const deviceSeconds = new Float64Array(runs);
  const training = new Set(members.keys());
  let orders: Uint32Array[] = [];
  let epochStart = performance.now();

  const end = (r: number, step: number, divergedStep?: number): void => {
    training.delete(r);
    const ended = { step, samplesSeen: step * m, deviceSeconds: deviceSeconds[r]! };
    watcher.ended(r, divergedStep === undefined ? ended : { ...ended, divergedStep });
  };
  /** The time of one call is shared by the runs that were training in it. */
  const timed = async <T>(call: Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await call;
    for (const r of training) deviceSeconds[r]! += (performance.now() - start) / 1000 / training.size;
    return result;
  };

  try {
    for (let step = 0; step < total && training.size > 0; step++) {
      const stopped = await watcher.before(step);
      if (!stopped) return;
      for (const r of stopped) training.delete(r);
      const epoch = Math.floor(step / perEpoch);
      const inEpoch = step % perEpoch;
      if (inEpoch === 0) orders = members.map(({ seed }) => epochOrder(dataset, seed, epoch));

      labels.fill(0);
      members.forEach((member, r) => {
        for (let i = 0; i < m; i++) {
          const sample = orders[r]![inEpoch * m + i]!;
          const augment = member.axes.augmentation ? { seed: member.seed, epoch } : undefined;
          writeSample(images, (i * runs + r) * each, dataset, sample, augment);
          classes[r]![i] = dataset.labels[sample]!;
          labels[(r * m + i) * shape.classes + dataset.labels[sample]!] = 1;
        }
        learningRate[r] = learningRateAt(member.axes, step, total);
      });

      const logits = await timed(session.step({ images, labels, learningRate, weightDecay, momentum }));
      for (const r of training) {
        const own = logits.subarray(r * m * shape.classes, (r + 1) * m * shape.classes);
        const { loss, correct } = score(own, classes[r]!, shape.classes);
        const sum = sums[r]!;
        sum.loss += loss;
        sum.correct += correct;
        sum.steps++;
        if (!(loss <= DIVERGED_LOSS)) {
          watcher.measured(r, {
            step: step + 1,
            epoch: (step + 1) / perEpoch,
            samplesSeen: (step + 1) * m,
            values: { train_loss: loss },
          });
          end(r, step + 1, step + 1);
        }
      }

      if (inEpoch === perEpoch - 1 || step === total - 1) {
        const tested = await timed(evaluate(session, dataset, runs, evaluationBatch));
        const seconds = (performance.now() - epochStart) / 1000;
        epochStart = performance.now();
        for (const r of training) {
          const { loss, correct, steps } = sums[r]!;
          const { loss: testLoss, correct: testCorrect } = tested[r]!;
          const values = {
            train_loss: loss / steps,
            train_accuracy: correct / (steps * m),
            test_loss: testLoss / shape.testCount,
            test_accuracy: testCorrect / shape.testCount,
            learning_rate: learningRateAt(members[r]!.axes, step, total),
            samples_per_second: (steps * m) / seconds,
          };
          sums[r] = { loss: 0, correct: 0, steps: 0 };
          watcher.measured(r, {
            step: step + 1,
            epoch: (step + 1) / perEpoch,
            samplesSeen: (step + 1) * m,
            values,
          });
          if (!Number.isFinite(testLoss)) end(r, step + 1, step + 1);
        }
      }
    }
    for (const r of [...training]) end(r, total);
  } finally {
    await session.close();
  }
}

/** Loss (summed) and hits of every run on the whole test split, in the order of the samples. */
async function evaluate(
  session: Awaited<ReturnType<Engine['open']>>,
  dataset: Dataset,
  runs: number,
  batch: number,
): Promise<{ loss: number; correct: number }[]> {
  const { shape } = dataset;
  const each = shape.channels * shape.height * shape.width;
  const images = new Float32Array(batch * each);
  const results = Array.from({ length: runs }, () => ({ loss: 0, correct: 0 }));
  for (let from = 0; from < shape.testCount; from += batch) {
    const count = Math.min(batch, shape.testCount - from);
    for (let i = 0; i < count; i++) writeSample(images, i * each, dataset, shape.trainCount + from + i);
    const logits = await session.evaluate(images);
    const first = shape.trainCount + from;
    const labels = dataset.labels.subarray(first, first + count);
    results.forEach((result, r) => {
      const start = r * batch * shape.classes;
      const { loss, correct } = score(
        logits.subarray(start, start + count * shape.classes),
        labels,
        shape.classes,
      );
      result.loss += loss * count;
      result.correct += correct;
    });
  }
  return results;
}
