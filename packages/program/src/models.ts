/**
 * The paper's models, written on primitives (Masters & Luschi 2018, section 5). What it leaves open is chosen here:
 * - reduced AlexNet: 3×3 stride-2 max pools after convolutions 1, 2 and 5; two hidden layers of 256; no dropout, no LRN;
 * - a convolution has a bias exactly where no batch norm follows it; the classifier always has one;
 * - the ReLU comes after batch norm, and in a residual block after the sum (He et al. 2015, figure 2);
 * - all poolings are 3×3 with stride 2.
 */
import type { Axes } from './axes.ts';
import type { Builder, Value } from './program.ts';

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** `he`: normal with variance 2 / fanIn (He et al. 2015); `zero` and `one` for biases and batch norm. */
  readonly start: 'he' | 'zero' | 'one';
  readonly fanIn: number;
  /** Running mean or variance of batch norm: carried along, not trained. */
  readonly statistic: boolean;
}

export interface ModelDescription {
  readonly description: string;
  readonly width: number;
  readonly batchNormScopes: readonly ('CONV' | 'ALL')[];
  /** What the sides of the images must be divisible by, as the poolings and strides halve them. */
  readonly divisor: number;
}

/** The models that the paper trains. */
export const MODELS = ['alexnet', 'resnet8', 'resnet20', 'resnet32', 'resnet50'] as const;
export const MODEL_NAMES = `${MODELS.join(', ')}, or resnet of any other depth 6n+2 from 8 to 1202`;

/** n of a ResNet of the CIFAR form, whose convolutions and classifier are 6n+2 layers. */
const resnetBlocks = (model: string): number => (Number(/^resnet([1-9]\d*)$/.exec(model)?.[1]) - 2) / 6;

/** What is known of a model by its name, or undefined for a name that stands for none. */
export function describeModel(model: string): ModelDescription | undefined {
  if (model === 'alexnet') {
    return {
      description: 'Reduced AlexNet: five convolutions, two hidden layers',
      width: 16,
      batchNormScopes: ['CONV', 'ALL'],
      divisor: 8,
    };
  }
  if (model === 'resnet50') {
    return {
      description: 'ResNet-50 of the ImageNet form: bottlenecks, 3, 4, 6 and 3 of them',
      width: 64,
      batchNormScopes: [],
      divisor: 32,
    };
  }
  const n = resnetBlocks(model);
  if (!Number.isInteger(n) || n < 1 || n > 200) return undefined;
  return {
    description: `ResNet-${6 * n + 2} of the CIFAR form (6n+2, n = ${n})`,
    width: 16,
    batchNormScopes: [],
    divisor: 4,
  };
}

/** Statistics of one batch-norm layer of a training step, for the running averages. */
export interface LayerStatistics {
  readonly name: string;
  readonly mean: Value;
  readonly variance: Value;
  /** Numbers that each statistic is over. */
  readonly count: number;
}

/** Writes a model down layer by layer, and keeps what was declared on the way. */
export class Network {
  readonly parameters: Parameter[] = [];
  readonly values = new Map<string, Value>();
  readonly statistics: LayerStatistics[] = [];
  readonly #build: Builder;
  readonly #mode: { training: true; groups: number } | { training: false };

  constructor(build: Builder, mode: { training: true; groups: number } | { training: false }) {
    this.#build = build;
    this.#mode = mode;
  }

  #declare(name: string, shape: number[], start: Parameter['start'], fanIn = 0, statistic = false): Value {
    this.parameters.push({ name, shape, start, fanIn, statistic });
    const value = this.#build.input(name, shape);
    this.values.set(name, value);
    return value;
  }

  conv(name: string, x: Value, filters: number, kernel: number, stride: number, batchNorm: boolean): Value {
    const channels = x.shape[1]!;
    const fanIn = channels * kernel * kernel;
    const inputs = [x, this.#declare(`${name}.weight`, [filters, channels, kernel, kernel], 'he', fanIn)];
    if (!batchNorm) inputs.push(this.#declare(`${name}.bias`, [filters], 'zero'));
    const y = this.#build.apply('conv', inputs, { stride, pad: (kernel - 1) / 2 });
    return batchNorm ? this.batchNorm(`${name}.bn`, y) : y;
  }

  batchNorm(name: string, x: Value): Value {
    const [m = 0, channels = 0, height = 0, width = 0] = x.shape;
    const scale = this.#declare(`${name}.scale`, [channels], 'one');
    const shift = this.#declare(`${name}.shift`, [channels], 'zero');
    const mean = this.#declare(`${name}.mean`, [channels], 'zero', 0, true);
    const variance = this.#declare(`${name}.variance`, [channels], 'one', 0, true);
    if (!this.#mode.training) {
      return this.#build.apply('batchNormInference', [x, scale, shift, mean, variance]);
    }
    const { groups } = this.#mode;
    const [y, batchMean, batchVariance] = this.#build.applyAll('batchNorm', [x, scale, shift], { groups });
    const count = (m / groups) * height * width;
    this.statistics.push({ name, mean: batchMean!, variance: batchVariance!, count });
    return y!;
  }

  relu(x: Value): Value {
    return this.#build.apply('relu', [x]);
  }

  /** Rows [m, K] → [m, units], with batch norm over the samples of each unit if asked. */
  dense(name: string, x: Value, units: number, batchNorm: boolean): Value {
    const inner = x.shape[1]!;
    const weight = this.#declare(`${name}.weight`, [inner, units], 'he', inner);
    const y = this.#build.apply('matmul', [x, weight]);
    if (!batchNorm) return this.#build.apply('addRow', [y, this.#declare(`${name}.bias`, [units], 'zero')]);
    const image = this.#build.apply('unflatten', [y], { channels: units, height: 1, width: 1 });
    return this.#build.apply('flatten', [this.batchNorm(`${name}.bn`, image)]);
  }

  maxPool(x: Value): Value {
    return this.#build.apply('maxPool', [x]);
  }

  /** Images [m, C, H, W] → logits [m, classes]. */
  logits(axes: Axes, images: Value, classes: number): Value {
    if (axes.model === 'alexnet') return this.#alexnet(axes, images, classes);
    return axes.model === 'resnet50'
      ? this.#bottlenecks(axes, images, classes)
      : this.#resnet(axes, images, classes);
  }

  #alexnet({ width, batchNorm, batchNormScope }: Axes, images: Value, classes: number): Value {
    const everywhere = batchNorm && batchNormScope !== 'CONV';
    let x = this.relu(this.maxPool(this.conv('conv1', images, width, 5, 1, batchNorm)));
    x = this.relu(this.maxPool(this.conv('conv2', x, 3 * width, 3, 1, batchNorm)));
    x = this.relu(this.conv('conv3', x, 6 * width, 3, 1, batchNorm));
    x = this.relu(this.conv('conv4', x, 4 * width, 3, 1, batchNorm));
    x = this.relu(this.maxPool(this.conv('conv5', x, 4 * width, 3, 1, batchNorm)));
    x = this.#build.apply('flatten', [x]);
    x = this.relu(this.dense('hidden1', x, 16 * width, everywhere));
    x = this.relu(this.dense('hidden2', x, 16 * width, everywhere));
    return this.dense('classifier', x, classes, false);
  }

  #resnet({ model, width, batchNorm }: Axes, images: Value, classes: number): Value {
    let x = this.relu(this.conv('conv1', images, width, 3, 1, batchNorm));
    for (let stage = 0; stage < 3; stage++) {
      const channels = width * 2 ** stage;
      for (let block = 0; block < resnetBlocks(model); block++) {
        const name = `stage${stage + 1}.block${block + 1}`;
        const stride = stage > 0 && block === 0 ? 2 : 1;
        let y = this.relu(this.conv(`${name}.conv1`, x, channels, 3, stride, batchNorm));
        y = this.conv(`${name}.conv2`, y, channels, 3, 1, batchNorm);
        const past = stride === 1 ? x : this.#build.apply('shortcut', [x], { stride, channels });
        x = this.relu(this.#build.apply('add', [y, past]));
      }
    }
    return this.dense('classifier', this.#build.apply('globalAveragePool', [x]), classes, false);
  }

  /**
   * ResNet-50 (He et al. 2015, table 1): a 7×7 convolution and a max pool, then bottlenecks of 1×1, 3×3 and 1×1 that widen
   * fourfold. The first 1×1 convolution of a stage has the stride, as in that paper; where the shape changes, the shortcut is a
   * 1×1 convolution (option B).
   */
  #bottlenecks({ width, batchNorm }: Axes, images: Value, classes: number): Value {
    let x = this.maxPool(this.relu(this.conv('conv1', images, width, 7, 2, batchNorm)));
    [3, 4, 6, 3].forEach((blocks, stage) => {
      const channels = width * 2 ** stage;
      for (let block = 0; block < blocks; block++) {
        const name = `stage${stage + 1}.block${block + 1}`;
        const stride = stage > 0 && block === 0 ? 2 : 1;
        let y = this.relu(this.conv(`${name}.conv1`, x, channels, 1, stride, batchNorm));
        y = this.relu(this.conv(`${name}.conv2`, y, channels, 3, 1, batchNorm));
        y = this.conv(`${name}.conv3`, y, 4 * channels, 1, 1, batchNorm);
        const past = block > 0 ? x : this.conv(`${name}.shortcut`, x, 4 * channels, 1, stride, batchNorm);
        x = this.relu(this.#build.apply('add', [y, past]));
      }
    });
    return this.dense('classifier', this.#build.apply('globalAveragePool', [x]), classes, false);
  }
}
