import { type Axes, checkAxes, type DataShape } from '@smallbatch/program';

/** What an engine is tried with: ResNet-8 with BN on images of CIFAR's size. */
export const TRIAL_DATA: DataShape = {
  classes: 10,
  channels: 3,
  height: 32,
  width: 32,
  trainCount: 8,
  testCount: 8,
};

export function trialAxes(): Axes {
  const checked = checkAxes(
    { model: 'resnet8', batchSize: 8, baseLearningRate: 2 ** -9, batchNorm: true, epochs: 1 },
    TRIAL_DATA,
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.axes;
}
