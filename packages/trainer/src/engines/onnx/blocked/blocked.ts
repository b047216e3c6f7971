/**
 * Lowerings in ONNX Runtime's own blocked layout (NCHWc), which it otherwise uses for constant weights only: its direct
 * convolutions are two to four times faster than those over an unfolded image, and both gradients are convolutions too.
 *
 * B channels (16 with AVX-512, 8 with AVX2) lie innermost. Declared shapes stay those of the plain layout, as the operators of the domain
 * `com.microsoft.nchwc` want them; only the order in memory differs:
 * - images [m, R·C, H, W] as [m, R·C/B, H, W, B]; those that go in are plain, as the first convolution takes them;
 * - convolution weights [R·F, C, k, k] as [R·F/B, C/B, k, k, B of C, B of F], of the first convolution as [R·F/B, C, k, k, B of F];
 * - vectors and rows are the same in both layouts.
 */
import type { Shape, StepProgram, Value } from '@smallbatch/program';
import type { Graph } from '../graph.ts';
import type { Context, Fusion, Lowered } from '../lower/lowering.ts';

const DOMAIN = 'com.microsoft.nchwc';

export interface BlockedContext extends Context {
  /** B. */
  readonly block: number;
  /** Whether an image value goes in from outside, in the plain layout. */
  isPlain(value: Value): boolean;
  /** Writes what a key stands for once, and gives its name to all who ask. */
  once(key: string, write: () => string): string;
}

export type BlockedLowering = (
  context: BlockedContext,
  inputs: readonly string[],
  step: StepProgram['steps'][number],
) => Lowered[];

/** Values that are weights, velocities or sums of gradients: in their own order of blocks, whatever their shape. */
function weightsOf({ inputs, steps }: StepProgram): Set<number> {
  const found = new Set([...inputs].flatMap(([name, { id }]) => (name === 'images' ? [] : [id])));
  for (const { op, inputs, outputs } of steps) {
    const isUpdate = op === 'convFilterGradient' || op === 'sgd' || op === 'momentum';
    if (isUpdate || (op === 'add' && inputs.some(({ id }) => found.has(id)))) {
      for (const { id } of outputs) found.add(id);
    }
  }
  return found;
}

/** Whether every image of the program, but the ones that go in, has whole blocks of channels. */
export function fitsBlocks(program: StepProgram, block: number): boolean {
  const weights = weightsOf(program);
  const first = program.inputs.get('images')?.shape[1] ?? 0;
  const images = program.steps
    .flatMap(({ outputs }) => outputs)
    .filter(({ id, shape }) => shape.length === 4 && !weights.has(id));
  return first < block && images.every(({ shape }) => shape[1]! % block === 0);
}

/** Order in memory of a parameter: [outer, inner, …] → the same numbers blocked. Shapes as one run has them. */
export function blockWeights(values: Float32Array, shape: Shape, block: number, back = false): Float32Array {
  const [filters = 0, channels = 0, rows = 0, columns = 0] = shape;
  const taps = rows * columns;
  const inner = channels % block === 0 ? block : 1;
  const result = new Float32Array(values.length);
  let place = 0;
  for (let f = 0; f < filters; f += block)
    for (let c = 0; c < channels; c += inner)
      for (let tap = 0; tap < taps; tap++)
        for (let i = 0; i < inner; i++)
          for (let o = 0; o < block; o++) {
            const plain = ((f + o) * channels + c + i) * taps + tap;
            if (back) result[plain] = values[place++]!;
            else result[place++] = values[plain]!;
          }
  return result;
}

type Attributes = Parameters<Graph['node']>[2];

export const blockedNode = (
  graph: Graph,
  op: string,
  inputs: readonly string[],
  attributes: Attributes,
): string => graph.node(op, inputs, attributes, { domain: DOMAIN });

/** [.., n, K] → [.., 1, K] as a product with ones: a reduction would round by how rows lie in memory. */
export const sumOf = (graph: Graph, x: string, n: number): string =>
  graph.matmul(graph.node('Expand', [graph.float(1), graph.ints([1, n])]), x);

/** x·scale + shift (+ sum), then ReLU if asked, of `channels` channels in one pass: a 1×1 convolution of each channel by itself. */
export function affine(
  graph: Graph,
  x: string,
  scale: string,
  shift: string | undefined,
  channels: number,
  { sum, relu }: Fusion = {},
): string {
  const inputs = [x, graph.reshape(scale, [channels, 1, 1, 1]), shift ?? '', ...(sum ? [sum] : [])];
  return blockedNode(graph, 'Conv', inputs, {
    group: channels,
    kernel_shape: [1, 1],
    ...(relu ? { activation: 'Relu' } : {}),
  });
}
