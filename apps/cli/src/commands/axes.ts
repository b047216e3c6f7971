import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Value } from '../output/columns.ts';
import { percent, plain, power } from '../output/screen.ts';

/** Axes by their names in the API, with the heading of a column. */
export const AXES = {
  dataset: 'data set',
  model: 'model',
  width: 'width',
  batchSize: 'm',
  baseLearningRate: 'η̃',
  schedule: 'schedule',
  warmUp: 'warm-up',
  momentum: 'momentum',
  nesterov: 'Nesterov',
  weightDecay: 'λ',
  batchNorm: 'BN',
  batchNormScope: 'BN scope',
  bnBatch: 'BN batch',
  augmentation: 'augmentation',
  budget: 'budget',
  seed: 'seed',
  member: 'member',
  sweep: 'sweep',
  engine: 'engine',
} as const;
export type AxisField = keyof typeof AXES;

/** Values that a run has of a metric. */
export const RUN_VALUES = ['LAST', 'BEST', 'MIN', 'MAX', 'MEAN', 'MEDIAN_LAST_5'] as const;

export function readAxis(text: string): AxisField {
  const wanted = text.replace(/[-_]/g, '').toLowerCase();
  const found = (Object.keys(AXES) as AxisField[]).find((name) => name.toLowerCase() === wanted);
  if (found) return found;
  throw new InvalidArgumentError(`unknown axis "${plain(text)}"; there are ${Object.keys(AXES).join(', ')}.`);
}

/** batchSize as BATCH_SIZE. */
export function constant(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

export function axisValue(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return JSON.stringify(value);
}

export function showAxis(name: string, value: Value): string {
  if (value === null) return '–';
  if (name === 'baseLearningRate') return power(Number(value));
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

/** A value of a metric for people: accuracies as shares, anything else in five digits. */
export const showMetric =
  (metric: string) =>
  (value: Value): string =>
    metric.endsWith('accuracy') ? percent(Number(value)) : String(Number(Number(value).toPrecision(5)));

/** Which value of which metric a command is about. */
export function withValue(command: Command): Command {
  return command
    .option('--metric <name>', 'which metric', 'test_accuracy')
    .addOption(
      new Option('--value <value>', "which value of a run's metric")
        .choices([...RUN_VALUES])
        .default('MEDIAN_LAST_5'),
    );
}
