import type { Axes, DataShape } from './axes.ts';
import { differentiate } from './differentiate.ts';
import type { Parameter } from './models.ts';
import { Network } from './models.ts';
import type { StepProgram } from './program.ts';
import { Builder } from './program.ts';

export interface TrainingStep {
  readonly program: StepProgram;
  /** Parameters and running statistics: inputs and outputs of the program under the same names. */
  readonly parameters: readonly Parameter[];
  /** With momentum, each trained parameter P has a velocity "P:velocity", an input and an output too. */
  readonly velocities: boolean;
}

export const velocityOf = (name: string): string => `${name}:velocity`;

/**
 * One training step of one run as a program: forward, backward and update.
 * Inputs `images` [m, C, H, W], `labels` [m, classes] one-hot, `learningRate` η [], `weightDecay` λ [], `momentum` μ []
 * (with momentum only), `one` [] (the number 1), and the state by name. Outputs `loss` [] (mean over the m samples, before
 * the update), `logits` [m, classes], and the new state.
 */
export function trainingStep(axes: Axes, data: DataShape): TrainingStep {
  const build = new Builder();
  const m = axes.batchSize;
  const images = build.input('images', [m, data.channels, data.height, data.width]);
  const labels = build.input('labels', [m, data.classes]);
  const groups = axes.batchNorm && axes.bnBatch ? m / axes.bnBatch : 1;
  const network = new Network(build, { training: true, groups });
  const logits = network.logits(axes, images, data.classes);
  const loss = build.apply('softmaxCrossEntropy', [logits, labels]);
  build.output('loss', loss);
  build.output('logits', logits);

  const trained = network.parameters.filter(({ statistic }) => !statistic);
  const weights = trained.map(({ name }) => network.values.get(name)!);
  const gradients = differentiate(build, loss, build.input('one', []), weights);
  const rate = build.input('learningRate', []);
  const decay = build.input('weightDecay', []);
  const velocities = axes.momentum > 0;
  const mu = velocities ? build.input('momentum', []) : undefined;
  trained.forEach(({ name, shape }, index) => {
    const inputs = [weights[index]!, gradients[index]!];
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
  });
  for (const { name, mean, variance, count } of network.statistics) {
    const average = (statistic: string, fresh: typeof mean, scale: number) => {
      const old = network.values.get(`${name}.${statistic}`)!;
      build.output(`${name}.${statistic}`, build.apply('runningAverage', [old, fresh], { scale }));
    };
    average('mean', mean, 1);
    average('variance', variance, count / (count - 1));
  }
  return { program: build.program(), parameters: network.parameters, velocities };
}

/** Logits [count, classes] of `images` [count, C, H, W], the same images for all runs; batch norm by running statistics. */
export function evaluation(axes: Axes, data: DataShape, count: number): StepProgram {
  const build = new Builder();
  const images = build.input('images', [count, data.channels, data.height, data.width], { common: true });
  build.output('logits', new Network(build, { training: false }).logits(axes, images, data.classes));
  return build.program();
}
