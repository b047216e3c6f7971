/**
 * The figures of D. Masters, C. Luschi, "Revisiting Small Batch Training for Deep Neural Networks" (2018). At `paper` scale each is
 * exactly the paper's grid and epochs. What the other scales leave out:
 * - `small`: every second power of two of m up to 512 and of η̃, and a quarter of the epochs; ImageNet at 64×64 pixels (a data
 *   set `imagenet-64`), ResNet-50 of half the width, 3 epochs, one seed;
 * - `demo`: the generated data sets in place of the real ones, width 8, AlexNet and ResNet-8 as they are, ResNet-14 for ResNet-20,
 *   ResNet-20 for ResNet-32, ResNet-50 of width 16; m of 2, 8, 32 and 128, five η̃, 4 epochs in place of 82.
 */
import { type Preset, type PresetRequest, powers, type SweepFile, sweepName } from './preset.ts';

/** One heat map of the paper: batch size × base learning rate, everything else fixed. */
interface HeatMap {
  readonly model: 'alexnet' | 'resnet8' | 'resnet20' | 'resnet32';
  readonly dataset: 'cifar10' | 'cifar100';
  readonly epochs: 41 | 82 | 164;
  readonly batchNorm: boolean;
  readonly batchNormScope?: 'ALL' | 'CONV';
  readonly augmentation: boolean;
  readonly warmUp: boolean;
}

const DEMO_MODEL = {
  alexnet: 'alexnet',
  resnet8: 'resnet8',
  resnet20: 'resnet14',
  resnet32: 'resnet20',
} as const;
const DEMO_DATASET = { cifar10: 'shapes', cifar100: 'shapes-hard' } as const;
/** Numbers of epochs keep their proportion. */
const EPOCHS = {
  paper: { 41: 41, 82: 82, 164: 164 },
  small: { 41: 10, 82: 20, 164: 41 },
  demo: { 41: 2, 82: 4, 164: 8 },
} as const;
const BATCH_SIZES = { paper: powers(1, 11), small: powers(1, 9, 2), demo: powers(1, 7, 2) } as const;
const RATES = { paper: powers(-12, 0), small: powers(-12, 0, 2), demo: powers(-11, -3, 2) } as const;

/** What every cell of a heat map has, and what it is trained on. */
function settingsOf(map: HeatMap, { scale, dataset }: PresetRequest) {
  const { model, epochs, batchNorm, batchNormScope, augmentation, warmUp } = map;
  const demo = scale === 'demo';
  return {
    dataset: [dataset ?? (demo ? DEMO_DATASET[map.dataset] : map.dataset)],
    model: demo ? DEMO_MODEL[model] : model,
    fixed: {
      ...(demo ? { width: 8 } : {}),
      epochs: EPOCHS[scale][epochs],
      batchNorm,
      ...(batchNormScope ? { batchNormScope } : {}),
      augmentation,
      warmUp,
      weightDecay: model === 'alexnet' ? 5e-4 : 1e-4,
    },
  };
}

const heatMap =
  (name: string, map: HeatMap) =>
  (request: PresetRequest): SweepFile[] => [
    {
      name: sweepName(name, request),
      ...settingsOf(map, request),
      axes: { batchSize: BATCH_SIZES[request.scale], baseLearningRate: RATES[request.scale] },
    },
  ];

const plain = { augmentation: false, warmUp: false };
const resnet32 = { model: 'resnet32', batchNorm: true, warmUp: false, epochs: 82 } as const;
const FIGURE_8: HeatMap = { ...resnet32, dataset: 'cifar10', augmentation: true };
const FIGURE_9: HeatMap = { ...resnet32, dataset: 'cifar100', augmentation: true, epochs: 164 };

/** Title, ordering that the paper reports, set-up. */
const HEAT_MAPS: Readonly<Record<string, readonly [title: string, reports: string, map: HeatMap]>> = {
  'figure-1': [
    'Reduced AlexNet without BN on CIFAR-10',
    'best m at most 8',
    { model: 'alexnet', dataset: 'cifar10', epochs: 82, batchNorm: false, ...plain },
  ],
  'figure-2': [
    'ResNet-8 without BN on CIFAR-10',
    'best m 2 and 4',
    { model: 'resnet8', dataset: 'cifar10', epochs: 82, batchNorm: false, ...plain },
  ],
  'figure-3': [
    'ResNet-20 without BN on CIFAR-10',
    'best m 2 and 4',
    { model: 'resnet20', dataset: 'cifar10', epochs: 82, batchNorm: false, ...plain },
  ],
  'resnet-32-no-bn': [
    'ResNet-32 without BN on CIFAR-10 (in the text, without a figure)',
    'trains only at m = 2, 4 and 8',
    { model: 'resnet32', dataset: 'cifar10', epochs: 82, batchNorm: false, ...plain },
  ],
  'figure-5': [
    'Reduced AlexNet with BN everywhere on CIFAR-10',
    'best m 8 to 64',
    { model: 'alexnet', dataset: 'cifar10', epochs: 82, batchNorm: true, batchNormScope: 'ALL', ...plain },
  ],
  'figure-6': [
    'Reduced AlexNet with BN in convolutions only on CIFAR-10',
    'best m 4 to 32',
    { model: 'alexnet', dataset: 'cifar10', epochs: 82, batchNorm: true, batchNormScope: 'CONV', ...plain },
  ],
  'figure-7': [
    'ResNet-32 with BN on CIFAR-10',
    'best m 4 or 8',
    { ...resnet32, dataset: 'cifar10', augmentation: false },
  ],
  'figure-8': ['ResNet-32 with BN and augmentation on CIFAR-10', 'best m 4 or 8', FIGURE_8],
  'figure-9': ['ResNet-32 with BN and augmentation on CIFAR-100', 'best m 4 or 8', FIGURE_9],
  'figure-10': [
    'Figure 8 with warm-up',
    'best m 4 to 8; warm-up helps large m but does not close the gap',
    { ...FIGURE_8, warmUp: true },
  ],
  'figure-11': [
    'Figure 9 with warm-up',
    'best m 4 to 16; warm-up helps large m but does not close the gap',
    { ...FIGURE_9, warmUp: true },
  ],
  'figure-17': [
    'Figure 8 in half the epochs',
    'longer training helps mainly large m, which stays behind',
    { ...FIGURE_8, epochs: 41 },
  ],
  'figure-18': [
    'Figure 8 in twice the epochs',
    'longer training helps mainly large m, which stays behind',
    { ...FIGURE_8, epochs: 164 },
  ],
};

/** ResNet-50 on ImageNet. The paper drops η at epochs 30, 60 and 80 of 90; where there are fewer, at the same fractions. */
export function imagenetSettings({ scale, dataset }: PresetRequest) {
  const common = { batchNorm: true, augmentation: true, weightDecay: 1e-4 };
  const drops = { kind: 'steps', factor: 0.1 };
  const fractions = { ...drops, at: [30 / 90, 60 / 90, 80 / 90] };
  if (scale === 'paper') {
    const fixed = { ...common, epochs: 90, schedule: { ...drops, atEpochs: [30, 60, 80] } };
    return { dataset: [dataset ?? 'imagenet'], model: 'resnet50', fixed };
  }
  const size = scale === 'small' ? { width: 32, epochs: 3 } : { width: 16, epochs: 4 };
  return {
    dataset: [dataset ?? (scale === 'small' ? 'imagenet-64' : 'shapes')],
    model: 'resnet50',
    fixed: { ...common, ...size, schedule: fractions },
  };
}

/** "ImageNet: top-1, mean of 2 runs" (section 5). */
export const IMAGENET_SEEDS = { paper: [0, 1], small: [0], demo: [0] } as const;

function figure4(request: PresetRequest): SweepFile[] {
  const settings = settingsOf({ ...resnet32, dataset: 'cifar10', augmentation: false }, request);
  return [
    {
      name: sweepName('figure-4', request),
      ...settings,
      fixed: { ...settings.fixed, baseLearningRate: 2 ** -8 },
      axes: { batchSize: BATCH_SIZES[request.scale] },
    },
  ];
}

function figure12(request: PresetRequest): SweepFile[] {
  const rates = { paper: powers(-12, 0), small: powers(-12, -6, 2), demo: powers(-11, -5, 2) };
  return [
    {
      name: sweepName('figure-12', request),
      ...imagenetSettings(request),
      axes: {
        batchSize: powers(4, 7),
        baseLearningRate: rates[request.scale],
        seed: IMAGENET_SEEDS[request.scale],
      },
    },
  ];
}

/** A row for each SGD batch and each BN batch that divides it, at the SGD batch's base learning rate. */
function bnBatchRows(
  batchSizes: readonly number[],
  bnBatches: readonly number[],
  rate: (m: number) => number | undefined,
) {
  const rows = batchSizes.flatMap((batchSize) =>
    bnBatches
      .filter((bnBatch) => bnBatch <= batchSize)
      .map((bnBatch) => ({ batchSize, bnBatch, baseLearningRate: rate(batchSize) })),
  );
  const lacking = rows.find(({ baseLearningRate }) => baseLearningRate === undefined);
  if (lacking) throw new Error(`missing base learning rate of m = ${lacking.batchSize}`);
  return {
    coupled: [
      {
        batchSize: rows.map(({ batchSize }) => batchSize),
        bnBatch: rows.map(({ bnBatch }) => bnBatch),
        baseLearningRate: rows.map(({ baseLearningRate }) => baseLearningRate),
      },
    ],
  };
}

function figure13(request: PresetRequest): SweepFile[] {
  const sizes = BATCH_SIZES[request.scale];
  const maps = { 'figure-8': FIGURE_8, 'figure-9': FIGURE_9 };
  return Object.entries(maps).map(([from, map]) => {
    const rates = request.rates?.(from);
    return {
      name: `${sweepName('figure-13', request)} after ${from}`,
      ...settingsOf(map, request),
      ...bnBatchRows(sizes, sizes, (m) => rates?.get(m)),
    };
  });
}

/** Base learning rates of SGD batches above 128, "taken from the BN-128 runs" (section 5.5; there printed as powers of ten). */
const ABOVE_128: Readonly<Record<number, number>> = {
  256: 2 ** -10,
  512: 2 ** -10,
  1024: 2 ** -10,
  2048: 2 ** -9,
};

function figure14(request: PresetRequest): SweepFile[] {
  const sizes = { paper: powers(4, 11), small: powers(4, 10, 2), demo: powers(4, 8) };
  const rates = request.rates?.('figure-12');
  return [
    {
      name: sweepName('figure-14', request),
      ...imagenetSettings(request),
      axes: { seed: IMAGENET_SEEDS[request.scale] },
      ...bnBatchRows(sizes[request.scale], powers(4, 7), (m) => ABOVE_128[m] ?? rates?.get(m)),
    },
  ];
}

const figure = (
  name: string,
  title: string,
  reports: string,
  sweeps: Preset['sweeps'],
  after: readonly string[] = [],
): Preset => ({ name, title, reports, after, sweeps });

const heatMaps = Object.entries(HEAT_MAPS).map(([name, [title, reports, map]]) =>
  figure(name, title, reports, heatMap(name, map)),
);
const imagenet = figure('figure-12', 'ResNet-50 with BN on ImageNet', 'best m 16 to 64', figure12);

/** The figures that the two summaries are made of: all heat maps at the paper's main numbers of epochs. */
const SUMMARISED = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11].map((n) => `figure-${n}`);

/** The cells of other figures under another name: runs that answer them already are taken. */
const summary =
  (name: string) =>
  (request: PresetRequest): SweepFile[] =>
    [...heatMaps.filter((one) => SUMMARISED.includes(one.name)), imagenet].flatMap((one) =>
      one.sweeps(request).map((sweep) => ({ ...sweep, name: `${sweepName(name, request)} of ${one.name}` })),
    );

const number = ({ name }: Preset): number => Number(/^figure-(\d+)$/.exec(name)?.[1] ?? 3.5);

export const FIGURES: readonly Preset[] = [
  ...heatMaps,
  figure(
    'figure-4',
    'ResNet-32 with BN on CIFAR-10 at the fixed base learning rate 2⁻⁸: curves',
    'curves coincide for m from 4 to 64, and are worse above',
    figure4,
  ),
  imagenet,
  figure(
    'figure-13',
    'SGD batch × BN batch, ResNet-32 with augmentation on CIFAR-10 and CIFAR-100',
    'BN batch 4 to 8 best for every SGD batch; accuracy rises as the SGD batch falls',
    figure13,
    ['figure-8', 'figure-9'],
  ),
  figure('figure-14', 'SGD batch × BN batch, ResNet-50 on ImageNet', 'BN batch 16 to 64 best', figure14, [
    'figure-12',
  ]),
  figure(
    'figure-15',
    'Summary: best accuracy for each m, of figures 1 to 12',
    'best always at m of at most 32',
    summary('figure-15'),
  ),
  figure(
    'figure-16',
    'Summary: usable range of base learning rates for each m, of figures 1 to 12',
    'the range shrinks as m grows',
    summary('figure-16'),
  ),
].toSorted((a, b) => number(a) - number(b));
