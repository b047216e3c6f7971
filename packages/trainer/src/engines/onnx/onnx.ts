import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import type { Parameter, Shape, StepProgram } from '@smallbatch/program';
import {
  accumulatedStep,
  evaluation,
  initialValues,
  partOf,
  size,
  sumOfParts,
  trainingStep,
  velocityOf,
} from '@smallbatch/program';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { visibleGpus } from '../../gpu.ts';
import type { Batch, Engine, Session, SessionOptions, State } from '../engine.ts';
import { blockSize } from './blocked/block-size.ts';
import { blockWeights } from './blocked/blocked.ts';
import { type Compiled, compile } from './compile.ts';
import { wrongOnWebGpu } from './webgpu.ts';

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };

type Tensors = Record<string, Tensor>;

const zeros = (shape: Shape): Tensor => new Tensor('float32', new Float32Array(size(shape)), [...shape]);
const numbers = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

/**
 * A batch is taken in parts that need at most this much memory, where batch norm allows it. A constant, not a measurement: how sums
 * are parted shows in the last bits, and these must be the same on every machine.
 */
const PART_BYTES = 64e6;

/**
 * Steps of fewer samples are given one block of memory that is laid out beforehand, which makes them 2 to 5 % faster. It comes on top
 * of what the first step has used, so that larger steps would take 100 MB more and gain nothing.
 */
const PATTERNED_SAMPLES = 64;

/** Execution providers of ONNX Runtime: its own kernels, any GPU that Vulkan, Metal or D3D12 knows, NVIDIA's libraries. */
export const ONNX_DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type OnnxDevice = (typeof ONNX_DEVICES)[number];

export interface OnnxOptions {
  readonly device?: OnnxDevice;
  readonly threads?: number;
  /** Lets ONNX Runtime tell on standard error where it places each operator. */
  readonly verbose?: boolean;
}

/** What every session of an engine is opened with. */
interface Settings {
  readonly session: InferenceSession.SessionOptions;
  /** Channels of a block of the device's blocked layout; 1 for none. */
  readonly block: number;
  readonly portable: boolean;
}

/**
 * ONNX Runtime. On the CPU one thread a session: a run's bits then do not depend on how many runs train beside it, and a
 * process a core is faster than threads that share a step. Another device gets graphs of operators that it has.
 */
export async function openOnnx({
  device = 'cpu',
  threads = 1,
  verbose = false,
}: OnnxOptions = {}): Promise<Engine> {
  const onCpu = device === 'cpu';
  const settings: Settings = {
    session: {
      executionProviders: [device],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: verbose ? 0 : 3,
      ...(verbose ? { logVerbosityLevel: 1 } : {}),
      // It would put together again what a portable graph has apart.
      ...(onCpu
        ? {}
        : { extra: { optimization: { disable_specified_optimizers: 'MatmulTransposeFusion' } } }),
    },
    block: onCpu ? await blockSize() : 1,
    portable: !onCpu,
  };
  return {
    name: 'onnx',
    device,
    versions: {
      onnxruntime: version,
      node: process.versions.node,
      ...(onCpu ? { block: String(settings.block), threads: String(threads) } : {}),
    },
    memoryBytes: onCpu ? totalmem() / 2 : ((await visibleGpus())[0]?.memoryTotal ?? totalmem()) / 2,
    async open(options) {
      const refused =
        device === 'webgpu' && wrongOnWebGpu(evaluation(options.axes, options.data, options.evaluationBatch));
      if (refused) throw new Error(refused);
      return OnnxSession.open(options, settings);
    },
  };
}

interface Ready {
  readonly session: InferenceSession;
  readonly graph: Compiled;
}

async function ready(
  program: StepProgram,
  runs: number,
  { session, block, portable }: Settings,
  options: Parameters<typeof compile>[2] = {},
): Promise<Ready> {
  const graph = compile(program, runs, { block, portable, ...options });
  const samples = runs * (program.inputs.get('images')?.shape[0] ?? 1);
  const enableMemPattern = samples < PATTERNED_SAMPLES;
  return { graph, session: await InferenceSession.create(graph.bytes, { ...session, enableMemPattern }) };
}

class OnnxSession implements Session {
  readonly runs: number;
  readonly #options: SessionOptions;
  readonly #settings: Settings;
  readonly #part: number;
  readonly #parameters: readonly Parameter[];
  readonly #trained: readonly string[];
  /** Parameters, statistics and velocities: everything that a step reads and writes. */
  readonly #stateNames: readonly string[];
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #block: number;
  /** The whole step, or the update alone where the batch is taken in parts. */
  readonly #update: Ready;
  #accumulate: Ready | undefined;
  readonly #evaluate: Ready;
  /** The state lives twice: a step reads one and writes the other. Nothing is allocated per step. */
  #now: Tensors;
  #next: Tensors;
  /** Sums over the parts of a batch, twice too, and zeros to begin with. */
  #sums: { now: Tensors; next: Tensors; zero: Tensors } | undefined;
  readonly #logits: Tensor;
  readonly #partLogits: Tensor;
  readonly #ones: Float32Array;
  readonly #evaluationLogits: Tensor;

  private constructor(
    options: SessionOptions,
    settings: Settings,
    part: number,
    step: { parameters: readonly Parameter[]; velocities: boolean },
    graphs: { update: Ready; accumulate: Ready | undefined; evaluate: Ready },
  ) {
    const { axes, data, runs } = options;
    this.runs = runs;
    this.#options = options;
    this.#settings = settings;
    this.#part = part;
    this.#parameters = step.parameters;
    this.#trained = step.parameters.flatMap(({ name, statistic }) => (statistic ? [] : [name]));
    this.#stateNames = [
      ...step.parameters.map(({ name }) => name),
      ...(step.velocities ? this.#trained.map(velocityOf) : []),
    ];
    this.#shapes = new Map(
      step.parameters.flatMap(({ name, shape }) => [
        [name, shape],
        [velocityOf(name), shape],
      ]),
    );
    this.#update = graphs.update;
    this.#accumulate = graphs.accumulate;
    this.#evaluate = graphs.evaluate;
    this.#block = graphs.evaluate.graph.block;
    const allocate = (): Tensors =>
      Object.fromEntries(
        this.#stateNames.map((name) => [name, zeros(graphs.update.graph.inputs.get(name)!)]),
      );
    this.#now = allocate();
    this.#next = allocate();
    this.#ones = new Float32Array(runs).fill(1);
    this.#logits = zeros([runs, axes.batchSize, data.classes]);
    this.#partLogits = part < axes.batchSize ? zeros([runs, part, data.classes]) : this.#logits;
    this.#evaluationLogits = zeros(graphs.evaluate.graph.outputs.get('logits')!);
  }

  static async open(options: SessionOptions, settings: Settings): Promise<OnnxSession> {
    const { axes, data, runs, evaluationBatch } = options;
    const part = options.part ?? partOf(axes, data, PART_BYTES);
    const evaluate = await ready(evaluation(axes, data, evaluationBatch), runs, settings);
    const blocked = { block: evaluate.graph.block };
    if (part === axes.batchSize) {
      const step = trainingStep(axes, data);
      // The loss is worked out of the logits in double precision, outside: its sums would round by how rows happen to lie.
      const wanted = new Set([...step.program.outputs.keys()].filter((name) => name !== 'loss'));
      const update = await ready(step.program, runs, settings, { wanted, ...blocked });
      return new OnnxSession(options, settings, part, step, { update, accumulate: undefined, evaluate });
    }
    const step = accumulatedStep(axes, data, part);
    const update = await ready(step.apply, runs, settings, blocked);
    const accumulate = await OnnxSession.#opened(step.accumulate, runs, settings, evaluate.graph.block);
    return new OnnxSession(options, settings, part, step, { update, accumulate, evaluate });
  }

  static #opened(program: StepProgram, runs: number, settings: Settings, block: number): Promise<Ready> {
    const wanted = new Set([...program.outputs.keys()].filter((name) => name !== 'loss'));
    return ready(program, runs, settings, { wanted, block });
  }

  #slot(tensor: Tensor, slot: number): Float32Array {
    const all = numbers(tensor);
    const each = all.length / this.runs;
    return all.subarray(slot * each, (slot + 1) * each);
  }

  /** Gives a graph the state that it takes, in its own shapes: the update may have others. */
  #feedState(feeds: Tensors, { inputs }: Compiled): void {
    for (const name of this.#stateNames) {
      const shape = inputs.get(name);
      if (shape) feeds[name] = new Tensor('float32', numbers(this.#now[name]!), [...shape]);
    }
  }

  /** Numbers of a state tensor between the plain order and that of the graph. */
  #ordered(name: string, values: Float32Array, back: boolean): Float32Array {
    const shape = this.#shapes.get(name)!;
    return this.#block > 1 && shape.length === 4 ? blockWeights(values, shape, this.#block, back) : values;
  }

  initialise(slot: number, seed: number): void {
    for (const tensor of Object.values(this.#now)) this.#slot(tensor, slot).fill(0);
    this.#parameters.forEach((parameter, stream) => {
      const { name } = parameter;
      const values = initialValues(parameter, stream, seed);
      this.#slot(this.#now[name]!, slot).set(this.#ordered(name, values, false));
    });
  }

  async step(batch: Batch): Promise<Float32Array> {
    const { inputs } = this.#update.graph;
    const feeds: Tensors = { ...this.#now };
    const feed = (name: string, values: Float32Array): void => {
      const shape = inputs.get(name);
      if (shape) feeds[name] = new Tensor('float32', values, [...shape]);
    };
    feed('learningRate', batch.learningRate);
    feed('weightDecay', batch.weightDecay);
    feed('momentum', batch.momentum);
    const fetches: Tensors = {};
    for (const name of this.#stateNames) fetches[`${name}'`] = this.#next[name]!;
    if (this.#accumulate && this.#part < this.#options.axes.batchSize) {
      const sums = await this.#sumParts(this.#accumulate, batch, this.#part);
      for (const [name, tensor] of Object.entries(sums)) {
        feeds[name] = new Tensor('float32', numbers(tensor), [...inputs.get(name)!]);
      }
    } else {
      feed('images', batch.images);
      feed('labels', batch.labels);
      feed('one', this.#ones);
      fetches["logits'"] = this.#logits;
    }
    await this.#update.session.run(feeds, fetches);
    [this.#now, this.#next] = [this.#next, this.#now];
    return numbers(this.#logits);
  }

  /** Forward and backward over a batch in parts of `part` samples. → the sums by the names that the update takes. */
  async #sumParts(
    { session, graph }: Ready,
    { images, labels }: Pick<Batch, 'images' | 'labels'>,
    part: number,
  ): Promise<Tensors> {
    const { axes, data } = this.#options;
    const m = axes.batchSize;
    const names = [...graph.outputs.keys()].filter((name) => name !== 'logits');
    const allocate = (): Tensors =>
      Object.fromEntries(names.map((name) => [name, zeros(graph.inputs.get(name)!)]));
    this.#sums ??= { now: allocate(), next: allocate(), zero: allocate() };
    const sums = this.#sums;
    const each = images.length / m;
    const { classes } = data;
    const own = new Float32Array(this.runs * part * classes);
    const share = new Float32Array(this.runs).fill(part / m);
    for (let from = 0; from < m; from += part) {
      for (let r = 0; r < this.runs; r++) {
        const first = (r * m + from) * classes;
        own.set(labels.subarray(first, first + part * classes), r * part * classes);
      }
      const feeds: Tensors = {
        images: new Tensor('float32', images.subarray(from * each, (from + part) * each), [
          ...graph.inputs.get('images')!,
        ]),
        labels: new Tensor('float32', own, [...graph.inputs.get('labels')!]),
        one: new Tensor('float32', share, [...graph.inputs.get('one')!]),
      };
      const before = from === 0 ? sums.zero : sums.now;
      const fetches: Tensors = { "logits'": this.#partLogits };
      for (const name of names) {
        feeds[name] = before[name]!;
        fetches[`${name}'`] = sums.next[name]!;
      }
      this.#feedState(feeds, graph);
      await session.run(feeds, fetches);
      [sums.now, sums.next] = [sums.next, sums.now];
      if (this.#partLogits === this.#logits) continue;
      for (let r = 0; r < this.runs; r++) {
        const logits = numbers(this.#partLogits).subarray(r * part * classes, (r + 1) * part * classes);
        numbers(this.#logits).set(logits, (r * m + from) * classes);
      }
    }
    return sums.now;
  }

  async gradients(batch: Pick<Batch, 'images' | 'labels'>): Promise<State> {
    const { axes, data } = this.#options;
    this.#accumulate ??= await OnnxSession.#opened(
      accumulatedStep(axes, data, this.#part).accumulate,
      this.runs,
      this.#settings,
      this.#block,
    );
    const sums = await this.#sumParts(this.#accumulate, batch, this.#part);
    return new Map(
      this.#trained.map((name) => {
        const tensor = sums[sumOfParts(name)]!;
        const all = numbers(tensor).slice();
        const each = all.length / this.runs;
        for (let slot = 0; slot < this.runs; slot++) {
          all.set(this.#ordered(name, this.#slot(tensor, slot), true), slot * each);
        }
        return [name, all];
      }),
    );
  }

  async evaluate(images: Float32Array): Promise<Float32Array> {
    const shape = this.#evaluate.graph.inputs.get('images')!;
    const feeds: Tensors = { images: new Tensor('float32', images, [...shape]) };
    this.#feedState(feeds, this.#evaluate.graph);
    await this.#evaluate.session.run(feeds, { "logits'": this.#evaluationLogits });
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
    for (const one of [this.#update, this.#evaluate, this.#accumulate]) await one?.session.release();
  }
}
