import { fillNormal, runReference, type StepProgram } from '@smallbatch/program';
import { expect } from 'vitest';

type Numbers = Record<string, Float64Array>;

/** Largest difference relative to the largest number of the reference. */
export function distance(got: Float32Array | Float64Array, want: Float64Array): number {
  expect(got.length).toBe(want.length);
  const scale = want.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-3);
  return want.reduce((top, value, i) => Math.max(top, Math.abs(value - got[i]!)), 0) / scale;
}

/** How far the reference moves when its images move by about a rounding of what a deep network makes of them. */
const NUDGE = 1e-5;
const NUDGES = 3;

/**
 * The double-precision reference of a step, and a judgement of what an engine made of the same inputs. Where a ReLU's input is
 * nearly zero, or a batch norm's variance, single precision cannot be held to a fixed distance: there, an engine may miss by as
 * much as the reference itself moves when its images are nudged.
 */
export function against(program: StepProgram, inputs: Numbers) {
  const want = runReference(program, inputs);
  let nudged: Numbers[] | undefined;
  const change = (name: string, values: Float32Array | Float64Array): Float64Array => {
    const before = inputs[name];
    // What the step changed, not what it left: a wrong gradient must not hide behind a large weight.
    return before ? Float64Array.from(values, (value, i) => value - before[i]!) : Float64Array.from(values);
  };
  const agrees = (name: string, got: Float32Array, bound: number): void => {
    const wanted = change(name, want[name]!);
    const missed = distance(change(name, got), wanted);
    if (missed < bound) return;
    nudged ??= Array.from({ length: NUDGES }, (_, k) => {
      const noise = new Float32Array(inputs.images!.length);
      fillNormal(noise, 7, 'noise', k);
      const images = inputs.images!.map((value, i) => value * (1 + NUDGE * noise[i]!));
      return runReference(program, { ...inputs, images });
    });
    const moved = nudged.map((other) => distance(change(name, other[name]!), wanted));
    expect(missed, name).toBeLessThan(Math.max(bound, 3 * Math.max(...moved)));
  };
  return { want, agrees };
}
