import { type Axes, checkAxes } from '@smallbatch/program';
import {
  type Dataset,
  generateShapes,
  hashOf,
  type Measured,
  type Member,
  openOnnx,
  RECIPES,
  train,
} from '@smallbatch/trainer';
import { expect, test } from 'vitest';

const recipe = RECIPES.shapes!;
const content = generateShapes(recipe);
const full: Dataset = { ...content, hash: hashOf(content) };
/** The first 120 training and 40 test images of the generated set. */
const each = 3 * 32 * 32;
const part = <T extends Uint8Array>(all: T, size: number): Uint8Array =>
  Uint8Array.from([...all.subarray(0, 120 * size), ...all.subarray(1500 * size, 1540 * size)]);
const dataset: Dataset = {
  ...full,
  images: part(full.images, each),
  labels: part(full.labels, 1),
  shape: { ...full.shape, trainCount: 120, testCount: 40 },
};
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
  end: { step: number; divergedStep?: number } | undefined;
}
async function tell(members: Member[]): Promise<Told[]> {
  const told: Told[] = members.map(() => ({ points: [], values: [], end: undefined }));
  await train(await openOnnx(), dataset, members, {
    measured(i, { values, ...point }) {
      const { samples_per_second: _time, ...others } = values;
      told[i]!.points.push(point);
      told[i]!.values.push(others);
    },
    ended(i, { step, divergedStep }) {
      told[i]!.end = divergedStep === undefined ? { step } : { step, divergedStep };
    },
    before: async () => new Set(),
  });
  return told;
}

test('the generated data sets are the same bytes everywhere, and each its own', () => {
  expect(hashOf(generateShapes(recipe))).toBe(full.hash);
  expect(hashOf(generateShapes(RECIPES['shapes-hard']!))).not.toBe(full.hash);
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
