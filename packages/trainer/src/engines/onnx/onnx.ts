import { createRequire } from 'node:module';
import type { Parameter, Shape } from '@smallbatch/program';
import { evaluation, fillNormal, size, trainingStep, velocityOf } from '@smallbatch/program';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Batch, Engine, Session, SessionOptions, State } from '../engine.ts';
import { blockSize } from './blocked/block-size.ts';
import { blockWeights } from './blocked/blocked.ts';
import type { Compiled } from './compile.ts';
import { compile } from './compile.ts';

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };

type Tensors = Record<string, Tensor>;

const zeros = (shape: Shape): Tensor => new Tensor('float32', new Float32Array(size(shape)), [...shape]);
const numbers = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

/**
 * ONNX Runtime on the CPU. One thread a session: a run's bits then do not depend on how many runs train beside it, and a
 * process a core is faster than threads that share a step.
 */
export async function openOnnx({ threads = 1 } = {}): Promise<Engine> {
  const settings: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  };
  return {
    name: 'onnx',
    device: 'cpu',
    versions: { onnxruntime: version, node: process.versions.node },
    open: async (options) => OnnxSession.open(options, settings, await blockSize()),
  };
}

class OnnxSession implements Session {
  readonly runs: number;
  readonly #parameters: readonly Parameter[];
  /** Parameters, statistics and velocities: everything that a step reads and writes. */
  readonly #stateNames: readonly string[];
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #train: InferenceSession;
  readonly #evaluate: InferenceSession;
  readonly #inputs: ReadonlyMap<string, Shape>;
  /** The state lives twice: a step reads one and writes the other. Nothing is allocated per step. */
  #now: Tensors;
  #next: Tensors;
  readonly #logits: Tensor;
  readonly #ones: Float32Array;
  readonly #evaluationImages: Shape;
  readonly #evaluationLogits: Tensor;
  readonly #block: number;

  private constructor(
    options: SessionOptions,
    step: ReturnType<typeof trainingStep>,
    graphs: { train: Compiled; evaluate: Compiled },
    sessions: { train: InferenceSession; evaluate: InferenceSession },
  ) {
    this.runs = options.runs;
    this.#parameters = step.parameters;
    const { train, evaluate } = graphs;
    const trained = step.parameters.filter(({ statistic }) => !statistic);
    this.#stateNames = [
      ...step.parameters.map(({ name }) => name),
      ...(step.velocities ? trained.map(({ name }) => velocityOf(name)) : []),
    ];
    this.#block = train.block;
    this.#train = sessions.train;
    this.#evaluate = sessions.evaluate;
    this.#shapes = new Map(
      step.parameters.flatMap(({ name, shape }) => [
        [name, shape],
        [velocityOf(name), shape],
      ]),
    );
    this.#inputs = train.inputs;
    const allocate = (): Tensors =>
      Object.fromEntries(this.#stateNames.map((name) => [name, zeros(train.inputs.get(name)!)]));
    this.#now = allocate();
    this.#next = allocate();
    this.#ones = new Float32Array(options.runs).fill(1);
    this.#logits = zeros(train.outputs.get('logits')!);
    this.#evaluationImages = evaluate.inputs.get('images')!;
    this.#evaluationLogits = zeros(evaluate.outputs.get('logits')!);
  }

  static async open(
    options: SessionOptions,
    settings: InferenceSession.SessionOptions,
    block: number,
  ): Promise<OnnxSession> {
    const { axes, data, runs, evaluationBatch } = options;
    const step = trainingStep(axes, data);
    // The loss is worked out of the logits in double precision, outside: its sums would round by how rows happen to lie.
    const wanted = new Set([...step.program.outputs.keys()].filter((name) => name !== 'loss'));
    const train = compile(step.program, runs, { wanted, block });
    const evaluate = compile(evaluation(axes, data, evaluationBatch), runs, { block: train.block });
    const sessions = {
      train: await InferenceSession.create(train.bytes, settings),
      evaluate: await InferenceSession.create(evaluate.bytes, settings),
    };
    return new OnnxSession(options, step, { train, evaluate }, sessions);
  }

  #slot(tensor: Tensor, slot: number): Float32Array {
    const all = numbers(tensor);
    const each = all.length / this.runs;
    return all.subarray(slot * each, (slot + 1) * each);
  }

  /** Numbers of a state tensor between the plain order and that of the graph. */
  #ordered(name: string, values: Float32Array, back: boolean): Float32Array {
    const shape = this.#shapes.get(name)!;
    return this.#block > 1 && shape.length === 4 ? blockWeights(values, shape, this.#block, back) : values;
  }

  initialise(slot: number, seed: number): void {
    for (const tensor of Object.values(this.#now)) this.#slot(tensor, slot).fill(0);
    this.#parameters.forEach(({ name, start, fanIn }, stream) => {
      const target = this.#slot(this.#now[name]!, slot);
      if (start === 'one') target.fill(1);
      if (start !== 'he') return;
      const values = new Float32Array(target.length);
      fillNormal(values, seed, 'initialisation', stream);
      const deviation = Math.sqrt(2 / fanIn);
      for (let i = 0; i < values.length; i++) values[i]! *= deviation;
      target.set(this.#ordered(name, values, false));
    });
  }

  async step(batch: Batch): Promise<Float32Array> {
    const feeds: Tensors = { ...this.#now };
    const feed = (name: string, values: Float32Array): void => {
      const shape = this.#inputs.get(name);
      if (shape) feeds[name] = new Tensor('float32', values, [...shape]);
    };
    feed('images', batch.images);
    feed('labels', batch.labels);
    feed('learningRate', batch.learningRate);
    feed('weightDecay', batch.weightDecay);
    feed('momentum', batch.momentum);
    feed('one', this.#ones);
    const fetches: Tensors = { "logits'": this.#logits };
    for (const name of this.#stateNames) fetches[`${name}'`] = this.#next[name]!;
    await this.#train.run(feeds, fetches);
    [this.#now, this.#next] = [this.#next, this.#now];
    return numbers(this.#logits);
  }

  async evaluate(images: Float32Array): Promise<Float32Array> {
    const feeds: Tensors = { images: new Tensor('float32', images, [...this.#evaluationImages]) };
    for (const { name } of this.#parameters) feeds[name] = this.#now[name]!;
    await this.#evaluate.run(feeds, { "logits'": this.#evaluationLogits });
    return numbers(this.#evaluationLogits);
  }

  state(slot: number): State {
    return new Map(
      this.#stateNames.map((name) => [
        name,
        this.#ordered(name, this.#slot(this.#now[name]!, slot), true).slice(),
      ]),
    );
  }

  restore(slot: number, state: State): void {
    for (const name of this.#stateNames) {
      const values = state.get(name);
      const target = this.#slot(this.#now[name]!, slot);
      if (values?.length !== target.length) {
        throw new Error(
          `invalid state: "${name}" has ${values?.length ?? 'no'} numbers in place of ${target.length}`,
        );
      }
      target.set(this.#ordered(name, values, false));
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#train.release(), this.#evaluate.release()]);
  }
}
