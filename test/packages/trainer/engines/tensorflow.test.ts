import { fork } from 'node:child_process';
import { Builder, checkAxes, type DataShape, runReference, score } from '@smallbatch/program';
import { EngineExhausted, openOnnx, openTensorflow } from '@smallbatch/trainer';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadBinding } from '../../../../packages/trainer/src/engines/tensorflow/binding.ts';
import { compile } from '../../../../packages/trainer/src/engines/tensorflow/compile.ts';
import { bundle, classesOf, oneHot } from './bundle.ts';
import type { Order, Reached } from './going-on.ts';
import { tensorflow as candidate } from './present.ts';

const { reason, engine } = candidate;
beforeEach(({ skip }) => skip(!engine, reason));

const data: DataShape = { classes: 5, channels: 3, height: 16, width: 16, trainCount: 64, testCount: 8 };

const axesOf = (input: Record<string, unknown>) => {
  const checked = checkAxes({ baseLearningRate: 0.01, epochs: 1, ...input }, data);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.axes;
};

const tensors = async (): Promise<number> => (await openTensorflow({ device: 'cpu' })).tensors();

const settings: [string, Record<string, unknown>, number | undefined][] = [
  ['ResNet-8 with BN', { model: 'resnet8', width: 4, batchSize: 4, batchNorm: true }, undefined],
  [
    'ResNet-8 with a BN batch of 2 and momentum, in parts',
    { model: 'resnet8', width: 4, batchSize: 8, batchNorm: true, bnBatch: 2, momentum: 0.9 },
    4,
  ],
  ['AlexNet', { model: 'alexnet', width: 2, batchSize: 3 }, undefined],
];

test.each(settings)(
  '%s: a step leaves no tensor behind, a session none at all',
  async (_name, input, part) => {
    const axes = axesOf(input);
    const before = await tensors();
    const session = await engine!.open({
      axes,
      data,
      runs: 2,
      evaluationBatch: 4,
      ...(part ? { part } : {}),
    });
    for (let r = 0; r < 2; r++) session.initialise(r, r);
    const images = new Float32Array(4 * data.channels * data.height * data.width);
    const everything = async (step: number): Promise<void> => {
      await session.step(bundle(axes, data, 2, step));
      await session.evaluate(images);
      await session.gradients(bundle(axes, data, 2, step));
      session.restore(1, session.state(0));
      await session.step(bundle(axes, data, 2, step));
    };
    await everything(0);
    const after = await tensors();
    expect(after).toBeGreaterThan(before);
    for (let step = 1; step < 5; step++) {
      await everything(step);
      expect(await tensors()).toBe(after);
    }
    await session.close();
    expect(await tensors()).toBe(before);
  },
);

test('a max pool gives a window’s gradient to all places that are tied', async () => {
  const build = new Builder();
  const x = build.input('images', [2, 3, 8, 6]);
  const y = build.apply('maxPool', [x]);
  build.output('y', y);
  build.output('dx', build.apply('maxPoolGradient', [x, y, build.apply('add', [y, y])]));
  const program = build.program();
  // Few different numbers, negative ones among them, so that most windows have ties.
  const images = Float32Array.from({ length: 2 * 3 * 8 * 6 }, (_, i) => ((i * 7) % 5) - 3);
  const want = runReference(program, { images: Float64Array.from(images) });
  const binding = loadBinding('cpu', 1);
  const kernels = compile(program, 1, binding);
  const given = binding.floats([2, 3, 8, 6], images);
  const outputs = kernels.run(new Map([['images', given]]));
  // [m, H, W, C] → [m, C, H, W]
  const order = binding.integers([0, 3, 1, 2]);
  for (const [name, tensor] of outputs) {
    const plain = binding.run('Transpose', [], [tensor, order], 1)[0]!.id;
    expect(Array.from(binding.read(plain)), name).toEqual(Array.from(want[name]!));
    binding.free(plain);
    binding.free(tensor);
  }
  binding.free(order);
  binding.free(given);
  kernels.close();
});

test.each(settings)('%s: both engines have the same losses over 20 steps', async (_name, input, part) => {
  const axes = axesOf(input);
  const runs = 3;
  const sessions = await Promise.all(
    [await openOnnx(), engine!].map((one) =>
      one.open({ axes, data, runs, evaluationBatch: 4, ...(part ? { part } : {}) }),
    ),
  );
  for (const session of sessions) for (let r = 0; r < runs; r++) session.initialise(r, 7 + r);
  for (let step = 0; step < 20; step++) {
    const made = bundle(axes, data, runs, step);
    // Momentum μ makes steps 1/(1 − μ) times as long: at the rates of the others, roundings would grow from step to step.
    const learningRate = made.learningRate.map((rate, r) => rate * (1 - made.momentum[r]!));
    const batch = { ...made, learningRate };
    const [onnx, tensorflow] = await Promise.all(sessions.map((session) => session.step(batch)));
    for (let r = 0; r < runs; r++) {
      const each = axes.batchSize * data.classes;
      const labels = classesOf(oneHot(batch, axes.batchSize, data, r), data.classes);
      const [a, b] = [onnx!, tensorflow!].map(
        (logits) => score(logits.slice(r * each, (r + 1) * each), labels, data.classes).loss,
      );
      expect(Math.abs(a! - b!), `step ${step}, run ${r}: ${a} and ${b}`).toBeLessThan(1e-3);
    }
  }
  for (const session of sessions) await session.close();
});

describe('tensor ids', () => {
  test('a step that would pass the limit is not begun, and the state is what the step before left', async () => {
    const axes = axesOf({ model: 'resnet8', width: 2, batchSize: 2 });
    const spent = await openTensorflow({ device: 'cpu', idLimit: 0 });
    const session = await spent.open({ axes, data, runs: 1, evaluationBatch: 4 });
    session.initialise(0, 1);
    const before = session.state(0);
    await expect(session.step(bundle(axes, data, 1, 0))).rejects.toThrow(EngineExhausted);
    expect(session.state(0)).toEqual(before);
    await session.close();
  });

  /** A new process, as its supervisor starts it. */
  const train = (order: Order): Promise<Reached> =>
    new Promise((resolve, reject) => {
      const child = fork(new URL('./going-on.ts', import.meta.url), {
        execArgv: ['--import', 'tsx', '--conditions=source'],
        serialization: 'advanced',
      });
      child.once('message', (reached) => resolve(reached as Reached));
      child.once('exit', (code) => reject(new Error(`the process ended with ${code} and said nothing`)));
      child.send(order);
    });

  test('runs go on in new processes from where the ids ended, to the last bit', async () => {
    const input = { model: 'resnet8', width: 4, batchSize: 4, batchNorm: true, momentum: 0.9 };
    const order = { input, data, runs: 2, steps: 12, idLimit: undefined, from: undefined };
    const whole = await train(order);
    expect(whole.exhausted).toBeUndefined();
    let from: Reached | undefined;
    let processes = 0;
    while ((from?.step ?? 0) < order.steps) {
      const reached = await train({ ...order, idLimit: 3000, from });
      expect(reached.step).toBeGreaterThan(from?.step ?? 0);
      if (reached.step < order.steps) expect(reached.exhausted).toMatch(/tensor ids/);
      from = reached;
      processes++;
    }
    expect(processes).toBeGreaterThan(1);
    expect(from!.states).toEqual(whole.states);
  });
});
