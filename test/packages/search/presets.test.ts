import { AXIS_NAMES, type Axes, checkAxes, cost, type DataShape, runFlops } from '@smallbatch/program';
import {
  type Cell,
  cells,
  PRESET_SCALES,
  PRESETS,
  type PresetRequest,
  type PresetScale,
  parseSweep,
  type SweepFile,
} from '@smallbatch/search';
import { describe, expect, test } from 'vitest';

const image = (classes: number, side: number, trainCount: number, testCount: number): DataShape => ({
  classes,
  channels: 3,
  height: side,
  width: side,
  trainCount,
  testCount,
});
const DATASETS: Record<string, DataShape> = {
  cifar10: image(10, 32, 50_000, 10_000),
  cifar100: image(100, 32, 50_000, 10_000),
  imagenet: image(1000, 224, 1_281_167, 50_000),
  'imagenet-64': image(1000, 64, 1_281_167, 50_000),
  shapes: image(10, 32, 1500, 1000),
  'shapes-hard': image(10, 32, 1500, 1000),
};

/** What the presets of `after` would have found: rates that tell batch sizes and figures apart. */
const rates = (preset: string): ReadonlyMap<number, number> =>
  new Map(
    Array.from(
      { length: 11 },
      (_, i) => [2 ** (i + 1), 2 ** -(i + (preset === 'figure-9' ? 2 : 1))] as const,
    ),
  );
const sweepsOf = (name: string, scale: PresetScale, more: Partial<PresetRequest> = {}): SweepFile[] =>
  PRESETS.find((preset) => preset.name === name)!.sweeps({ scale, rates, ...more });

function cellsOf(file: SweepFile): Cell[] {
  const parsed = parseSweep(file, AXIS_NAMES);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return [...cells(parsed.sweep)];
}
function axesOf({ dataset, axes }: Cell): Axes {
  const checked = checkAxes(axes, DATASETS[dataset]!);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.axes;
}
const valuesOf = (found: readonly Cell[], axis: string): unknown[] => [
  ...new Set(found.map(({ axes }) => axes[axis])),
];
const powers = (low: number, high: number): number[] =>
  Array.from({ length: high - low + 1 }, (_, i) => 2 ** (low + i));

test('there are all figures of the paper, the set-up of its text without a figure, and four follow-ups', () => {
  const figures = Array.from({ length: 18 }, (_, i) => `figure-${i + 1}`);
  const names = PRESETS.map(({ name }) => name);
  expect(names.toSorted()).toEqual(
    [...figures, 'resnet-32-no-bn', 'goyal', 'hoffer', 'shallue', 'smith'].sort(),
  );
});

describe.each(PRESET_SCALES)('at scale %s', (scale) => {
  test.each(PRESETS.map(({ name }) => name))('%s is valid, and no cell of a sweep is there twice', (name) => {
    for (const file of sweepsOf(name, scale)) {
      const found = cellsOf(file).map((cell) => JSON.stringify([cell.dataset, axesOf(cell), cell.seed]));
      expect(found.length).toBeGreaterThan(0);
      expect(new Set(found).size).toBe(found.length);
    }
  });

  test('the sweeps of a preset have names that tell them apart', () => {
    const names = PRESETS.flatMap(({ name }) => sweepsOf(name, scale).map((file) => file.name));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the scale of the paper', () => {
  const whole = { batchSize: powers(1, 11), baseLearningRate: powers(-12, 0) };
  test.each([
    [
      'figure-1',
      'cifar10',
      {
        model: 'alexnet',
        batchNorm: false,
        augmentation: false,
        warmUp: false,
        weightDecay: 5e-4,
        epochs: 82,
      },
    ],
    [
      'figure-2',
      'cifar10',
      {
        model: 'resnet8',
        batchNorm: false,
        augmentation: false,
        warmUp: false,
        weightDecay: 1e-4,
        epochs: 82,
      },
    ],
    [
      'figure-3',
      'cifar10',
      {
        model: 'resnet20',
        batchNorm: false,
        augmentation: false,
        warmUp: false,
        weightDecay: 1e-4,
        epochs: 82,
      },
    ],
    [
      'figure-5',
      'cifar10',
      { model: 'alexnet', batchNorm: true, batchNormScope: 'ALL', weightDecay: 5e-4, epochs: 82 },
    ],
    [
      'figure-6',
      'cifar10',
      { model: 'alexnet', batchNorm: true, batchNormScope: 'CONV', weightDecay: 5e-4, epochs: 82 },
    ],
    [
      'figure-7',
      'cifar10',
      { model: 'resnet32', batchNorm: true, augmentation: false, warmUp: false, epochs: 82 },
    ],
    [
      'figure-8',
      'cifar10',
      { model: 'resnet32', batchNorm: true, augmentation: true, warmUp: false, epochs: 82 },
    ],
    [
      'figure-9',
      'cifar100',
      { model: 'resnet32', batchNorm: true, augmentation: true, warmUp: false, epochs: 164 },
    ],
    [
      'figure-10',
      'cifar10',
      { model: 'resnet32', batchNorm: true, augmentation: true, warmUp: true, epochs: 82 },
    ],
    [
      'figure-11',
      'cifar100',
      { model: 'resnet32', batchNorm: true, augmentation: true, warmUp: true, epochs: 164 },
    ],
    [
      'figure-17',
      'cifar10',
      { model: 'resnet32', batchNorm: true, augmentation: true, warmUp: false, epochs: 41 },
    ],
    [
      'figure-18',
      'cifar10',
      { model: 'resnet32', batchNorm: true, augmentation: true, warmUp: false, epochs: 164 },
    ],
  ])('%s is all 143 cells of m = 2 … 2048 and η̃ = 2^-12 … 2^0 on %s', (name, dataset, settings) => {
    const [file, ...more] = sweepsOf(name, 'paper');
    expect(more).toEqual([]);
    const found = cellsOf(file!);
    expect(found).toHaveLength(143);
    expect(new Set(found.map((cell) => cell.dataset))).toEqual(new Set([dataset]));
    for (const [axis, values] of Object.entries(whole)) expect(valuesOf(found, axis)).toEqual(values);
    for (const cell of found) {
      expect(cell.axes).toMatchObject(settings);
      // Plain SGD, ×0.1 at 50 % and 75 %, the models at their own width.
      expect(axesOf(cell)).toMatchObject({
        momentum: 0,
        bnBatch: null,
        width: 16,
        schedule: { kind: 'steps', at: [0.5, 0.75], factor: 0.1 },
      });
    }
  });

  test('figure 4 is one base learning rate', () => {
    const found = cellsOf(sweepsOf('figure-4', 'paper')[0]!);
    expect(valuesOf(found, 'baseLearningRate')).toEqual([2 ** -8]);
    expect(valuesOf(found, 'batchSize')).toEqual(powers(1, 11));
  });

  test('figure 12 is ResNet-50 on ImageNet: m = 16 … 128, two seeds, drops at epochs 30, 60 and 80 of 90', () => {
    const found = cellsOf(sweepsOf('figure-12', 'paper')[0]!);
    expect(found).toHaveLength(4 * 13 * 2);
    expect(axesOf(found[0]!)).toMatchObject({
      model: 'resnet50',
      width: 64,
      budget: { unit: 'EPOCHS', value: 90 },
      schedule: { kind: 'steps', atEpochs: [30, 60, 80], factor: 0.1 },
    });
  });

  test('figure 13 takes each SGD batch at the rate that figures 8 and 9 found for it, with every BN batch up to it', () => {
    const [first, second] = sweepsOf('figure-13', 'paper').map(cellsOf);
    expect(first).toHaveLength(66);
    for (const { axes } of first!) {
      expect(axes.baseLearningRate).toBe(rates('figure-8').get(axes.batchSize as number));
      expect(axes.bnBatch as number).toBeLessThanOrEqual(axes.batchSize as number);
    }
    expect(second!.map(({ dataset }) => dataset)).toEqual(second!.map(() => 'cifar100'));
    for (const { axes } of second!)
      expect(axes.baseLearningRate).toBe(rates('figure-9').get(axes.batchSize as number));
  });

  test('figure 14 takes η̃ of figure 12 up to m = 128, and the stated ones above', () => {
    const found = cellsOf(sweepsOf('figure-14', 'paper')[0]!);
    expect(found).toHaveLength((1 + 2 + 3 + 5 * 4) * 2);
    const rate = (m: number) =>
      valuesOf(
        found.filter(({ axes }) => axes.batchSize === m),
        'baseLearningRate',
      );
    expect([256, 512, 1024, 2048].map(rate)).toEqual([[2 ** -10], [2 ** -10], [2 ** -10], [2 ** -9]]);
    expect(rate(64)).toEqual([rates('figure-12').get(64)]);
  });

  test('figures 15 and 16 are the cells of the figures that they sum up', () => {
    const parts = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12].flatMap((n) => sweepsOf(`figure-${n}`, 'paper'));
    for (const name of ['figure-15', 'figure-16']) {
      const settings = ({ name: _name, ...rest }: SweepFile) => rest;
      expect(sweepsOf(name, 'paper').map(settings)).toEqual(parts.map(settings));
    }
  });

  test('Smith raises m where the other lets η fall: η̃ is the same at every step', () => {
    const found = cellsOf(sweepsOf('smith', 'paper')[0]!);
    expect(valuesOf(found, 'batchSchedule')).toEqual([
      null,
      { at: [0.3], factor: 5 },
      { at: [0.3, 0.6, 0.8], factor: 5 },
    ]);
    expect(valuesOf(found, 'schedule')).toEqual([{ kind: 'steps', at: [0.3, 0.6, 0.8], factor: 0.2 }]);
  });
});

/** FLOPs of all sweeps of a preset, unless runs end before. */
function flopsOf(name: string, scale: PresetScale): number {
  const known = new Map<string, ReturnType<typeof cost>>();
  let sum = 0;
  for (const cell of sweepsOf(name, scale).flatMap(cellsOf)) {
    const axes = axesOf(cell);
    const data = DATASETS[cell.dataset]!;
    const key = JSON.stringify([axes.model, axes.width, axes.batchNorm, axes.batchNormScope, cell.dataset]);
    const one = known.get(key) ?? cost(axes, data);
    known.set(key, one);
    sum += runFlops(axes, data, one);
  }
  return sum;
}

const single = PRESETS.map(({ name }) => name).filter((name) => name !== 'figure-15' && name !== 'figure-16');

test.each(single)('%s at small scale is an evening of one GPU: 4 hours at 2.5 · 10¹² FLOP/s', (name) => {
  expect(flopsOf(name, 'small')).toBeLessThan(4 * 3600 * 2.5e12);
});

test.each(single)('%s at demo scale is minutes of a laptop: 6 at 10¹¹ FLOP/s', (name) => {
  expect(flopsOf(name, 'demo')).toBeLessThan(360 * 1e11);
});

test('a data set of one’s own takes the place of the preset’s', () => {
  const [file] = sweepsOf('figure-8', 'demo', { dataset: 'mine' });
  expect(file).toMatchObject({ name: 'figure-8 demo on mine', dataset: ['mine'] });
});
