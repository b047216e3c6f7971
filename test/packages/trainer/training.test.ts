import { type Axes, checkAxes, planOf } from '@smallbatch/program';
import {
  type Content,
  type Engine,
  EngineExhausted,
  generateShapes,
  hashOf,
  type Measure,
  type Measured,
  type Member,
  noiseScale,
  ofContent,
  openOnnx,
  RECIPES,
  type Snapshot,
  type State,
  train,
} from '@smallbatch/trainer';
import { expect, test } from 'vitest';

const recipe = RECIPES.shapes!;
const full = generateShapes(recipe);
/** The first 120 training and 40 test images of the generated set. */
const each = 3 * 32 * 32;
const part = (all: Uint8Array, size: number): Uint8Array =>
  Uint8Array.from([...all.subarray(0, 120 * size), ...all.subarray(1500 * size, 1540 * size)]);
const content: Content = {
  ...full,
  images: part(full.images, each),
  labels: part(full.labels, 1),
  shape: { ...full.shape, trainCount: 120, testCount: 40 },
};
const dataset = ofContent(content, hashOf(content));
const axesOf = (input: Record<string, unknown>): Axes => {
  const checked = checkAxes(
    { model: 'resnet8', width: 2, batchSize: 4, baseLearningRate: 2 ** -8, epochs: 2, ...input },
    dataset.shape,
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.axes;
};

interface Told {
  points: Omit<Measured, 'values'>[];
  values: Record<string, number>[];
  end: { step: number; divergedStep?: number; state: State } | undefined;
  snapshot: Snapshot | undefined;
}
interface Telling {
  /** Before this step snapshots are taken and the loop is left. */
  leaveAt?: number;
  /** Member that is stopped before this step. */
  stop?: { member: number; step: number };
  measures?: readonly Measure[];
  engine?: Engine;
  /** What is told, also where the loop throws. */
  into?: Told[];
}
async function tell(
  members: Member[],
  { leaveAt, stop, measures = [], engine, into: told = [] }: Telling = {},
): Promise<Told[]> {
  for (const _ of members) told.push({ points: [], values: [], end: undefined, snapshot: undefined });
  const watcher = {
    measured(i: number, { values, ...point }: Measured) {
      const { samples_per_second: _time, ...others } = values;
      told[i]!.points.push(point);
      told[i]!.values.push(others);
    },
    ended(i: number, { step, divergedStep, state }: { step: number; divergedStep?: number; state(): State }) {
      told[i]!.end = { step, state: state(), ...(divergedStep === undefined ? {} : { divergedStep }) };
    },
    snapshot(i: number, snapshot: Snapshot) {
      told[i]!.snapshot = snapshot;
    },
    before: (step: number) => ({
      keep: step === leaveAt,
      leave: step === leaveAt,
      ...(stop && step >= stop.step ? { stopped: new Set([stop.member]) } : {}),
    }),
  };
  await train(engine ?? (await openOnnx()), dataset, members, watcher, { measures });
  return told;
}

test('the generated data sets are the same bytes everywhere, and each its own', () => {
  expect(hashOf(generateShapes(recipe))).toBe(hashOf(full));
  expect(hashOf(generateShapes(recipe)).slice(0, 12)).toBe('ed182240c013');
  expect(hashOf(generateShapes(RECIPES['shapes-hard']!))).not.toBe(hashOf(full));
  expect(new Set(full.labels.subarray(0, 1500)).size).toBe(10);
});

test("a run's metrics are the same to the last bit alone, beside others and in another slot", async () => {
  for (const input of [{}, { batchNorm: true, augmentation: true, warmUp: true, weightDecay: 1e-3 }]) {
    const mine: Member = { axes: axesOf(input), seed: 3 };
    const other = (seed: number, rate: number): Member => ({
      axes: axesOf({ ...input, baseLearningRate: rate }),
      seed,
    });
    const [alone] = await tell([mine]);
    expect(alone!.points.map(({ step, epoch, samplesSeen }) => [step, epoch, samplesSeen])).toEqual([
      [30, 1, 120],
      [60, 2, 240],
    ]);
    const beside = await tell([other(1, 2 ** -7), other(2, 2 ** -10), mine, other(4, 2 ** -9)]);
    expect(beside[2]).toEqual(alone);
    expect(beside[0]!.values).not.toEqual(alone!.values);
  }
});

test('a run that diverges ends with the step, and its neighbour does not notice', async () => {
  const mine: Member = { axes: axesOf({}), seed: 5 };
  const wild: Member = { axes: axesOf({ baseLearningRate: 1e6 }), seed: 6 };
  const [alone] = await tell([mine]);
  const [diverged, beside] = await tell([wild, mine]);
  expect(diverged!.end?.divergedStep).toBeGreaterThan(0);
  expect(diverged!.end?.divergedStep).toBeLessThan(60);
  expect(beside).toEqual(alone);
});

test('training learns: after some epochs a run is better than chance on images that it has not seen', async () => {
  const [run] = await tell([
    { axes: axesOf({ width: 4, epochs: 8, batchNorm: true, baseLearningRate: 2 ** -6 }), seed: 1 },
  ]);
  const accuracies = run!.values.map(({ test_accuracy }) => test_accuracy!);
  expect(run!.values.at(-1)!.train_loss!).toBeLessThan(run!.values[0]!.train_loss! - 0.3);
  expect(Math.max(...accuracies)).toBeGreaterThan(0.2);
});

test.each([
  ['mid-epoch, without batch norm', { batchNorm: false }, 17],
  [
    'mid-epoch, with batch norm, augmentation, momentum and warm-up',
    { batchNorm: true, augmentation: true, momentum: 0.9, warmUp: true },
    44,
  ],
  ['at the end of an epoch, in the blocked layout', { width: 16, batchNorm: true }, 30],
])(
  'a run that was stopped %s and goes on beside others has the metrics of an undisturbed one, to the last bit',
  async (_name, input, leaveAt) => {
    const mine: Member = { axes: axesOf(input), seed: 7 };
    const other = (seed: number): Member => ({ axes: axesOf({ ...input, baseLearningRate: 2 ** -9 }), seed });
    const [whole] = await tell([mine]);
    const [, before] = await tell([other(1), mine], { leaveAt });
    expect(before!.snapshot!.step).toBe(leaveAt);
    const neighbours = await tell([other(2), other(3)], { leaveAt });
    const resumed = await tell([
      { ...other(2), from: neighbours[0]!.snapshot },
      { ...other(3), from: neighbours[1]!.snapshot },
      { ...mine, from: before!.snapshot },
    ]);
    expect([...before!.values, ...resumed[2]!.values]).toEqual(whole!.values);
    expect([...before!.points, ...resumed[2]!.points]).toEqual(whole!.points);
    expect(resumed[2]!.end!.state).toEqual(whole!.end!.state);
  },
);

test('when half of a bundle has ended the others move together, and their bits stay', async () => {
  const sizes: number[] = [];
  const onnx = await openOnnx();
  const engine: Engine = {
    ...onnx,
    open(options) {
      sizes.push(options.runs);
      return onnx.open(options);
    },
  };
  const mine: Member = { axes: axesOf({ batchNorm: true }), seed: 5 };
  const wild = (seed: number): Member => ({ axes: axesOf({ batchNorm: true, baseLearningRate: 1e9 }), seed });
  const [alone] = await tell([mine]);
  const beside = await tell([wild(1), mine, { ...mine, seed: 6 }], { engine, stop: { member: 2, step: 35 } });
  expect(beside[1]!.values).toEqual(alone!.values);
  expect(sizes[0]).toBe(3);
  expect(sizes.at(-1)).toBe(1);
});

test('an engine that is exhausted ends the loop with a snapshot of every run, and a new one goes on as if nothing had been', async () => {
  const members = [1, 2].map((seed) => ({ axes: axesOf({ batchNorm: true, momentum: 0.9 }), seed }));
  const undisturbed = await tell(members);
  const real = await openOnnx();
  const spent: Engine = {
    ...real,
    async open(options) {
      const session = await real.open(options);
      let left = 41;
      return new Proxy(session, {
        get(own, name) {
          if (name === 'step' && left-- <= 0)
            return () => Promise.reject(new EngineExhausted('no ids are left'));
          const value: unknown = Reflect.get(own, name, own);
          return typeof value === 'function' ? value.bind(own) : value;
        },
      });
    },
  };
  const before: Told[] = [];
  await expect(tell(members, { engine: spent, into: before })).rejects.toThrow(EngineExhausted);
  expect(before.map(({ snapshot, end }) => [snapshot?.step, end])).toEqual([
    [41, undefined],
    [41, undefined],
  ]);
  const after = await tell(members.map((member, i) => ({ ...member, from: before[i]!.snapshot })));
  for (const i of members.keys()) {
    expect([...before[i]!.values, ...after[i]!.values]).toEqual(undisturbed[i]!.values);
    expect(after[i]!.end).toEqual(undisturbed[i]!.end);
  }
});

test('a batch schedule raises m at whole epochs, η follows m and the schedule, and every epoch takes each sample once', async () => {
  const axes = axesOf({
    epochs: 4,
    batchSchedule: { at: [0.5, 0.75], factor: 2 },
    schedule: { kind: 'steps', at: [0.5, 0.75], factor: 0.5 },
  });
  expect(planOf(axes, dataset.shape).phases.map(({ batchSize, steps }) => [batchSize, steps])).toEqual([
    [4, 60],
    [8, 15],
    [16, 7],
  ]);
  const [run] = await tell([{ axes, seed: 1 }]);
  expect(run!.points.map(({ step, epoch, samplesSeen }) => [step, epoch, samplesSeen])).toEqual([
    [30, 1, 120],
    [60, 2, 240],
    [75, 3, 360],
    [82, 4, 472],
  ]);
  // η̃ halves whenever m doubles: η stays (Smith et al. 2017).
  expect(run!.values.map(({ learning_rate }) => learning_rate)).toEqual([2 ** -6, 2 ** -6, 2 ** -6, 2 ** -6]);
  const [before] = await tell([{ axes, seed: 1 }], { leaveAt: 77 });
  const [after] = await tell([{ axes, seed: 1, from: before!.snapshot }]);
  expect([...before!.values, ...after!.values]).toEqual(run!.values);
});

test('a run with a goal ends when its test error is low enough, and says after how many steps', async () => {
  const budget = (goalError: number) => ({ epochs: undefined, budget: { goalError, epochs: 3 } });
  const [easy] = await tell([{ axes: axesOf(budget(0.999)), seed: 1 }]);
  expect(easy!.end!.step).toBe(30);
  expect(easy!.values.at(-1)!.steps_to_goal).toBe(30);
  const [hard] = await tell([{ axes: axesOf(budget(0.0001)), seed: 1 }]);
  expect(hard!.end!.step).toBe(90);
  expect(hard!.values.every(({ steps_to_goal }) => steps_to_goal === undefined)).toBe(true);
});

test('evaluation every second epoch leaves the others without test metrics, and the last always has them', async () => {
  const [run] = await tell([{ axes: axesOf({ epochs: 3, evaluateEvery: 2 }), seed: 1 }]);
  expect(run!.values.map(({ test_accuracy }) => test_accuracy !== undefined)).toEqual([false, true, true]);
  expect(run!.values.every(({ train_loss }) => train_loss !== undefined)).toBe(true);
});

test('measures on request change nothing of the run', async () => {
  const axes = axesOf({ batchNorm: true });
  const [plain] = await tell([{ axes, seed: 2 }]);
  const [, probed] = await tell(
    [
      { axes, seed: 9 },
      { axes, seed: 2 },
    ],
    {
      measures: ['gradient_norm', 'weight_norm', 'distance_from_start', 'gradient_noise_scale'],
    },
  );
  probed!.values.forEach((values, i) => {
    const { gradient_norm, weight_norm, distance_from_start, gradient_noise_scale, ...rest } = values;
    expect(rest).toEqual(plain!.values[i]);
    for (const value of [gradient_norm, weight_norm, distance_from_start]) expect(value).toBeGreaterThan(0);
    expect(gradient_noise_scale).toBeDefined();
    expect(distance_from_start!).toBeLessThan(2 * weight_norm!);
  });
});

test('the gradient noise scale of gradients with known mean and covariance is their quotient', () => {
  // |g_B|² = |G|² + tr Σ / B in expectation.
  const [gradient, trace] = [4, 100];
  const square = (batch: number) => gradient + trace / batch;
  expect(noiseScale(8, square(8), 64, square(64))).toBeCloseTo(trace / gradient, 9);
});
