import type { Shape, StepProgram, Value } from '@smallbatch/program';
import * as blockedBatchNorm from './blocked/batch-norm.ts';
import { type BlockedLowering, fitsBlocks } from './blocked/blocked.ts';
import * as blockedConv from './blocked/conv.ts';
import * as blockedPool from './blocked/pool.ts';
import { flatDescend, flatShape } from './blocked/update.ts';
import { Graph } from './graph.ts';
import * as batchNorm from './lower/batch-norm.ts';
import * as conv from './lower/conv.ts';
import * as elementwise from './lower/elementwise.ts';
import type { Deferred, Fusion, Lowered, Lowering } from './lower/lowering.ts';
import * as pool from './lower/pool.ts';
import * as rows from './lower/rows.ts';
import { descend } from './lower/update.ts';

const plainly: Readonly<Record<string, Lowering>> = {
  ...batchNorm,
  ...conv,
  ...elementwise,
  ...pool,
  ...rows,
};
const inBlocks: Readonly<Record<string, BlockedLowering>> = {
  ...plainly,
  ...blockedBatchNorm,
  ...blockedConv,
  ...blockedPool,
};

export interface Compiled {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** Shapes of the tensors that go in and out, for R runs. */
  readonly inputs: ReadonlyMap<string, Shape>;
  readonly outputs: ReadonlyMap<string, Shape>;
  /** Channels of a block where images and convolution weights are blocked, else 1. */
  readonly block: number;
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

export interface CompileOptions {
  /** Names of the outputs that are computed; all unless said. */
  readonly wanted?: ReadonlySet<string>;
  /** Inputs that are written into the graph, for one run in the plain layout. */
  readonly constants?: ReadonlyMap<string, Float32Array>;
  /** Channels of a block of the device's blocked layout; 1 for none. Programs that have other channels are compiled plainly. */
  readonly block?: number;
  /** Whether the graph keeps to operators that every device has. */
  readonly portable?: boolean;
}

/**
 * Compiles a step program for R runs side by side into one ONNX graph: one call a step. Imports nothing of Node, so that the
 * same graph can be given to ONNX Runtime in a browser.
 */
export function compile(
  program: StepProgram,
  runs: number,
  {
    wanted = new Set(program.outputs.keys()),
    block: offered = 1,
    constants,
    portable = false,
  }: CompileOptions = {},
): Compiled {
  const graph = new Graph({ portable });
  const block = offered > 1 && fitsBlocks(program, offered) ? offered : 1;
  const names = new Map<number, string>();
  const inputs = new Map<string, Shape>();
  // Weights go in and come out as the update has them, so that it copies nothing.
  const updated = new Set(
    program.steps.flatMap(({ op, inputs: [left] }) => (op === 'sgd' ? [left!.id] : [])),
  );
  const flat = new Map<number, { readonly name: string; readonly shape: Shape }>();
  for (const [name, value] of program.inputs) {
    const shape = stacked(value, runs, name === 'images');
    const constant = constants?.get(name);
    const view = block > 1 && updated.has(value.id) ? flatShape(value.shape, runs, block) : undefined;
    if (constant) names.set(value.id, graph.floats(name, constant, shape));
    else if (view) {
      inputs.set(name, view);
      flat.set(value.id, { name: graph.input(name, view), shape: view });
      names.set(value.id, graph.reshape(name, shape));
    } else {
      inputs.set(name, shape);
      names.set(value.id, graph.input(name, shape));
    }
  }

  const repeated = new Map<string, string>();
  const scalar = (name: string): string => {
    if (name === 'keep') return graph.sub(graph.float(1), graph.mul('learningRate', 'weightDecay'));
    return name === 'descent' ? graph.node('Neg', ['learningRate']) : name;
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

  const steps = needed(program, wanted);
  const uses = new Map<number, number>();
  for (const { inputs } of steps) for (const { id } of inputs) uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const [name, { id }] of program.outputs) if (wanted.has(name)) uses.set(id, (uses.get(id) ?? 0) + 1);
  const given = new Set([...program.inputs.values()].map(({ id }) => id));
  const context = { graph, runs, perRun, once, block, isPlain: ({ id }: Value) => given.has(id) };
  /** Values whose nodes wait for what follows in the same pass. */
  const waiting = new Map<number, Deferred>();
  const keep = (id: number, lowered: Lowered): void => {
    if (typeof lowered === 'string') names.set(id, lowered);
    else waiting.set(id, lowered);
  };
  const nameOf = ({ id }: Value): string => {
    const deferred = waiting.get(id);
    if (deferred) names.set(id, deferred.write({}));
    waiting.delete(id);
    return names.get(id)!;
  };
  /** The writer of a value that nothing else uses, if it takes along what follows. */
  const take = ({ id }: Value, takes: Deferred['takes']): Deferred | undefined => {
    const deferred = uses.get(id) === 1 ? waiting.get(id) : undefined;
    if (deferred?.takes !== takes) return undefined;
    waiting.delete(id);
    return deferred;
  };
  const lowerings = block > 1 ? inBlocks : plainly;
  for (const step of steps) {
    const [left, right] = step.inputs;
    const out = step.outputs[0]!.id;
    if (step.op === 'relu') {
      const deferred = take(left!, 'sum and relu');
      if (deferred) {
        names.set(out, deferred.write({ relu: true }));
        continue;
      }
    }
    if (step.op === 'add') {
      const first = take(left!, 'sum and relu');
      const deferred = first ?? take(right!, 'sum and relu');
      if (deferred) {
        const sum = nameOf(first ? right! : left!);
        const write = (fusion: Fusion): string => {
          if (fusion.sum === undefined) return deferred.write({ sum, relu: fusion.relu });
          const both = graph.add(deferred.write({ sum }), fusion.sum);
          return fusion.relu ? graph.node('Relu', [both]) : both;
        };
        waiting.set(out, { takes: 'sum and relu', write });
        continue;
      }
    }
    if (step.op === 'sgd') {
      // η goes into the smaller factor of the product that is the gradient.
      const { id, shape } = left!;
      const factor = perRun('descent', shape.length, shape[0]!);
      const move = take(right!, 'factor')?.write({ factor }) ?? graph.mul(nameOf(right!), factor);
      const view = flat.get(id);
      if (view) {
        flat.set(step.outputs[0]!.id, view);
        names.set(out, flatDescend(context, view.name, graph.reshape(move, view.shape)));
      } else names.set(out, descend(context, nameOf(left!), move, shape));
      continue;
    }
    const lower = lowerings[step.op];
    if (!lower) throw new Error(`unsupported primitive "${step.op}" on engine onnx`);
    lower(context, step.inputs.map(nameOf), step).forEach((lowered, index) => {
      keep(step.outputs[index]!.id, lowered);
    });
  }
  const outputs = new Map<string, Shape>();
  for (const [name, value] of program.outputs) {
    if (!wanted.has(name)) continue;
    const shape = flat.get(value.id)?.shape ?? stacked(value, runs, false);
    outputs.set(name, shape);
    graph.output(constants ? name : `${name}'`, nameOf(value), shape);
  }
  return { bytes: graph.encode(), inputs, outputs, block };
}
