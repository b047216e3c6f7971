import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Graph } from '../graph.ts';
import { blockedNode } from './blocked.ts';

let known: Promise<number> | undefined;

/** Channels of a block on this machine: 16 with AVX-512, 8 with AVX2, 1 where ONNX Runtime has no blocked layout. */
export function blockSize(): Promise<number> {
  known ??= measure();
  return known;
}

/** Sends the numbers 0, 1, … of 16 channels of two places into the blocked layout: the first of each channel come out in a row. */
async function measure(): Promise<number> {
  const shape = [1, 16, 1, 2];
  const graph = new Graph();
  graph.output('y', blockedNode(graph, 'ReorderInput', [graph.input('x', shape)], {}), shape);
  try {
    const session = await InferenceSession.create(graph.encode(), {
      executionProviders: ['cpu'],
      logSeverityLevel: 4,
    });
    try {
      const { y } = await session.run({
        x: new Tensor(
          'float32',
          Float32Array.from({ length: 32 }, (_, i) => i),
          shape,
        ),
      });
      const wrong = [...(y!.data as Float32Array)].findIndex((value, i) => value !== 2 * i);
      return [4, 8, 16].includes(wrong) ? wrong : 1;
    } finally {
      await session.release();
    }
  } catch {
    return 1;
  }
}
