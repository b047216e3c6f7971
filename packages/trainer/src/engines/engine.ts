import type { Axes, DataShape } from '@smallbatch/program';

/** What executes training steps for a worker. */
export interface Engine {
  readonly name: 'onnx' | 'tensorflow';
  readonly device: string;
  /** Versions of the engine and of what it stands on, recorded with every attempt. */
  readonly versions: Readonly<Record<string, string>>;
  /** Most bytes that the steps of a session may take, as far as the engine knows. */
  readonly memoryBytes: number;
  open(options: SessionOptions): Promise<Session>;
}

export interface SessionOptions {
  /** Of any run of the bundle: what shapes the program is equal in all of them. */
  readonly axes: Axes;
  readonly data: DataShape;
  /** R, the runs that train side by side. */
  readonly runs: number;
  /** Images of one evaluation call. */
  readonly evaluationBatch: number;
  /** Samples that a step takes at once, a divisor of m: as many as the engine finds good unless said. */
  readonly part?: number;
}

export interface Batch {
  /** [m, R·C, H, W], normalised; run r owns the channels from r·C. */
  readonly images: Float32Array;
  /** [R, m, classes], one-hot. */
  readonly labels: Float32Array;
  /** η of each run, [R]. */
  readonly learningRate: Float32Array;
  /** λ of each run, [R]. */
  readonly weightDecay: Float32Array;
  /** μ of each run, [R]; used with momentum only. */
  readonly momentum: Float32Array;
}

/** Parameters, running statistics and velocities of one run by name, in the shapes of the step program. */
export type State = Map<string, Float32Array>;

/** R runs that train side by side. A run never influences the bits of another, not even when its numbers are NaN. */
export interface Session {
  readonly runs: number;
  /** He-normal weights, zero biases, fresh running statistics: a function of the seed alone. */
  initialise(slot: number, seed: number): void;
  /** One training step of all R runs. → logits [R, m, classes] before the update; overwritten by the next step. */
  step(batch: Batch): Promise<Float32Array>;
  /** Logits [R, n, classes] of images [n, C, H, W], n = evaluationBatch; running statistics in batch norm; overwritten too. */
  evaluate(images: Float32Array): Promise<Float32Array>;
  /** Gradients of the mean loss of a batch by trained parameter, [R, …] each; the state stays as it is. */
  gradients(batch: Pick<Batch, 'images' | 'labels'>): Promise<State>;
  state(slot: number): State;
  restore(slot: number, state: State): void;
  close(): Promise<void>;
}

/**
 * An engine has used up something that only a new process has again (tensor ids). Thrown before a step, which has not happened:
 * states can still be read, so that the runs go on from checkpoints in a process that is started afresh.
 */
export class EngineExhausted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EngineExhausted';
  }
}
