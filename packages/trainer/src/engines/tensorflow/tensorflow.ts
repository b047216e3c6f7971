import { totalmem } from 'node:os';
import type { Parameter, Shape } from '@smallbatch/program';
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
import { visibleGpus } from '../../gpu.ts';
import {
  type Batch,
  type Engine,
  EngineExhausted,
  type Session,
  type SessionOptions,
  type State,
} from '../engine.ts';
import { type Binding, loadBinding } from './binding.ts';
import { compile } from './compile.ts';
import type { Kernels } from './kernels.ts';
import { tensorflowPackage } from './place.ts';

export interface TensorflowOptions {
  /** `auto` takes a GPU where the library finds one. Settled by the first engine of a process. */
  readonly device?: 'auto' | 'cpu' | 'gpu';
  /** Threads of one kernel on the CPU. */
  readonly threads?: number;
  /** Tensor ids after which no step is begun. */
  readonly idLimit?: number;
}

/**
 * Tensor ids of the binding are 32-bit numbers; after 2^31 of them nothing is freed any more. What is left below is for reading
 * states and for an evaluation that is under way.
 */
const ID_LIMIT = 2 ** 31 - 2 ** 20;

/** A batch is taken in parts that need at most this much memory. Constants, as for ONNX Runtime: how sums are parted shows. */
const PART_BYTES = { cpu: 64e6, gpu: 4e9 };

export interface TensorflowEngine extends Engine {
  /** Tensors that live in this process, of all sessions. */
  readonly tensors: () => number;
}

/** Opens TensorFlow, by the binding of tfjs-node without TensorFlow.js itself: kernels by name, no tape, nothing tracked. */
export async function openTensorflow({
  device = 'auto',
  threads = 1,
  idLimit = ID_LIMIT,
}: TensorflowOptions = {}): Promise<TensorflowEngine> {
  const binding = loadBinding(device, threads);
  const kind = binding.gpu ? 'gpu' : 'cpu';
  return {
    name: 'tensorflow',
    device: kind,
    versions: {
      tensorflow: binding.version,
      'tfjs-node-gpu': tensorflowPackage()?.version ?? 'unknown',
      node: process.versions.node,
    },
    memoryBytes: binding.gpu ? await gpuMemory() : totalmem() / 2,
    tensors: () => binding.tensors,
    open: async (options) => new TensorflowSession(options, binding, PART_BYTES[kind], idLimit),
  };
}

/** Most of the memory of the GPU that the binding takes, the last one. */
async function gpuMemory(): Promise<number> {
  const total = (await visibleGpus()).at(-1)?.memoryTotal;
  return (total ?? totalmem()) * 0.8;
}

type Tensors = Map<string, number>;

class TensorflowSession implements Session {
  readonly runs: number;
  readonly #binding: Binding;
  readonly #options: SessionOptions;
  readonly #idLimit: number;
  readonly #part: number;
  readonly #parameters: readonly Parameter[];
  readonly #trained: readonly string[];
  /** Shapes for one run of everything that a step reads and writes: parameters, statistics and velocities. */
  readonly #shapes: ReadonlyMap<string, Shape>;
  /** The whole step, or the update alone where the batch is taken in parts. */
  readonly #update: Kernels;
  #accumulate: Kernels | undefined;
  readonly #evaluate: Kernels;
  /** The state on the device, from step to step. */
  #state: Tensors = new Map();
  /** The state of all runs here, [R, …] each: in place of the device's while `#changed`, else a copy of it. */
  #host: Map<string, Float32Array> | undefined;
  #changed = false;

  constructor(options: SessionOptions, binding: Binding, partBytes: number, idLimit: number) {
    const { axes, data, runs, evaluationBatch } = options;
    this.runs = runs;
    this.#binding = binding;
    this.#options = options;
    this.#idLimit = idLimit;
    this.#part = options.part ?? partOf(axes, data, partBytes);
    const whole = this.#part === axes.batchSize;
    const step = whole ? trainingStep(axes, data) : accumulatedStep(axes, data, this.#part);
    this.#parameters = step.parameters;
    const trained = step.parameters.filter(({ statistic }) => !statistic);
    this.#trained = trained.map(({ name }) => name);
    this.#shapes = new Map([
      ...step.parameters.map(({ name, shape }) => [name, shape] as const),
      ...(step.velocities ? trained.map(({ name, shape }) => [velocityOf(name), shape] as const) : []),
    ]);
    if ('program' in step) {
      // The loss is worked out of the logits in double precision, outside.
      const wanted = new Set([...step.program.outputs.keys()].filter((name) => name !== 'loss'));
      this.#update = compile(step.program, runs, binding, wanted);
    } else {
      this.#update = compile(step.apply, runs, binding);
      this.#accumulate = this.#accumulation();
    }
    this.#evaluate = compile(evaluation(axes, data, evaluationBatch), runs, binding);
    this.#host = new Map(
      [...this.#shapes].map(([name, shape]) => [name, new Float32Array(runs * size(shape))]),
    );
    this.#changed = true;
  }

  #accumulation(): Kernels {
    const { axes, data } = this.#options;
    const { accumulate } = accumulatedStep(axes, data, this.#part);
    const wanted = new Set([...accumulate.outputs.keys()].filter((name) => name !== 'loss'));
    return compile(accumulate, this.runs, this.#binding, wanted);
  }

  /** Runs a list of kernels on tensors that are there and on numbers that are there for it alone. */
  #run(kernels: Kernels, tensors: Tensors, numbers: readonly Given[]): Tensors {
    const given: Tensors = new Map();
    try {
      for (const { name, shape, values } of numbers) {
        if (kernels.inputs.has(name)) given.set(name, this.#binding.floats(shape, values));
      }
      return kernels.run(new Map([...tensors, ...given]));
    } finally {
      this.#free(given);
    }
  }

  #free(tensors: Tensors): void {
    for (const tensor of tensors.values()) this.#binding.free(tensor);
  }

  /** One kernel on a tensor that goes with it. */
  #changedBy(kernel: string, tensor: number, integers: readonly number[]): number {
    const list = this.#binding.integers(integers);
    const made = this.#binding.run(kernel, [], [tensor, list], 1)[0]!.id;
    this.#binding.free(list);
    this.#binding.free(tensor);
    return made;
  }

  /** Numbers [R, …] as a tensor in the layout of the lowerings. */
  #push(shape: Shape, values: Float32Array): number {
    const [first = 1, ...rest] = shape;
    if (shape.length === 4) {
      const given = this.#binding.floats([this.runs * first, ...rest], values);
      return this.#changedBy('Transpose', given, [2, 3, 1, 0]);
    }
    return this.#binding.floats(shape.length === 2 ? [this.runs, ...shape] : [this.runs * first], values);
  }

  /** The numbers [R, …] of a tensor, which stays. */
  #pull(shape: Shape, tensor: number): Float32Array {
    if (shape.length !== 4) return this.#binding.read(tensor);
    const order = this.#binding.integers([3, 2, 0, 1]);
    const plain = this.#binding.run('Transpose', [], [tensor, order], 1)[0]!.id;
    const values = this.#binding.read(plain);
    this.#binding.free(order);
    this.#binding.free(plain);
    return values;
  }

  #onDevice(): Tensors {
    if (this.#changed) {
      this.#free(this.#state);
      // A tensor may share the memory of the numbers that it is made of, and these may change.
      this.#state = new Map(
        [...this.#shapes].map(([name, shape]) => [name, this.#push(shape, this.#host!.get(name)!.slice())]),
      );
      this.#changed = false;
    }
    return this.#state;
  }

  #here(): Map<string, Float32Array> {
    this.#host ??= new Map(
      [...this.#shapes].map(([name, shape]) => [name, this.#pull(shape, this.#state.get(name)!)]),
    );
    return this.#host;
  }

  #slot(name: string, slot: number): Float32Array {
    const all = this.#here().get(name)!;
    const each = all.length / this.runs;
    return all.subarray(slot * each, (slot + 1) * each);
  }

  initialise(slot: number, seed: number): void {
    for (const name of this.#shapes.keys()) this.#slot(name, slot).fill(0);
    this.#parameters.forEach((parameter, stream) => {
      this.#slot(parameter.name, slot).set(initialValues(parameter, stream, seed));
    });
    this.#changed = true;
  }

  async step(batch: Batch): Promise<Float32Array> {
    this.#stopAtLimit();
    const { axes, data } = this.#options;
    const perRun = [this.runs];
    const rates: Given[] = [
      { name: 'learningRate', shape: perRun, values: batch.learningRate },
      { name: 'weightDecay', shape: perRun, values: batch.weightDecay },
      { name: 'momentum', shape: perRun, values: batch.momentum },
    ];
    let next: Tensors;
    let logits: Float32Array;
    if (this.#accumulate && this.#part < axes.batchSize) {
      const sums = await this.#sumParts(this.#accumulate, batch);
      next = this.#run(this.#update, new Map([...this.#onDevice(), ...sums.tensors]), rates);
      this.#free(sums.tensors);
      logits = sums.logits;
    } else {
      const { channels, height, width, classes } = data;
      next = this.#run(this.#update, this.#onDevice(), [
        ...rates,
        {
          name: 'images',
          shape: [axes.batchSize, this.runs * channels, height, width],
          values: batch.images,
        },
        { name: 'labels', shape: [this.runs, axes.batchSize, classes], values: batch.labels },
        { name: 'one', shape: perRun, values: new Float32Array(this.runs).fill(1) },
      ]);
      logits = this.#read(next, 'logits');
    }
    this.#free(this.#state);
    this.#state = next;
    this.#host = undefined;
    return logits;
  }

  /** Reads an output and frees it. */
  #read(outputs: Tensors, name: string): Float32Array {
    const tensor = outputs.get(name)!;
    const values = this.#binding.read(tensor);
    this.#binding.free(tensor);
    outputs.delete(name);
    return values;
  }

  #stopAtLimit(): void {
    const { axes } = this.#options;
    const parts = axes.batchSize / this.#part;
    // Beside the kernels' own: what goes in, and a state that is brought to the device.
    const needed =
      this.#update.ids +
      parts * ((this.#accumulate?.ids ?? 0) + 10) +
      3 * (this.#shapes.size + this.#trained.length);
    if (this.#binding.used + needed <= this.#idLimit) return;
    throw new EngineExhausted(
      `TensorFlow has given out ${this.#binding.used} of ${this.#idLimit} tensor ids of a process`,
    );
  }

  /** Forward and backward over a batch in parts. → the sums by the names that the update takes, to be freed, and the logits. */
  async #sumParts(
    kernels: Kernels,
    { images, labels }: Pick<Batch, 'images' | 'labels'>,
  ): Promise<{ tensors: Tensors; logits: Float32Array }> {
    const { axes, data } = this.#options;
    const { channels, height, width, classes } = data;
    const { runs } = this;
    const m = axes.batchSize;
    const part = this.#part;
    const each = images.length / m;
    const all = new Float32Array(runs * m * classes);
    const share = new Float32Array(runs).fill(part / m);
    let sums: Tensors = new Map(
      this.#parameters.map(({ name, shape }) => [
        sumOfParts(name),
        this.#push(shape, new Float32Array(runs * size(shape))),
      ]),
    );
    for (let from = 0; from < m; from += part) {
      const own = new Float32Array(runs * part * classes);
      for (let r = 0; r < runs; r++) {
        const first = (r * m + from) * classes;
        own.set(labels.subarray(first, first + part * classes), r * part * classes);
      }
      const next = this.#run(kernels, new Map([...this.#onDevice(), ...sums]), [
        {
          name: 'images',
          shape: [part, runs * channels, height, width],
          values: images.subarray(from * each, (from + part) * each),
        },
        { name: 'labels', shape: [runs, part, classes], values: own },
        { name: 'one', shape: [runs], values: share },
      ]);
      const logits = this.#read(next, 'logits');
      this.#free(sums);
      sums = next;
      for (let r = 0; r < runs; r++) {
        all.set(logits.subarray(r * part * classes, (r + 1) * part * classes), (r * m + from) * classes);
      }
    }
    return { tensors: sums, logits: all };
  }

  async gradients(batch: Pick<Batch, 'images' | 'labels'>): Promise<State> {
    this.#accumulate ??= this.#accumulation();
    const { tensors } = await this.#sumParts(this.#accumulate, batch);
    const found = new Map(
      this.#trained.map((name) => [
        name,
        this.#pull(this.#shapes.get(name)!, tensors.get(sumOfParts(name))!),
      ]),
    );
    this.#free(tensors);
    return found;
  }

  async evaluate(images: Float32Array): Promise<Float32Array> {
    const { data, evaluationBatch } = this.#options;
    const shape = [evaluationBatch, data.channels, data.height, data.width];
    const outputs = this.#run(this.#evaluate, this.#onDevice(), [{ name: 'images', shape, values: images }]);
    return this.#read(outputs, 'logits');
  }

  state(slot: number): State {
    return new Map([...this.#shapes.keys()].map((name) => [name, this.#slot(name, slot).slice()]));
  }

  restore(slot: number, state: State): void {
    for (const name of this.#shapes.keys()) {
      const values = state.get(name);
      const target = this.#slot(name, slot);
      if (values?.length !== target.length) {
        throw new Error(
          `invalid state: "${name}" has ${values?.length ?? 'no'} numbers in place of ${target.length}`,
        );
      }
      target.set(values);
    }
    this.#changed = true;
  }

  async close(): Promise<void> {
    this.#free(this.#state);
    this.#state.clear();
    for (const kernels of [this.#update, this.#evaluate, this.#accumulate]) kernels?.close();
  }
}

/** Numbers for an input of a list of kernels. */
interface Given {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
