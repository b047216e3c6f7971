import type { Shape } from '@smallbatch/program';
import { encodeModel } from './protobuf.ts';

type AttributeValue = number | readonly number[] | string | { readonly float: number };

const FLOAT = 1;
const INT64 = 7;
const OPSET = 18;
/** Version of the file format; 9 is what ONNX Runtime 1.17 and later read. */
const IR_VERSION = 9;

function attribute(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return { name, i: value, type: 2 };
  if (typeof value === 'string') return { name, s: new TextEncoder().encode(value), type: 3 };
  if ('float' in value) return { name, f: value.float, type: 1 };
  return { name, ints: value, type: 7 };
}

const info = (name: string, shape: Shape): object => ({
  name,
  type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
});

/** Writes an ONNX graph down: nodes in order, constants once each. Names are its own. */
export class Graph {
  /** Whether it keeps to operators that every device has. */
  readonly portable: boolean;
  readonly #nodes: object[] = [];
  readonly #initializers = new Map<string, object>();
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];
  #next = 0;

  constructor({ portable = false } = {}) {
    this.portable = portable;
  }

  /** Adds a node with one output and returns its name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    { domain = '', output = `t${this.#next++}` } = {},
  ): string {
    this.#nodes.push({
      input: inputs,
      output: [output],
      name: `${opType}_${output}`,
      opType,
      domain,
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
    return output;
  }

  /** A constant of whole numbers: shapes, axes, pads. */
  ints(values: readonly number[]): string {
    const name = `i_${values.join('_').replaceAll('-', 'n')}`;
    const rawData = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    this.#initializers.set(name, { name, dims: [values.length], dataType: INT64, rawData });
    return name;
  }

  /** A constant number, shape []. */
  float(value: number): string {
    return this.floats(`f_${String(value).replaceAll('-', 'n')}`, Float32Array.of(value), []);
  }

  /** A constant array; one name always stands for the same numbers. */
  floats(name: string, values: Float32Array, dims: Shape): string {
    this.#initializers.set(name, { name, dims, dataType: FLOAT, rawData: new Uint8Array(values.buffer) });
    return name;
  }

  input(name: string, shape: Shape): string {
    this.#inputs.push(info(name, shape));
    return name;
  }

  /** Gives a value its public name. */
  output(name: string, value: string, shape: Shape): void {
    this.node('Identity', [value], {}, { output: name });
    this.#outputs.push(info(name, shape));
  }

  encode(): Uint8Array {
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'smallbatch',
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: 'com.microsoft', version: 1 },
        { domain: 'com.microsoft.nchwc', version: 1 },
      ],
      graph: {
        name: 'step',
        node: this.#nodes,
        initializer: [...this.#initializers.values()],
        input: this.#inputs,
        output: this.#outputs,
      },
    });
  }

  // Short forms for what the lowering needs at every turn.

  reshape(x: string, shape: readonly number[]): string {
    return this.node('Reshape', [x, this.ints(shape)]);
  }

  transpose(x: string, perm: readonly number[]): string {
    return this.node('Transpose', [x], { perm });
  }

  slice(x: string, axes: readonly number[], starts: number[], ends: number[], steps?: number[]): string {
    const inputs = [x, this.ints(starts), this.ints(ends), this.ints(axes)];
    if (steps) inputs.push(this.ints(steps));
    return this.node('Slice', inputs);
  }

  /**
   * Pads the given axes of a value of four; the fill is zero unless said. Portable graphs list all four, as ONNX Runtime's change
   * of layout for a GPU takes the pads of a few axes for those of the first.
   */
  pad(x: string, axes: readonly number[], before: number[], after: number[], fill = 0): string {
    if (!this.portable) {
      return this.node('Pad', [x, this.ints([...before, ...after]), this.float(fill), this.ints(axes)]);
    }
    const of = (pads: number[]): number[] => [0, 1, 2, 3].map((axis) => pads[axes.indexOf(axis)] ?? 0);
    return this.node('Pad', [x, this.ints([...of(before), ...of(after)]), this.float(fill)]);
  }

  concat(parts: readonly string[], axis: number): string {
    return this.node('Concat', parts, { axis });
  }

  mul(a: string, b: string): string {
    return this.node('Mul', [a, b]);
  }

  add(a: string, b: string): string {
    return this.node('Add', [a, b]);
  }

  sub(a: string, b: string): string {
    return this.node('Sub', [a, b]);
  }

  reduceMean(x: string, axes: readonly number[], keepdims = 1): string {
    return this.node('ReduceMean', [x, this.ints(axes)], { keepdims });
  }

  reduceSum(x: string, axes: readonly number[], keepdims = 1): string {
    return this.node('ReduceSum', [x, this.ints(axes)], { keepdims });
  }

  /**
   * a·b of stacks of matrices of so many axes, one or both transposed; the CPU's kernel needs no copy for that. Portable graphs
   * write the transposition out, as other devices have no such operator.
   */
  matmul(a: string, b: string, { transA = 0, transB = 0, rank = 3 } = {}): string {
    if (!this.portable) {
      return this.node('FusedMatMul', [a, b], { transA, transB }, { domain: 'com.microsoft' });
    }
    const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
    return this.node('MatMul', [transA ? this.transpose(a, perm) : a, transB ? this.transpose(b, perm) : b]);
  }
}
