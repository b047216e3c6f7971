import { primitives } from './primitives/index.ts';
import type { StepProgram } from './program.ts';
import { size } from './shape.ts';

/**
 * Runs a program for one run in double precision with plain loops: slow, obvious, and what every engine is compared with.
 * Inputs by name, row-major, in the shapes that the program states.
 */
export function runReference(
  program: StepProgram,
  inputs: Readonly<Record<string, Float64Array>>,
): Record<string, Float64Array> {
  const values = new Map<number, Float64Array>();
  for (const [name, { id, shape }] of program.inputs) {
    const given = inputs[name];
    if (!given) throw new Error(`missing input "${name}" of shape [${shape.join(', ')}]`);
    if (given.length !== size(shape)) {
      throw new Error(`invalid input "${name}": ${given.length} numbers for shape [${shape.join(', ')}]`);
    }
    values.set(id, given);
  }
  for (const { op, inputs: from, outputs, attributes } of program.steps) {
    const results = primitives[op].reference(
      from.map(({ id }) => values.get(id)!),
      from.map(({ shape }) => shape),
      attributes,
    );
    outputs.forEach(({ id }, index) => {
      values.set(id, results[index]!);
    });
  }
  return Object.fromEntries([...program.outputs].map(([name, { id }]) => [name, values.get(id)!]));
}
