import type { Shape, Step } from '@smallbatch/program';
import type { Graph } from '../graph.ts';

/**
 * How a primitive of one run becomes nodes for R runs side by side. Layouts: images [m, R·C, H, W] (run r owns the channels
 * from r·C), rows [R, m, K], matrices [R, K, O], convolution weights [R·F, C, k, k], vectors [R·C], numbers [R];
 * statistics of batch norm [groups, R·C]. Values that all runs share (evaluation images) have no run dimension.
 */
export interface Context {
  readonly graph: Graph;
  readonly runs: number;
  /** Name of a constant input η, λ or μ, repeated so that it multiplies values whose first axis is R·per. */
  perRun(scalar: string, rank: number, per: number): string;
}

/** What follows a value and may be done in the same pass: a factor for each run [R, 1, 1], or a value to add and then a ReLU. */
export interface Fusion {
  readonly factor?: string | undefined;
  readonly sum?: string | undefined;
  readonly relu?: boolean | undefined;
}

/** A value whose nodes are written down once it is known what follows, and what it may take along. */
export interface Deferred {
  readonly takes: 'factor' | 'sum and relu';
  write(fusion: Fusion): string;
}

/** The name of a tensor, or what will write one. */
export type Lowered = string | Deferred;

/** Names of the inputs' tensors → names of the outputs' tensors. */
export type Lowering = (context: Context, inputs: readonly string[], step: Step) => Lowered[];

/** [m, C, H, W] of an image value, as four numbers. */
export function image(shape: Shape): { m: number; channels: number; height: number; width: number } {
  const [m = 0, channels = 0, height = 0, width = 0] = shape;
  return { m, channels, height, width };
}
