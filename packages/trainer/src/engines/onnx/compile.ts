import type { Shape, StepProgram, Value } from '@smallbatch/program';
import { Graph } from './graph.ts';
import * as batchNorm from './lower/batch-norm.ts';
import * as conv from './lower/conv.ts';
import * as elementwise from './lower/elementwise.ts';
import type { Lowering } from './lower/lowering.ts';
import * as pool from './lower/pool.ts';
import * as rows from './lower/rows.ts';

const lowerings: Readonly<Record<string, Lowering>> = {
  ...batchNorm,
  ...conv,
  ...elementwise,
  ...pool,
  ...rows,
};

export interface Compiled {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** Shapes of the tensors that go in and out, for R runs. */
  readonly inputs: ReadonlyMap<string, Shape>;
  readonly outputs: ReadonlyMap<string, Shape>;
}

/** Images have the runs among the channels; everything else that goes in or out has them outermost. */
function stacked({ shape, common }: Value, runs: number, isImage: boolean): Shape {
  if (common) return shape;
  const [first, ...rest] = shape;
  if (first === undefined) return [runs];
  if (isImage) return [first, runs * rest[0]!, ...rest.slice(1)];
  // Rows and matrices keep a run axis of their own; vectors and convolution weights join it with their first.
  return shape.length === 2 ? [runs, ...shape] : [runs * first, ...rest];
}

/** The steps that the wanted outputs rest on, in order. */
function needed(program: StepProgram, wanted: ReadonlySet<string>): StepProgram['steps'] {
  const used = new Set([...program.outputs].filter(([name]) => wanted.has(name)).map(([, { id }]) => id));
  return program.steps
    .toReversed()
    .filter(({ inputs, outputs }) => {
      const serves = outputs.some(({ id }) => used.has(id));
      if (serves) for (const { id } of inputs) used.add(id);
      return serves;
    })
    .reverse();
}

/**
 * Compiles the wanted outputs of a step program for R runs side by side into one ONNX graph: one call a step. Imports nothing of Node, so that the
 * same graph can be given to ONNX Runtime in a browser.
 */
export function compile(
  program: StepProgram,
  runs: number,
  wanted: ReadonlySet<string> = new Set(program.outputs.keys()),
): Compiled {
  const graph = new Graph();
  const names = new Map<number, string>();
  const inputs = new Map<string, Shape>();
  for (const [name, value] of program.inputs) {
    const shape = stacked(value, runs, name === 'images');
    inputs.set(name, shape);
    names.set(value.id, graph.input(name, shape));
  }

  const repeated = new Map<string, string>();
  const scalar = (name: string): string => {
    if (name !== 'keep') return name;
    return graph.sub(graph.float(1), graph.mul('learningRate', 'weightDecay'));
  };
  const once = (key: string, make: () => string): string => {
    const made = repeated.get(key) ?? make();
    repeated.set(key, made);
    return made;
  };
  const perRun = (name: string, rank: number, per: number): string =>
    once(`${name} ${rank} ${per}`, () => {
      const value = once(name, () => scalar(name));
      if (rank === 2) return graph.reshape(value, [runs, 1, 1]);
      const wide = graph.node('Expand', [graph.reshape(value, [runs, 1]), graph.ints([runs, per])]);
      return graph.reshape(wide, [runs * per, ...Array.from({ length: rank - 1 }, () => 1)]);
    });

  for (const step of needed(program, wanted)) {
    const lower = lowerings[step.op];
    if (!lower) throw new Error(`unsupported primitive "${step.op}" on engine onnx`);
    const from = step.inputs.map(({ id }) => names.get(id)!);
    lower({ graph, runs, perRun }, from, step).forEach((name, index) => {
      names.set(step.outputs[index]!.id, name);
    });
  }
  const outputs = new Map<string, Shape>();
  for (const [name, value] of program.outputs) {
    if (!wanted.has(name)) continue;
    const shape = stacked(value, runs, false);
    outputs.set(name, shape);
    graph.output(`${name}'`, names.get(value.id)!, shape);
  }
  return { bytes: graph.encode(), inputs, outputs };
}
