import { TRAINER_VERSION } from '@smallbatch/program';
import type { Dashboard } from './dashboard.ts';

const DEFINITION = {
  name: 'grid',
  dataset: ['svhn'],
  model: 'resnet8',
  axes: {
    batchSize: [2, 4, 8, 16, 32, 64],
    baseLearningRate: { powersOfTwo: [-10, -4] },
    batchNorm: [false, true],
    seed: [0, 1],
  },
  fixed: { epochs: 10, width: 8 },
};
const STEPS = 1000;
/** A data set of its own, so that its settings do not mix with those of generated runs (setup/bench/generated.ts). */
const SVHN = {
  ...{ name: 'svhn', hash: 'f'.repeat(64), classes: 10, channels: 3, height: 32, width: 32 },
  ...{ trainCount: 50_000, testCount: 10_000 },
};

interface Claimed {
  readonly attempt: number;
  readonly run: {
    readonly id: string;
    readonly key: string;
    readonly batchSize: number;
    readonly baseLearningRate: number;
    readonly batchNorm: boolean;
    readonly seed: number;
  };
}

/** What becomes of a run is fixed by its axes, whenever it is handed out. */
function fateOf({ batchSize, baseLearningRate, batchNorm, seed }: Claimed['run']) {
  const eta = Math.log2(baseLearningRate);
  const m = Math.log2(batchSize);
  if (m === 6 && eta < -7) return 'waits';
  if (m === 5 && eta === -10) return 'running';
  if (m === 4 && eta === -4 && batchNorm && seed === 1) return 'failed';
  return !batchNorm && eta + m > 0 ? 'diverged' : 'done';
}

function accuracyOf({ batchSize, baseLearningRate, batchNorm, seed }: Claimed['run'], epoch: number): number {
  const [eta, m] = [Math.log2(baseLearningRate), Math.log2(batchSize)];
  const best =
    0.88 - 0.012 * Math.abs(eta + 7) - 0.01 * Math.abs(m - 3) + (batchNorm ? 0.03 : 0) + 0.004 * seed;
  return best * (1 - 0.6 / epoch);
}

/**
 * A sweep `grid-1` of 168 cells, worked through by a worker that speaks the protocol and makes its numbers up: most are done, some
 * diverged, one failed, four are running, some wait. Every number is the same at every call.
 */
export async function fillSweep({ ask, url }: Dashboard): Promise<void> {
  await ask('mutation ($input: DatasetInput!) { addDataset(input: $input) { __typename } }', { input: SVHN });
  const { createSweep } = await ask(
    'mutation ($definition: JSON!) { createSweep(definition: $definition) { __typename ... on InvalidInput { message } } }',
    { definition: DEFINITION },
  );
  if (createSweep.__typename !== 'CreateSweepSuccess') throw new Error(createSweep.message);
  const { registerWorker } = await ask(
    'mutation ($input: RegisterWorkerInput!) { registerWorker(input: $input) { id } }',
    {
      input: {
        name: 'lab-1',
        host: 'lab',
        pid: 1,
        engine: 'onnx',
        device: 'cpu',
        trainerVersion: TRAINER_VERSION,
        versions: {},
      },
    },
  );
  const waiting: Claimed[] = [];
  for (;;) {
    const { claimRuns } = await ask(
      `mutation ($input: ClaimRunsInput!) { claimRuns(input: $input) { __typename ... on Bundle {
        claims { attempt run { id key batchSize baseLearningRate batchNorm seed } } } } }`,
      { input: { worker: registerWorker.id, datasets: [SVHN.hash], max: 64, sweep: 'grid-1' } },
    );
    if (claimRuns.__typename !== 'Bundle') break;
    const claims: readonly Claimed[] = claimRuns.claims;
    await train({ ask, url }, claims);
    waiting.push(...claims.filter(({ run }) => fateOf(run) === 'waits'));
  }
  // Given back only now, or they would be handed out again and again.
  await finish(
    ask,
    waiting.map(({ attempt, run }) => ({
      run: run.id,
      attempt,
      sequence: 0,
      outcome: 'RELEASED',
      reason: 'the machine is needed elsewhere',
      step: 0,
      samplesSeen: 0,
      deviceSeconds: 0,
    })),
  );
}

async function train(
  { ask, url }: Pick<Dashboard, 'ask' | 'url'>,
  claims: readonly Claimed[],
): Promise<void> {
  const records = claims.flatMap(({ attempt, run }) => {
    const fate = fateOf(run);
    const epochs = { waits: 0, running: 4, failed: 2, diverged: 3, done: 10 }[fate];
    const steps = Array.from({ length: epochs }, (_, i) => ((i + 1) * STEPS) / 10);
    const common = { run: run.id, attempt, sequence: 1, steps, epochs: steps.map((_, i) => i + 1) };
    return epochs === 0
      ? []
      : [
          { ...common, metric: 'test_accuracy', values: steps.map((_, i) => accuracyOf(run, i + 1)) },
          { ...common, metric: 'train_loss', values: steps.map((_, i) => 2.3 / (i + 1) + run.seed / 50) },
        ].map((record) => JSON.stringify(record));
  });
  if (records.length > 0) {
    const response = await fetch(`${url}/ingest/points`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: records.join('\n'),
    });
    if (!response.ok) throw new Error(await response.text());
  }
  const ended = claims.flatMap(({ attempt, run }) => {
    const fate = fateOf(run);
    if (fate === 'running' || fate === 'waits') return [];
    const step = fate === 'done' ? STEPS : 310;
    return {
      run: run.id,
      attempt,
      sequence: 1,
      outcome: fate === 'failed' ? 'FAILED' : 'DONE',
      ...(fate === 'diverged' ? { divergedStep: step } : {}),
      ...(fate === 'failed' ? { reason: 'out of memory' } : {}),
      step,
      samplesSeen: step * run.batchSize,
      deviceSeconds: 20 + 200 / run.batchSize,
    };
  });
  await finish(ask, ended);
}

async function finish(ask: Dashboard['ask'], runs: readonly object[]): Promise<void> {
  const { finishRun } = await ask(
    'mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }',
    { input: { runs } },
  );
  const bad = finishRun.results.find(
    ({ __typename }: { __typename: string }) => __typename !== 'RunFinished',
  );
  if (bad) throw new Error(`a run was not ended: ${bad.__typename}`);
}
