import type { Shape, StepProgram } from '@smallbatch/program';
import type { Binding } from './binding.ts';
import { Kernels, type Register } from './kernels.ts';
import * as batchNorm from './lower/batch-norm.ts';
import * as conv from './lower/conv.ts';
import * as elementwise from './lower/elementwise.ts';
import type { Context, Lowering } from './lower/lowering.ts';
import * as pool from './lower/pool.ts';
import * as rows from './lower/rows.ts';

const lowerings: Readonly<Record<string, Lowering>> = {
  ...batchNorm,
  ...conv,
  ...elementwise,
  ...pool,
  ...rows,
};

/**
 * A step program for R runs side by side as a list of kernels. Inputs and outputs have the program's names. Images go in as
 * [m, R·C, H, W], or [n, C, H, W] where all runs see the same; everything else in the layouts of the lowerings.
 */
export function compile(
  program: StepProgram,
  runs: number,
  binding: Binding,
  wanted: ReadonlySet<string> = new Set(program.outputs.keys()),
): Kernels {
  const kernels = new Kernels(binding);
  const registers = new Map<number, Register>();
  for (const [name, { id }] of program.inputs) {
    const given = kernels.input(name);
    registers.set(id, name === 'images' ? kernels.transpose(given, [0, 2, 3, 1]) : given);
  }
  const perRun = (name: string, shape: Shape): Register => {
    const value = kernels.once(`each ${name}`, () => {
      if (name !== 'keep') return kernels.inputs.get(name)!;
      const decayed = kernels.multiply(
        kernels.inputs.get('learningRate')!,
        kernels.inputs.get('weightDecay')!,
      );
      return kernels.subtract(kernels.float(1), decayed);
    });
    // One number meets every shape.
    if (runs === 1) return value;
    if (shape.length === 2) {
      return kernels.once(`each ${name} of matrices`, () => kernels.reshape(value, [runs, 1, 1]));
    }
    const per = shape[0]!;
    return kernels.once(`each ${name} × ${per}`, () => {
      const wide = kernels.one('BroadcastTo', [
        kernels.reshape(value, [runs, 1]),
        kernels.integers([runs, per]),
      ]);
      return kernels.reshape(wide, [runs * per]);
    });
  };
  const context: Context = { kernels, runs, perRun, reserves: new Map() };
  for (const step of needed(program, wanted)) {
    const lower = lowerings[step.op];
    if (!lower) throw new Error(`unsupported primitive "${step.op}" on engine tensorflow`);
    const inputs = step.inputs.map(({ id }) => registers.get(id)!);
    lower(context, inputs, step).forEach((register, i) => {
      registers.set(step.outputs[i]!.id, register);
    });
  }
  for (const name of wanted) kernels.output(name, registers.get(program.outputs.get(name)!.id)!);
  return kernels.seal();
}

/** The steps that the wanted outputs rest on, in order. */
function needed(program: StepProgram, wanted: ReadonlySet<string>): StepProgram['steps'] {
  const used = new Set([...wanted].map((name) => program.outputs.get(name)!.id));
  return program.steps
    .toReversed()
    .filter(({ inputs, outputs }) => {
      const serves = outputs.some(({ id }) => used.has(id));
      if (serves) for (const { id } of inputs) used.add(id);
      return serves;
    })
    .reverse();
}
