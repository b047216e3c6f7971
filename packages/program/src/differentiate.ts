import { primitives } from './primitives/index.ts';
import type { Builder, Value } from './program.ts';

/**
 * Adds the backward pass to a program: reverse accumulation over the steps so far.
 * `seed` is the gradient of `result` (one number, shape []); returns the gradients of `wanted`, in order.
 */
export function differentiate(build: Builder, result: Value, seed: Value, wanted: readonly Value[]): Value[] {
  const forward = [...build.steps];
  // Only what depends on a wanted value needs a gradient: the first convolution's input gradient is never computed.
  const reached = new Set(wanted.map(({ id }) => id));
  for (const step of forward) {
    if (step.inputs.some(({ id }) => reached.has(id))) for (const { id } of step.outputs) reached.add(id);
  }
  const gradients = new Map<number, Value>([[result.id, seed]]);
  for (const step of forward.reverse()) {
    const incoming = step.outputs.map(({ id }) => gradients.get(id));
    const needed = step.inputs.map(({ id }) => reached.has(id));
    if (!incoming.some(Boolean) || !needed.some(Boolean)) continue;
    const { gradient } = primitives[step.op];
    if (!gradient) throw new Error(`unsupported gradient: ${step.op} is not differentiable`);
    gradient(build, step, incoming, needed).forEach((flowing, index) => {
      const input = step.inputs[index];
      if (!flowing || !input || !needed[index]) return;
      const before = gradients.get(input.id);
      gradients.set(input.id, before ? build.apply('add', [before, flowing]) : flowing);
    });
  }
  return wanted.map((value) => {
    const gradient = gradients.get(value.id);
    if (!gradient) throw new Error(`invalid program: value ${value.id} does not influence the result`);
    return gradient;
  });
}
