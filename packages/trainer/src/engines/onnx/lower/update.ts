import type { Shape } from '@smallbatch/program';
import type { Context } from './lowering.ts';

/** w·(1 − η·λ) + move, where move = −η·g: the same as w − η·(g + λ·w) with one pass less. */
export function descend({ graph, perRun }: Context, w: string, move: string, shape: Shape): string {
  return graph.add(graph.mul(w, perRun('keep', shape.length, shape[0]!)), move);
}
