import {
  checkAxes,
  cost,
  type DataShape,
  learningRateAt,
  permutation,
  philox,
  plannedSteps,
  planOf,
} from '@smallbatch/program';
import { describe, expect, test } from 'vitest';

const cifar: DataShape = {
  classes: 10,
  channels: 3,
  height: 32,
  width: 32,
  trainCount: 50_000,
  testCount: 10_000,
};
const axesOf = (input: Record<string, unknown>) => {
  const checked = checkAxes(
    { model: 'resnet8', batchSize: 4, baseLearningRate: 0.5, epochs: 82, ...input },
    cifar,
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.axes;
};

describe('random numbers', () => {
  test('are those of Philox4x32-10 in its published vectors', () => {
    const f = 0xffffffff;
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    expect(philox([f, f, f, f], [f, f])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });

  test('shuffle every sample once, another way for each seed and epoch', () => {
    const order = permutation(7, 'shuffle', 0, 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(permutation(7, 'shuffle', 0, 1000)).toEqual(order);
    expect(permutation(7, 'shuffle', 1, 1000)).not.toEqual(order);
    expect(permutation(8, 'shuffle', 0, 1000)).not.toEqual(order);
  });
});

describe('the models', () => {
  // Forward multiply-adds as the paper's tables have them, parameters as He et al. 2015 do.
  test.each([
    [{ model: 'resnet8', batchNorm: true }, 12.2e6, 75_290],
    [{ model: 'resnet20', batchNorm: true }, 40.6e6, 269_722],
    [{ model: 'resnet32', batchNorm: true }, 68.9e6, 464_154],
    [{ model: 'alexnet' }, 12e6, undefined],
  ])('%j cost what is published', (input, multiplyAdds, parameters) => {
    const counted = cost(axesOf(input), cifar);
    expect(Math.abs(counted.forwardMultiplyAdds / multiplyAdds - 1)).toBeLessThan(0.02);
    expect(counted.flopsPerSample).toBe(6 * counted.forwardMultiplyAdds);
    if (parameters) expect(counted.parameters).toBe(parameters);
  });
});

describe('the learning rate', () => {
  test('is η̃·m, falls tenfold at 50 % and 75 % of all iterations', () => {
    const axes = axesOf({});
    const plan = planOf({ ...axes, budget: { unit: 'STEPS', value: 1000, epochs: null } }, cifar);
    const at = (share: number) => learningRateAt(axes, plan, share * 1000);
    expect([at(0), at(0.499), at(0.5), at(0.749)]).toEqual([2, 2, 0.2, 0.2]);
    expect(at(0.75)).toBeCloseTo(0.02, 12);
    expect(plannedSteps(axes, cifar)).toBe(82 * 12_500);
  });

  test('warms up from η/32 linearly over the first 5 %', () => {
    const axes = axesOf({ warmUp: true });
    const plan = planOf({ ...axes, budget: { unit: 'STEPS', value: 1000, epochs: null } }, cifar);
    const at = (step: number) => learningRateAt(axes, plan, step);
    expect(at(0)).toBeCloseTo(2 / 32, 12);
    expect(at(25)).toBeCloseTo((2 + 2 / 32) / 2, 12);
    expect(at(50)).toBe(2);
  });
});

describe('axes that do not fit together', () => {
  test.each([
    [{ batchNorm: true, bnBatch: 3 }, 'bnBatch'],
    [{ bnBatch: 2 }, 'bnBatch'],
    [{ batchNorm: true, batchNormScope: 'CONV' }, 'batchNormScope'],
    [{ baseLearningRate: -1 }, 'baseLearningRate'],
    [{ baseLearningRate: Number.NaN }, 'baseLearningRate'],
    [{ batchSize: 60_000 }, 'batchSize'],
    [{ batchSize: 1.5 }, 'batchSize'],
    [{ nesterov: true }, 'nesterov'],
    [{ model: 'resnet9' }, 'model'],
    [{ epochs: 0 }, 'epochs'],
    [{ steps: 5 }, 'epochs'],
    [{ batchSchedule: [2, 4] }, 'batchSchedule'],
    [{ colour: 1 }, 'colour'],
  ])('%j is refused at %s, with what is allowed', (input, axis) => {
    const checked = checkAxes(
      { model: 'resnet8', batchSize: 4, baseLearningRate: 0.5, epochs: 82, ...input },
      cifar,
    );
    if (checked.ok) throw new Error('taken');
    expect(checked.problems.map(({ path }) => path[0])).toContain(axis);
    for (const { allowed } of checked.problems) expect(allowed).not.toBe('');
  });
});
