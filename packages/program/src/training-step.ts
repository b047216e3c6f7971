import type { Axes, DataShape } from './axes.ts';
import { differentiate } from './differentiate.ts';
import type { Parameter } from './models.ts';
import { Network } from './models.ts';
import type { StepProgram, Value } from './program.ts';
import { Builder } from './program.ts';

export interface TrainingStep {
  readonly program: StepProgram;
  /** Parameters and running statistics: inputs and outputs of the program under the same names. */
  readonly parameters: readonly Parameter[];
  /** With momentum, each trained parameter P has a velocity "P:velocity", an input and an output too. */
  readonly velocities: boolean;
}

/** A step in two programs, for SGD batches that are taken in parts. */
export interface AccumulatedStep {
  /**
   * One micro-batch: as the training step, but the state goes in alone, and the outputs are `NAME:sum` for each parameter:
   * what goes in under that name plus this part's gradient (times the input `one`, its share of the batch) or statistic.
   */
  readonly accumulate: StepProgram;
  /** The update: the sums and the state go in, the new state comes out. */
  readonly apply: StepProgram;
  readonly parameters: readonly Parameter[];
  readonly velocities: boolean;
}

export const sumOfParts = (name: string): string => `${name}:sum`;

export const velocityOf = (name: string): string => `${name}:velocity`;

/**
 * One training step of one run as a program: forward, backward and update.
 * Inputs `images` [m, C, H, W], `labels` [m, classes] one-hot, `learningRate` η [], `weightDecay` λ [], `momentum` μ []
 * (with momentum only), `one` [] (the number 1), and the state by name. Outputs `loss` [] (mean over the m samples, before
 * the update), `logits` [m, classes], and the new state.
 */
export function trainingStep(axes: Axes, data: DataShape): TrainingStep {
  const build = new Builder();
  const { network, gradients } = forwardAndBackward(build, axes, data, axes.batchSize);
  const velocities = update(build, axes, network.parameters, network.values, gradients);
  for (const { name, mean, variance, count } of network.statistics) {
    average(build, network.values, `${name}.mean`, mean, 1);
    average(build, network.values, `${name}.variance`, variance, unbiased(count));
  }
  return { program: build.program(), parameters: network.parameters, velocities };
}

/** n / (n − 1), which makes the variance of n numbers unbiased; of a single one it stays 0. */
const unbiased = (count: number): number => count / Math.max(1, count - 1);

function average(
  build: Builder,
  values: ReadonlyMap<string, Value>,
  name: string,
  fresh: Value,
  scale: number,
): void {
  build.output(name, build.apply('runningAverage', [values.get(name)!, fresh], { scale }));
}

/** Forward and backward pass of `count` samples. → the network, and the gradient of each trained parameter by name. */
function forwardAndBackward(build: Builder, axes: Axes, data: DataShape, count: number) {
  const images = build.input('images', [count, data.channels, data.height, data.width]);
  const labels = build.input('labels', [count, data.classes]);
  const groups = axes.batchNorm && axes.bnBatch ? count / axes.bnBatch : 1;
  const network = new Network(build, { training: true, groups });
  const logits = network.logits(axes, images, data.classes);
  const loss = build.apply('softmaxCrossEntropy', [logits, labels]);
  build.output('loss', loss);
  build.output('logits', logits);
  const trained = network.parameters.filter(({ statistic }) => !statistic);
  const weights = trained.map(({ name }) => network.values.get(name)!);
  const found = differentiate(build, loss, build.input('one', []), weights);
  return { network, gradients: new Map(trained.map(({ name }, i) => [name, found[i]!])) };
}

/** Adds the SGD update of every trained parameter. → whether there are velocities. */
function update(
  build: Builder,
  axes: Axes,
  parameters: readonly Parameter[],
  values: ReadonlyMap<string, Value>,
  gradients: ReadonlyMap<string, Value>,
): boolean {
  const rate = build.input('learningRate', []);
  const decay = build.input('weightDecay', []);
  const mu = axes.momentum > 0 ? build.input('momentum', []) : undefined;
  for (const { name, shape, statistic } of parameters) {
    if (statistic) continue;
    const inputs = [values.get(name)!, gradients.get(name)!];
    if (mu) {
      const velocity = build.input(velocityOf(name), shape);
      const [next, speed] = build.applyAll('momentum', [...inputs, velocity, rate, decay, mu], {
        nesterov: axes.nesterov,
      });
      build.output(name, next!);
      build.output(velocityOf(name), speed!);
    } else {
      build.output(name, build.apply('sgd', [...inputs, rate, decay]));
    }
  }
  return mu !== undefined;
}

/**
 * The training step of `axes` with its batch in parts of `part` samples (a divisor of m, and a multiple of the BN batch). The sums
 * are those of one step over the whole batch, but for their rounding.
 */
export function accumulatedStep(axes: Axes, data: DataShape, part: number): AccumulatedStep {
  const bnBatch = axes.bnBatch ?? axes.batchSize;
  if (axes.batchSize % part || (axes.batchNorm && part % bnBatch)) {
    throw new Error(`invalid part: ${part} samples of a batch of ${axes.batchSize} with BN batch ${bnBatch}`);
  }
  const share = part / axes.batchSize;
  const build = new Builder();
  const { network, gradients } = forwardAndBackward(build, axes, data, part);
  const { parameters } = network;
  for (const { name, shape, statistic } of parameters) {
    if (statistic) continue;
    const sum = build.input(sumOfParts(name), shape);
    build.output(sumOfParts(name), build.apply('add', [sum, gradients.get(name)!]));
  }
  const counts = new Map<string, number>();
  for (const { name, mean, variance, count } of network.statistics) {
    for (const [statistic, fresh] of [
      ['mean', mean],
      ['variance', variance],
    ] as const) {
      const full = `${name}.${statistic}`;
      const sum = build.input(sumOfParts(full), [fresh.shape[1]!]);
      build.output(sumOfParts(full), build.apply('addStatistic', [sum, fresh], { share }));
      counts.set(full, statistic === 'mean' ? Number.POSITIVE_INFINITY : count);
    }
  }

  const apply = new Builder();
  const values = new Map<string, Value>();
  const sums = new Map<string, Value>();
  for (const { name, shape, statistic } of parameters) {
    values.set(name, apply.input(name, shape));
    sums.set(name, apply.input(sumOfParts(name), statistic ? [1, ...shape] : shape));
  }
  const velocities = update(apply, axes, parameters, values, sums);
  for (const [name, count] of counts) {
    average(apply, values, name, sums.get(name)!, Number.isFinite(count) ? unbiased(count) : 1);
  }
  return { accumulate: build.program(), apply: apply.program(), parameters, velocities };
}

/** Logits [count, classes] of `images` [count, C, H, W], the same images for all runs; batch norm by running statistics. */
export function evaluation(axes: Axes, data: DataShape, count: number): StepProgram {
  const build = new Builder();
  const images = build.input('images', [count, data.channels, data.height, data.width], { common: true });
  build.output('logits', new Network(build, { training: false }).logits(axes, images, data.classes));
  return build.program();
}
