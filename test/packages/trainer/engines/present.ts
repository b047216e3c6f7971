import { type Engine, openOnnx, openTensorflow } from '@smallbatch/trainer';

export interface Candidate {
  readonly name: Engine['name'];
  readonly engine: Engine | undefined;
  /** Why there is none. */
  readonly reason: string;
}

const open = (name: Engine['name'], opened: Promise<Engine>): Promise<Candidate> =>
  opened.then(
    (engine) => ({ name, engine, reason: '' }),
    (error: Error) => ({ name, engine: undefined, reason: error.message }),
  );

/** Every engine of Smallbatch, with those that this machine has. */
export const engines: readonly Candidate[] = await Promise.all([
  open('onnx', openOnnx()),
  open('tensorflow', openTensorflow({ device: 'cpu' })),
]);
