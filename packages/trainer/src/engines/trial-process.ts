/** Five steps on an engine and a device, in a process that may die of it. */
import { score } from '@smallbatch/program';
import { rateOf } from '../rate.ts';
import { type EngineChoice, openEngine } from './engines.ts';
import type { TrialReply } from './trial.ts';
import { TRIAL_DATA as data, trialAxes } from './trial-task.ts';

const STEPS = 5;
const TRIAL_SECONDS = 0.5;

process.once('message', async (choice: EngineChoice) => {
  const reply: TrialReply = await tried(choice).catch((error: Error) => ({
    // ONNX Runtime puts the place in its source before what is the matter.
    error: error.message.split('\n')[0]!.replace(/^\/onnxruntime_src\/.* was false\. /, ''),
  }));
  process.send!(reply, undefined, undefined, () => process.exit(0));
});

async function tried(choice: EngineChoice): Promise<TrialReply> {
  const axes = trialAxes();
  // Only the first session tells of its operators: a log of every step would slow the steps.
  const told = await openEngine({ ...choice, verbose: true });
  const session = await told.open({ axes, data, runs: 1, evaluationBatch: 8 });
  session.initialise(0, 0);
  const { classes, channels, height, width } = data;
  const labels = Array.from({ length: 8 }, (_, i) => i % classes);
  const batch = {
    images: Float32Array.from({ length: 8 * channels * height * width }, (_, i) => Math.sin(i * 0.37)),
    labels: Float32Array.from(
      labels.flatMap((label) => [...Array(classes).keys()].map((k) => +(k === label))),
    ),
    learningRate: Float32Array.of(0.05),
    weightDecay: Float32Array.of(0),
    momentum: Float32Array.of(0),
  };
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    losses.push(score(await session.step(batch), Uint8Array.from(labels), classes).loss);
  }
  await session.close();
  const engine = await openEngine(choice);
  const rate = await rateOf(engine, axes, data, 1, TRIAL_SECONDS);
  return { ...choice, versions: engine.versions, losses, rate };
}
