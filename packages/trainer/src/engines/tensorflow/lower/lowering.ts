import type { Shape, Step } from '@smallbatch/program';
import type { Kernels, Register } from '../kernels.ts';

/**
 * What a lowering writes with. Layouts for R runs: images [m, H, W, R·C], rows [R, m, K], matrices [R, K, O], convolution
 * weights [k, k, C, R·F], vectors [R·C], one number each [R], statistics of g groups [R·C] for g = 1, else [g, R·C].
 */
export interface Context {
  readonly kernels: Kernels;
  readonly runs: number;
  /** A number of each run ("learningRate", …) so that it meets values of one run's `shape` in their layout. */
  perRun(name: string, shape: Shape): Register;
  /** What a fused batch norm keeps for its gradient, by the id of the mean. */
  readonly reserves: Map<number, readonly Register[]>;
}

/** Writes the kernels of a primitive. → the registers of its outputs. */
export type Lowering = (context: Context, inputs: readonly Register[], step: Step) => Register[];

export interface ImageShape {
  readonly m: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export function image([m = 0, channels = 0, height = 0, width = 0]: Shape): ImageShape {
  return { m, channels, height, width };
}
