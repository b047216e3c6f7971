import { createRequire } from 'node:module';
import { findBinding, PACKAGE, tensorflowPackage } from './place.ts';

/** What the native module of tfjs-node offers, as far as it is used here. */
interface Native {
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array;
  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number; shape: number[] }[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_Version: string;
}

/** An attribute of a kernel, with the number that the binding gives its kind. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: string | number | boolean | readonly number[];
}

export const FLOAT = 1;
export const INT32 = 3;

/** Kinds of attributes (TF_AttrType), in the order of TensorFlow's C interface. */
const KIND = { string: 0, int: 1, float: 2, bool: 3, type: 4 } as const;

export const attribute = (name: string, kind: keyof typeof KIND, value: Attribute['value']): Attribute => ({
  name,
  type: KIND[kind],
  value,
});

/** The type of a kernel's values, for the few kernels whose inputs do not say it. */
export const ofFloats = attribute('T', 'type', FLOAT);

/**
 * TensorFlow as this process has it: one per process, since the library and its tensors are global. Kernels run by name on
 * tensors that are numbers; nothing is recorded, and nothing is freed but by `free`.
 */
export class Binding {
  readonly version: string;
  readonly gpu: boolean;
  readonly #native: Native;
  #used = 0;

  constructor(native: Native) {
    this.#native = native;
    this.version = native.TF_Version;
    this.gpu = native.isUsingGpuDevice();
  }

  /** Tensor ids given out so far. They are never given again, and overflow after 2^31. */
  get used(): number {
    return this.#used;
  }

  /** Tensors that live now. */
  get tensors(): number {
    return this.#native.getNumOfTensors();
  }

  floats(shape: readonly number[], values: Float32Array): number {
    return this.#given(this.#native.createTensor(shape, FLOAT, values));
  }

  /** A list of integers, as shapes and permutations are given to kernels. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.#given(this.#native.createTensor(shape, INT32, Int32Array.from(values)));
  }

  run(
    kernel: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): readonly { readonly id: number; readonly shape: readonly number[] }[] {
    const made = this.#native.executeOp(kernel, attributes, inputs, outputs);
    this.#given(made.at(-1)!.id);
    return made;
  }

  read(tensor: number): Float32Array {
    return this.#native.tensorDataSync(tensor);
  }

  free(tensor: number): void {
    this.#native.deleteTensor(tensor);
  }

  #given(id: number): number {
    this.#used = Math.max(this.#used, id + 1);
    return id;
  }
}

let loaded: { binding: Binding; device: string } | undefined;

/**
 * Loads the native module, once a process: which device it takes and how many threads it has are settled then. `auto` takes the
 * GPU where the library finds one.
 */
export function loadBinding(device: 'auto' | 'cpu' | 'gpu', threads: number): Binding {
  loaded ??= { binding: load(device, threads), device };
  const { binding } = loaded;
  if (device === 'gpu' && !binding.gpu) {
    throw new Error(
      'missing GPU: this build of TensorFlow finds none (see "smallbatch engine install tensorflow --help")',
    );
  }
  if (device === 'cpu' && binding.gpu) {
    throw new Error(
      `invalid device "cpu": this process has loaded TensorFlow for "${loaded.device}" already`,
    );
  }
  return binding;
}

function load(device: string, threads: number): Binding {
  const path = findBinding();
  if (!path) {
    throw new Error(
      tensorflowPackage()
        ? `missing binding of ${PACKAGE}: run "smallbatch engine install tensorflow"`
        : `missing ${PACKAGE}: install it with npm (it is an optional dependency)`,
    );
  }
  // The library reads these when it makes its devices.
  if (device === 'cpu') process.env.CUDA_VISIBLE_DEVICES = '-1';
  // Several workers may train on one GPU.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Single precision in all its bits, and sums in one order, so that runs can be repeated.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  process.env.TF_CUDNN_DETERMINISTIC ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  process.env.TF_NUM_INTEROP_THREADS ??= '1';
  // Its convolutions are those that know gradients of groups on a CPU.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  try {
    return new Binding(createRequire(import.meta.url)(path) as Native);
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw new Error(`invalid binding ${path}: it does not load (${line}); install it again`);
  }
}
