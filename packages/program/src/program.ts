/**
 * A step program: a training step (or an evaluation) as data. A program is a list of primitives over values whose shapes are
 * those of ONE run; an engine adds the dimension of R runs side by side. Images are [m, C, H, W], rows are [m, K],
 * convolution weights are [F, C, k, k], matrices are [K, O], and per-channel or per-unit vectors are [C].
 */
import type { PrimitiveName } from './primitives/index.ts';
import { primitives } from './primitives/index.ts';
import type { Shape } from './shape.ts';

export type Attributes = Readonly<Record<string, number | boolean>>;

export interface Value {
  readonly id: number;
  readonly shape: Shape;
  /** All runs see the same numbers (evaluation images): an engine stores it once, not R times. */
  readonly common: boolean;
}

export interface Step {
  readonly op: PrimitiveName;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

export interface StepProgram {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly steps: readonly Step[];
}

/** What a primitive is: everything that is known of an operation, apart from how an engine runs it. */
export interface Primitive {
  /** Shapes of the outputs; throws when the inputs do not fit. */
  shape(inputs: readonly Shape[], attributes: Attributes): Shape[];
  /** Plain loops in double precision, row-major: what every engine is held to. */
  reference(
    inputs: readonly Float64Array[],
    shapes: readonly Shape[],
    attributes: Attributes,
  ): Float64Array[];
  /** Gradients of the inputs from those of the outputs (undefined: nothing flows). Absent: not differentiable. */
  gradient?(
    build: Builder,
    step: Step,
    gradients: readonly (Value | undefined)[],
    wanted: readonly boolean[],
  ): (Value | undefined)[];
  /** Multiply-adds, for those that count as arithmetic (convolutions and matrix products). */
  multiplyAdds?(inputs: readonly Shape[], attributes: Attributes): number;
}

/** Writes a program down, one primitive after the other. */
export class Builder {
  readonly inputs = new Map<string, Value>();
  readonly outputs = new Map<string, Value>();
  readonly steps: Step[] = [];
  #next = 0;

  input(name: string, shape: Shape, { common = false } = {}): Value {
    if (this.inputs.has(name)) throw new Error(`invalid program: two inputs are called "${name}"`);
    const value = { id: this.#next++, shape, common };
    this.inputs.set(name, value);
    return value;
  }

  output(name: string, value: Value): void {
    if (this.outputs.has(name)) throw new Error(`invalid program: two outputs are called "${name}"`);
    this.outputs.set(name, value);
  }

  /** Adds a primitive that has one output. */
  apply(op: PrimitiveName, inputs: Value[], attributes: Attributes = {}): Value {
    return this.applyAll(op, inputs, attributes)[0]!;
  }

  applyAll(op: PrimitiveName, inputs: Value[], attributes: Attributes = {}): Value[] {
    const shapes = primitives[op].shape(
      inputs.map(({ shape }) => shape),
      attributes,
    );
    const outputs = shapes.map((shape) => ({ id: this.#next++, shape, common: false }));
    this.steps.push({ op, inputs, outputs, attributes });
    return outputs;
  }

  program(): StepProgram {
    return { inputs: this.inputs, outputs: this.outputs, steps: this.steps };
  }
}

/** Forward multiply-adds of a program. */
export function multiplyAdds(program: StepProgram): number {
  return program.steps.reduce(
    (sum, { op, inputs, attributes }) =>
      sum +
      (primitives[op].multiplyAdds?.(
        inputs.map(({ shape }) => shape),
        attributes,
      ) ?? 0),
    0,
  );
}
