import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Graph } from './graph.ts';

const SIDE = 768;

/**
 * The limit beside which training is measured: one call is a single-precision product of square matrices in the same
 * runtime, on one thread. → a function that makes `times` products, and the FLOPs of each.
 */
export async function openMatmul(): Promise<{ run(times: number): Promise<void>; flops: number }> {
  const graph = new Graph();
  const shape = [SIDE, SIDE];
  const product = graph.node('MatMul', [graph.input('a', shape), graph.input('b', shape)]);
  graph.output('c', product, shape);
  const session = await InferenceSession.create(graph.encode(), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const matrix = () =>
    new Tensor(
      'float32',
      new Float32Array(SIDE * SIDE).map((_, i) => Math.sin(i)),
      shape,
    );
  const feeds = { a: matrix(), b: matrix() };
  const fetches = { c: matrix() };
  return {
    flops: 2 * SIDE ** 3,
    async run(times) {
      for (let i = 0; i < times; i++) await session.run(feeds, fetches);
    },
  };
}
