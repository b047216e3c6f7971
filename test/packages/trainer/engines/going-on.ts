/** Trains by TensorFlow in a process of its own until `steps` are done or the engine is exhausted, and tells how far it came. */
import { checkAxes, type DataShape } from '@smallbatch/program';
import { EngineExhausted, openTensorflow, type State } from '@smallbatch/trainer';
import { bundle } from './bundle.ts';

export interface Order {
  readonly input: Record<string, unknown>;
  readonly data: DataShape;
  readonly runs: number;
  readonly steps: number;
  readonly idLimit: number | undefined;
  /** Where it goes on. */
  readonly from: Reached | undefined;
}

export interface Reached {
  readonly step: number;
  readonly states: State[];
  /** What the engine said when it would not begin a step. */
  readonly exhausted: string | undefined;
}

process.once('disconnect', () => process.exit());
process.once('message', async ({ input, data, runs, steps, idLimit, from }: Order) => {
  const checked = checkAxes({ baseLearningRate: 0.01, epochs: 1, ...input }, data);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const engine = await openTensorflow({ device: 'cpu', ...(idLimit === undefined ? {} : { idLimit }) });
  const session = await engine.open({ axes: checked.axes, data, runs, evaluationBatch: 4 });
  for (let r = 0; r < runs; r++) {
    session.initialise(r, 100 + r);
    if (from) session.restore(r, from.states[r]!);
  }
  let step = from?.step ?? 0;
  let exhausted: string | undefined;
  try {
    for (; step < steps; step++) await session.step(bundle(checked.axes, data, runs, step));
  } catch (error) {
    if (!(error instanceof EngineExhausted)) throw error;
    exhausted = error.message;
  }
  const states = Array.from({ length: runs }, (_, r) => session.state(r));
  process.send!({ step, states, exhausted } satisfies Reached, undefined, undefined, () =>
    process.disconnect(),
  );
});
