import type { Attribute, Binding } from './binding.ts';
import { attribute } from './binding.ts';

/** Names a tensor of a list of kernels; which tensor it is shows when they run. */
export type Register = number;

interface Call {
  readonly kernel: string;
  readonly attributes: readonly Attribute[];
  readonly inputs: readonly Register[];
  readonly outputs: readonly Register[];
  /** Registers that nothing reads after this call. */
  free: readonly Register[];
}

const keepDims = attribute('keep_dims', 'bool', true);

/**
 * A list of kernel calls, written once and run every step. Each call costs 5 to 8 µs beside its work, so all that can be
 * settled before (attributes, shapes, what is freed when) is. Types are left to the library, which infers them from the inputs.
 */
export class Kernels {
  readonly #binding: Binding;
  readonly #calls: Call[] = [];
  readonly #inputs = new Map<string, Register>();
  readonly #outputs = new Map<string, Register>();
  /** Tensors that live as long as the list: shapes, permutations, factors. */
  readonly #constants = new Map<Register, number>();
  readonly #written = new Map<string, Register>();
  #registers = 0;
  #ids = 0;

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  /** Tensor ids that one run of the list takes. */
  get ids(): number {
    return this.#ids;
  }

  get inputs(): ReadonlyMap<string, Register> {
    return this.#inputs;
  }

  input(name: string): Register {
    const register = this.#registers++;
    this.#inputs.set(name, register);
    return register;
  }

  output(name: string, register: Register): void {
    this.#outputs.set(name, register);
  }

  /** What `make` wrote the first time that something of this name was asked for. */
  once(key: string, make: () => Register): Register {
    const register = this.#written.get(key) ?? make();
    this.#written.set(key, register);
    return register;
  }

  integers(values: readonly number[]): Register {
    return this.once(`integers ${values}`, () => this.#constant(this.#binding.integers(values)));
  }

  float(value: number): Register {
    return this.once(`float ${value}`, () =>
      this.#constant(this.#binding.floats([], Float32Array.of(value))),
    );
  }

  nothing(): Register {
    return this.once('nothing', () => this.#constant(this.#binding.floats([0], new Float32Array())));
  }

  #constant(tensor: number): Register {
    const register = this.#registers++;
    this.#constants.set(register, tensor);
    return register;
  }

  all(
    kernel: string,
    inputs: readonly Register[],
    outputs: number,
    attributes: Attribute[] = [],
  ): Register[] {
    const made = Array.from({ length: outputs }, () => this.#registers++);
    this.#calls.push({ kernel, attributes, inputs, outputs: made, free: [] });
    this.#ids += outputs;
    return made;
  }

  one(kernel: string, inputs: readonly Register[], attributes: Attribute[] = []): Register {
    return this.all(kernel, inputs, 1, attributes)[0]!;
  }

  add = (a: Register, b: Register): Register => this.one('AddV2', [a, b]);
  subtract = (a: Register, b: Register): Register => this.one('Sub', [a, b]);
  multiply = (a: Register, b: Register): Register => this.one('Mul', [a, b]);

  reshape(x: Register, shape: readonly number[]): Register {
    return this.one('Reshape', [x, this.integers(shape)]);
  }

  transpose(x: Register, order: readonly number[]): Register {
    return this.one('Transpose', [x, this.integers(order)]);
  }

  /** From `begin`, `sizes` numbers along each axis. */
  slice(x: Register, begin: readonly number[], sizes: readonly number[]): Register {
    return this.one('Slice', [x, this.integers(begin), this.integers(sizes)]);
  }

  /** Zeros before and after along each axis. */
  pad(x: Register, paddings: readonly (readonly [number, number])[]): Register {
    const key = `paddings ${paddings.join(';')}`;
    const table = this.once(key, () =>
      this.#constant(this.#binding.integers(paddings.flat(), [paddings.length, 2])),
    );
    return this.one('Pad', [x, table]);
  }

  /** Sums or means over axes; these stay, with one place each, where `keep` is set. */
  reduce(kernel: 'Sum' | 'Mean', x: Register, axes: readonly number[], keep = false): Register {
    return this.one(kernel, [x, this.integers(axes)], keep ? [keepDims] : []);
  }

  /** Settles what is freed when; nothing can be added after it. */
  seal(): this {
    const seen = new Set([...this.#inputs.values(), ...this.#outputs.values(), ...this.#constants.keys()]);
    for (const call of this.#calls.toReversed()) {
      call.free = [...new Set([...call.inputs, ...call.outputs])].filter((register) => !seen.has(register));
      for (const register of call.free) seen.add(register);
    }
    return this;
  }

  /** Runs the list. Inputs stay the caller's; outputs become the caller's to free. */
  run(inputs: ReadonlyMap<string, number>): Map<string, number> {
    const tensors = new Map(this.#constants);
    const own = new Set<number>();
    for (const [name, register] of this.#inputs) {
      const tensor = inputs.get(name);
      if (tensor === undefined) throw new Error(`missing input "${name}"`);
      tensors.set(register, tensor);
    }
    try {
      for (const { kernel, attributes, inputs: from, outputs, free } of this.#calls) {
        const made = this.#binding.run(
          kernel,
          attributes,
          from.map((register) => tensors.get(register)!),
          outputs.length,
        );
        outputs.forEach((register, i) => {
          tensors.set(register, made[i]!.id);
          own.add(made[i]!.id);
        });
        for (const register of free) {
          this.#binding.free(tensors.get(register)!);
          own.delete(tensors.get(register)!);
        }
      }
    } catch (error) {
      for (const tensor of own) this.#binding.free(tensor);
      throw error;
    }
    return new Map([...this.#outputs].map(([name, register]) => [name, tensors.get(register)!]));
  }

  close(): void {
    for (const tensor of this.#constants.values()) this.#binding.free(tensor);
    this.#constants.clear();
  }
}
