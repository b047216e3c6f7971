/** Claims by others that the same sweeps can check. Where an axis differs from theirs, the preset's title says so. */
import { imagenetSettings } from './figures.ts';
import { type Preset, type PresetRequest, powers, type SweepFile, sweepName } from './preset.ts';

/**
 * P. Goyal et al., "Accurate, Large Minibatch SGD" (2017): linear scaling is a fixed η̃, here 0.1/256; Nesterov momentum 0.9, BN batch
 * 32. Warm-up is ours: the first 5 % of the run (4.5 of 90 epochs; theirs is 5) from η/32.
 */
function goyal(request: PresetRequest): SweepFile[] {
  const { scale } = request;
  const settings = imagenetSettings(request);
  const epochs = { paper: 90, small: 6, demo: 8 }[scale];
  return [
    {
      name: sweepName('goyal', request),
      ...settings,
      fixed: {
        ...settings.fixed,
        epochs,
        baseLearningRate: 0.1 / 256,
        momentum: 0.9,
        nesterov: true,
        bnBatch: 32,
      },
      axes: {
        batchSize: { paper: powers(8, 14), small: powers(8, 12, 2), demo: powers(5, 9, 2) }[scale],
        warmUp: [false, true],
        ...(scale === 'paper' ? { seed: [0, 1] } : {}),
      },
    },
  ];
}

/**
 * E. Hoffer, I. Hubara, D. Soudry, "Train longer, generalize better" (2017), on a ResNet-44 with momentum 0.9: a large batch as it
 * is, with η ∝ √m, with ghost batch norm besides, and trained for as many steps as the small batch.
 */
function hoffer(request: PresetRequest): SweepFile[] {
  const { scale, dataset } = request;
  const small = { paper: 128, small: 128, demo: 16 }[scale];
  const large = { paper: powers(8, 12), small: powers(9, 11, 2), demo: powers(6, 8, 2) }[scale];
  const epochs = { paper: 164, small: 20, demo: 4 }[scale];
  const rate = (m: number): number => 0.1 / m;
  const scaled = (m: number): number => (0.1 * Math.sqrt(m / small)) / m;
  const rows = [
    { batchSize: small, baseLearningRate: rate(small), bnBatch: null, epochs },
    ...large.flatMap((m) => [
      { batchSize: m, baseLearningRate: rate(m), bnBatch: null, epochs },
      { batchSize: m, baseLearningRate: scaled(m), bnBatch: null, epochs },
      { batchSize: m, baseLearningRate: scaled(m), bnBatch: small, epochs },
      { batchSize: m, baseLearningRate: scaled(m), bnBatch: small, epochs: (epochs * m) / small },
    ]),
  ];
  const column = (name: 'batchSize' | 'baseLearningRate' | 'bnBatch' | 'epochs') =>
    rows.map((row) => row[name]);
  return [
    {
      name: sweepName('hoffer', request),
      dataset: [dataset ?? (scale === 'demo' ? 'shapes' : 'cifar10')],
      model: { paper: 'resnet44', small: 'resnet20', demo: 'resnet8' }[scale],
      fixed: {
        ...(scale === 'demo' ? { width: 8 } : {}),
        batchNorm: true,
        augmentation: scale !== 'demo',
        momentum: 0.9,
        weightDecay: 1e-4,
      },
      coupled: [
        {
          batchSize: column('batchSize'),
          baseLearningRate: column('baseLearningRate'),
          bnBatch: column('bnBatch'),
          epochs: column('epochs'),
        },
      ],
    },
  ];
}

/**
 * C. Shallue et al., "Measuring the Effects of Data Parallelism on Neural Network Training" (2018): steps until a goal error, with
 * learning rate and momentum tuned anew for each m by a quasi-random search.
 */
function shallue(request: PresetRequest): SweepFile[] {
  const { scale, dataset } = request;
  const sizes = { paper: powers(1, 11), small: powers(1, 9, 2), demo: powers(1, 7, 2) }[scale];
  const trials = { paper: 64, small: 16, demo: 6 }[scale];
  return [
    {
      name: sweepName('shallue', request),
      dataset: [dataset ?? (scale === 'demo' ? 'shapes' : 'cifar10')],
      model: 'resnet8',
      fixed: {
        ...(scale === 'demo' ? { width: 8 } : {}),
        batchNorm: true,
        schedule: { kind: 'constant' },
        budget:
          scale === 'demo'
            ? { goalError: 0.1, epochs: 6 }
            : { goalError: 0.3, epochs: scale === 'paper' ? 82 : 20 },
      },
      axes: {
        batchSize: sizes,
        baseLearningRate: { logUniform: [2 ** -14, 2 ** -3] },
        momentum: { uniform: [0, 0.95] },
      },
      strategy: 'sobol',
      cells: sizes.length * trials,
    },
  ];
}

/**
 * S. Smith, P.-J. Kindermans, C. Ying, Q. Le, "Don't Decay the Learning Rate, Increase the Batch Size" (2017): where η would fall to
 * a fifth, m grows fivefold instead, always, at the first drop alone, or never. η̃ is the same in all three. Theirs is a wide
 * ResNet-16; here a ResNet-32, and batch norm is over 128 samples whatever m is.
 */
function smith(request: PresetRequest): SweepFile[] {
  const { scale, dataset } = request;
  const m = scale === 'demo' ? 8 : 128;
  const at = [0.3, 0.6, 0.8];
  return [
    {
      name: sweepName('smith', request),
      dataset: [dataset ?? (scale === 'demo' ? 'shapes' : 'cifar10')],
      model: { paper: 'resnet32', small: 'resnet20', demo: 'resnet8' }[scale],
      fixed: {
        ...(scale === 'demo' ? { width: 8 } : {}),
        batchSize: m,
        bnBatch: m,
        batchNorm: true,
        augmentation: scale !== 'demo',
        baseLearningRate: 0.1 / 128,
        momentum: 0.9,
        nesterov: true,
        weightDecay: 5e-4,
        epochs: { paper: 200, small: 50, demo: 10 }[scale],
        schedule: { kind: 'steps', at, factor: 0.2 },
      },
      axes: {
        batchSchedule: [null, { at: [at[0]], factor: 5 }, { at, factor: 5 }],
        seed: { paper: [0, 1, 2, 3, 4], small: [0, 1, 2], demo: [0, 1] }[scale],
      },
    },
  ];
}

export const FOLLOWERS: readonly Preset[] = [
  {
    name: 'goyal',
    title: 'Goyal 2017: linear scaling of η with and without warm-up, ResNet-50 on ImageNet, BN batch 32',
    reports: 'with warm-up the same accuracy up to m = 8192',
    after: [],
    sweeps: goyal,
  },
  {
    name: 'hoffer',
    title: 'Hoffer 2017: η ∝ √m, ghost batch norm, more epochs for larger m; ResNet-44 on CIFAR-10',
    reports: 'with all three no gap is left',
    after: [],
    sweeps: hoffer,
  },
  {
    name: 'shallue',
    title: 'Shallue 2018: steps to a goal error against m, tuned anew for each m; ResNet-8 on CIFAR-10',
    reports: 'steps fall in proportion to m at first, then ever less',
    after: [],
    sweeps: shallue,
  },
  {
    name: 'smith',
    title: 'Smith 2017: raise m instead of dropping η; ResNet-32 on CIFAR-10 in place of a wide ResNet-16',
    reports: 'the same accuracy in all three ways, with fewer steps where m grows',
    after: [],
    sweeps: smith,
  },
];
