import { createHash } from 'node:crypto';
import type { Axes, DataShape } from '@smallbatch/program';
import { checkAxes, evaluation, runReference, score, trainingStep } from '@smallbatch/program';
import type { Batch, Engine, Session } from '@smallbatch/trainer';
import { describe, expect, test } from 'vitest';
import { against, distance } from './against.ts';
import { bundle, classesOf, oneHot, take } from './bundle.ts';
import { everyEngine, onSwiftShader } from './present.ts';

const small: DataShape = { classes: 5, channels: 3, height: 16, width: 16, trainCount: 64, testCount: 8 };

/** ResNet-50 halves its images five times. */
const large: DataShape = { ...small, height: 32, width: 32 };
const dataOf = ({ model }: { model?: unknown }): DataShape => (model === 'resnet50' ? large : small);

const axesOf = (input: Record<string, unknown>): Axes => {
  const checked = checkAxes({ baseLearningRate: 0.01, epochs: 1, ...input }, dataOf(input));
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.axes;
};

const models: [string, Record<string, unknown>][] = [
  ['ResNet-8 without BN', { model: 'resnet8', width: 4, batchSize: 4 }],
  ['ResNet-8 with BN', { model: 'resnet8', width: 4, batchSize: 4, batchNorm: true }],
  [
    'ResNet-8 with a BN batch of 2',
    { model: 'resnet8', width: 4, batchSize: 6, batchNorm: true, bnBatch: 2 },
  ],
  [
    'ResNet-8 with Nesterov momentum',
    { model: 'resnet8', width: 2, batchSize: 2, momentum: 0.9, nesterov: true },
  ],
  ['ResNet-20 with BN', { model: 'resnet20', width: 2, batchSize: 2, batchNorm: true }],
  ['AlexNet without BN', { model: 'alexnet', width: 2, batchSize: 3 }],
  ['AlexNet of width 4 with BN everywhere', { model: 'alexnet', width: 4, batchSize: 3, batchNorm: true }],
  [
    'AlexNet with BN in the convolutions',
    { model: 'alexnet', width: 2, batchSize: 3, batchNorm: true, batchNormScope: 'CONV' },
  ],
  ['AlexNet with BN everywhere', { model: 'alexnet', width: 2, batchSize: 4, batchNorm: true }],
  // Whole blocks of channels: these take the blocked layout where the machine has one.
  ['ResNet-8 of width 16 without BN', { model: 'resnet8', width: 16, batchSize: 3 }],
  ['ResNet-8 of width 16 with BN', { model: 'resnet8', width: 16, batchSize: 4, batchNorm: true }],
  ['ResNet-8 of width 16, one sample a step', { model: 'resnet8', width: 16, batchSize: 1, batchNorm: true }],
  [
    'ResNet-8 of width 16 with 18 samples and a BN batch of 6',
    { model: 'resnet8', width: 16, batchSize: 18, batchNorm: true, bnBatch: 6 },
  ],
  ['ResNet-50 of width 4', { model: 'resnet50', width: 4, batchSize: 8, batchNorm: true }],
  ['ResNet-50 of width 16', { model: 'resnet50', width: 16, batchSize: 8, batchNorm: true }],
  ['AlexNet of width 16 without BN', { model: 'alexnet', width: 16, batchSize: 2 }],
  ['AlexNet of width 16 with BN everywhere', { model: 'alexnet', width: 16, batchSize: 4, batchNorm: true }],
];

async function withSession<T>(
  engine: Engine,
  axes: Axes,
  runs: number,
  body: (session: Session) => Promise<T>,
  part?: number,
): Promise<T> {
  const session = await engine.open({
    axes,
    data: dataOf(axes),
    runs,
    evaluationBatch: 4,
    ...(part ? { part } : {}),
  });
  try {
    return await body(session);
  } finally {
    await session.close();
  }
}

/** Thirteen runs of small models alone: the reference is slow. */
const sideBySide = ({ width, model }: Axes): number[] =>
  width <= 4 && model !== 'resnet50' ? [1, 3, 13] : [1, 3];

/** WebGPU is refused where channels are no multiples of four; and on SwiftShader wide models take minutes. */
const isFor = ({ device }: Engine, { width }: Record<string, unknown>): boolean =>
  device !== 'webgpu' || (onSwiftShader ? width === 4 : (width as number) % 4 === 0);

const engines = await everyEngine();
for (const { name, engine, reason } of engines) {
  if (!engine) test(`engine ${name} is here`, ({ skip }) => skip(reason));
}

describe.each(engines.flatMap(({ name, engine }) => (engine ? [[name, engine] as const] : [])))(
  'engine %s',
  (_engine, engine) => {
    const settings = models.filter(([, input]) => isFor(engine, input));
    describe.each(settings)('%s', (_name, input) => {
      const axes = axesOf(input);
      const data = dataOf(axes);

      test.each(sideBySide(axes))(
        'one step and an evaluation of %i runs side by side agree with the double-precision reference',
        async (runs) => {
          await withSession(engine, axes, runs, async (session) => {
            for (let r = 0; r < runs; r++) session.initialise(r, 100 + r);
            const before = Array.from({ length: runs }, (_, r) => session.state(r));
            const batch = bundle(axes, data, runs, 1);
            const logits = (await session.step(batch)).slice();
            const { program, parameters } = trainingStep(axes, data);
            for (let r = 0; r < runs; r++) {
              const inputs: Record<string, Float64Array> = {
                images: take(batch.images, axes.batchSize, data, runs, r),
                labels: oneHot(batch, axes.batchSize, data, r),
                learningRate: Float64Array.of(batch.learningRate[r]!),
                weightDecay: Float64Array.of(batch.weightDecay[r]!),
                momentum: Float64Array.of(batch.momentum[r]!),
                one: Float64Array.of(1),
              };
              for (const [name, values] of before[r]!) inputs[name] = Float64Array.from(values);
              const { want, agrees } = against(program, inputs);
              const each = axes.batchSize * data.classes;
              const own = logits.slice(r * each, (r + 1) * each);
              agrees('logits', own, 1e-4);
              const labels = classesOf(inputs.labels!, data.classes);
              const { loss } = score(own, labels, data.classes);
              expect(Math.abs(loss - want.loss![0]!) / want.loss![0]!).toBeLessThan(1e-4);
              for (const [name, values] of session.state(r)) agrees(name, values, 2e-3);
              const images = new Float32Array(4 * data.channels * data.height * data.width).map((_, i) =>
                Math.sin(i * (r + 1)),
              );
              const evaluated = (await session.evaluate(images)).slice(
                r * 4 * data.classes,
                (r + 1) * 4 * data.classes,
              );
              const state = session.state(r);
              const reference = runReference(evaluation(axes, data, 4), {
                images: Float64Array.from(images),
                ...Object.fromEntries(
                  parameters.map(({ name }) => [name, Float64Array.from(state.get(name)!)]),
                ),
              });
              expect(distance(evaluated, reference.logits!)).toBeLessThan(1e-4);
            }
          });
        },
      );
    });

    describe('a batch in parts', () => {
      const cases: [string, Record<string, unknown>, number][] = [
        ['without batch norm', { model: 'resnet8', width: 4, batchSize: 6 }, 2],
        ['in the blocked layout', { model: 'resnet8', width: 16, batchSize: 8 }, 4],
        ['with momentum', { model: 'alexnet', width: 2, batchSize: 4, momentum: 0.9 }, 1],
        [
          'with a BN batch that divides the part',
          { model: 'resnet8', width: 16, batchSize: 8, batchNorm: true, bnBatch: 2 },
          4,
        ],
      ];
      test.each(cases.filter(([, input]) => isFor(engine, input)))(
        '%s: gradients and the step agree with the double-precision reference over the whole batch',
        async (_name, input, part) => {
          const axes = axesOf(input);
          const data = dataOf(axes);
          const runs = 2;
          await withSession(
            engine,
            axes,
            runs,
            async (session) => {
              for (let r = 0; r < runs; r++) session.initialise(r, 100 + r);
              const before = Array.from({ length: runs }, (_, r) => session.state(r));
              const batch = bundle(axes, data, runs, 1);
              const gradients = await session.gradients(batch);
              const logits = (await session.step(batch)).slice();
              const { program, parameters } = trainingStep(axes, data);
              for (let r = 0; r < runs; r++) {
                const { want, agrees } = against(program, {
                  images: take(batch.images, axes.batchSize, data, runs, r),
                  labels: oneHot(batch, axes.batchSize, data, r),
                  learningRate: Float64Array.of(batch.learningRate[r]!),
                  weightDecay: Float64Array.of(batch.weightDecay[r]!),
                  momentum: Float64Array.of(batch.momentum[r]!),
                  one: Float64Array.of(1),
                  ...Object.fromEntries(
                    [...before[r]!].map(([name, values]) => [name, Float64Array.from(values)]),
                  ),
                });
                const each = axes.batchSize * data.classes;
                agrees('logits', logits.slice(r * each, (r + 1) * each), 1e-4);
                for (const [name, values] of session.state(r)) agrees(name, values, 2e-3);
                if (axes.momentum) continue;
                for (const { name, statistic } of parameters.filter((one) => !one.statistic)) {
                  expect(statistic).toBe(false);
                  const all = gradients.get(name)!;
                  const own = all.slice((r * all.length) / runs, ((r + 1) * all.length) / runs);
                  const rate = batch.learningRate[r]!;
                  const decay = batch.weightDecay[r]!;
                  const wanted = want[name]!.map((value, i) => {
                    const weight = before[r]!.get(name)![i]!;
                    return (weight - value) / rate - decay * weight;
                  });
                  expect(distance(own, wanted), `gradient of ${name}`).toBeLessThan(2e-3);
                }
              }
            },
            part,
          );
        },
      );
    });

    describe('side by side', () => {
      const bits = (values: Float32Array): string =>
        createHash('sha256')
          .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
          .digest('hex')
          .slice(0, 12);

      /** The bits of run 0's numbers after three steps and an evaluation, trained in `slot` of `runs`. */
      async function trace(axes: Axes, runs: number, slot: number, poison = false): Promise<string[]> {
        const data = dataOf(axes);
        return withSession(engine, axes, runs, async (session) => {
          for (let r = 0; r < runs; r++) session.initialise(r, r === slot ? 42 : 1000 + r);
          const seen: string[] = [];
          for (let step = 0; step < 3; step++) {
            const batch: Batch = bundle(axes, data, runs, step, slot, poison);
            const logits = await session.step(batch);
            const each = logits.length / runs;
            const own = logits.slice(slot * each, (slot + 1) * each);
            seen.push(`logits ${step} ${bits(own)}`);
          }
          const images = new Float32Array(4 * data.channels * data.height * data.width).map((_, i) =>
            Math.cos(i),
          );
          const logits = await session.evaluate(images);
          const each = logits.length / runs;
          seen.push(`evaluation ${bits(logits.slice(slot * each, (slot + 1) * each))}`);
          for (const [name, values] of session.state(slot)) seen.push(`${name} ${bits(values)}`);
          return seen;
        });
      }

      const others = settings.filter(([name]) => !name.includes('momentum'));
      test.each(others)(
        '%s: the bits of a run do not depend on its neighbours, not even when they are NaN',
        async (_name, input) => {
          const axes = axesOf(input);
          expect(await trace(axes, 4, 1, true)).toEqual(await trace(axes, 4, 1));
        },
      );

      // TensorFlow and GPUs take other loops for other numbers of runs; ONNX Runtime's CPU kernels, as they are used, do not.
      if (engine.name !== 'onnx' || engine.device !== 'cpu') return;
      test.each(others)('%s: the bits of a run depend neither on R nor on its slot', async (_name, input) => {
        const axes = axesOf(input);
        const alone = await trace(axes, 1, 0);
        for (const [runs, slot] of [
          [2, 1],
          [4, 1],
          [5, 2],
          [13, 12],
        ] as const) {
          expect(await trace(axes, runs, slot), `R = ${runs}`).toEqual(alone);
        }
      });
    });
  },
);
