import { type Shape, size } from '@smallbatch/program';
import { affine, type BlockedContext } from './blocked.ts';

/** Weights of R runs as images of B channels a run, whatever their order is; undefined where they are too few for that. */
export function flatShape(shape: Shape, runs: number, block: number): Shape | undefined {
  const numbers = size(shape);
  return shape.length > 1 && numbers % block === 0 ? [1, runs * block, 1, numbers / block] : undefined;
}

/** w·(1 − η·λ) + move as in the plain layout, in one pass over the weights. */
export function flatDescend({ graph, runs, block, perRun }: BlockedContext, w: string, move: string): string {
  return affine(graph, w, perRun('keep', 4, block), undefined, runs * block, { sum: move });
}
