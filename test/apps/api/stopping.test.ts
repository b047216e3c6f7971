import { TRAINER_VERSION } from '@smallbatch/program';
import { beforeAll, expect, test } from 'vitest';
import { addDataset } from '../../packages/db/new-run.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
let dataset: { id: string; hash: string; name?: string };
let datasetName: string;
beforeAll(async () => {
  own = await testApi();
  dataset = await addDataset(own.db, own.teamId);
  const [row] = await own.asOwner<{ name: string }>('SELECT name FROM dataset WHERE id = $1', [dataset.id]);
  datasetName = row!.name;
});

async function ask(query: string, variables: object): Promise<Answer> {
  const { data, errors } = await own.ask(query, variables);
  expect(errors).toEqual([]);
  return data;
}

/** A worker that holds every run of a new sweep, in the order of their seeds. */
async function hold(more: object, seeds: number[]) {
  const definition = {
    name: 'stopped',
    dataset: datasetName,
    model: 'resnet8',
    order: 'listed',
    axes: { seed: seeds },
    fixed: { epochs: 20, batchSize: 4, baseLearningRate: 0.01 },
    ...more,
  };
  const { createSweep } = await ask(
    'mutation ($d: JSON!) { createSweep(definition: $d) { __typename ... on CreateSweepSuccess { sweep { key } } ... on InvalidInput { message problems { message } } } }',
    { d: definition },
  );
  expect(createSweep).toMatchObject({ __typename: 'CreateSweepSuccess' });
  const { registerWorker } = await ask(
    'mutation ($i: RegisterWorkerInput!) { registerWorker(input: $i) { id } }',
    {
      i: {
        name: 'w',
        host: 'h',
        pid: 1,
        engine: 'onnx',
        device: 'cpu',
        versions: {},
        trainerVersion: TRAINER_VERSION,
        memoryBytes: 1e12,
      },
    },
  );
  const worker = registerWorker.id as string;
  const claims: { run: string; attempt: number }[] = [];
  for (;;) {
    const { claimRuns } = await ask(
      'mutation ($i: ClaimRunsInput!) { claimRuns(input: $i) { __typename ... on Bundle { claims { attempt run { id seed } } } } }',
      { i: { worker, datasets: [dataset.hash], max: 1, memoryBytes: 1e12, sweep: createSweep.sweep.key } },
    );
    if (claimRuns.__typename !== 'Bundle') break;
    for (const { run, attempt } of claimRuns.claims) claims.push({ run: run.id, attempt });
  }
  expect(claims.length).toBe(seeds.length);
  return { worker, claims, sequences: claims.map(() => 0) };
}
type Held = Awaited<ReturnType<typeof hold>>;

async function report(held: Held, i: number, epochs: number[], accuracies: (number | null)[]): Promise<void> {
  const { run, attempt } = held.claims[i]!;
  const sequence = ++held.sequences[i]!;
  const nonFinite = accuracies.flatMap((value, index) => (value === null ? [{ index, kind: 'NAN' }] : []));
  const steps = epochs.map((epoch) => epoch * 10);
  const series = [{ metric: 'test_accuracy', steps, epochs, values: accuracies, nonFinite }];
  const { reportMetrics } = await ask(
    'mutation ($i: ReportMetricsInput!) { reportMetrics(input: $i) { results { __typename } } }',
    { i: { reports: [{ run, attempt, sequence, series }] } },
  );
  expect(reportMetrics.results).toEqual([{ __typename: 'ReportAccepted' }]);
}

async function beat({ worker, claims }: Held, which = claims.map((_, i) => i)): Promise<string[]> {
  const runs = which.map((i) => ({ ...claims[i]!, step: 1, samplesSeen: 4 }));
  const { heartbeat } = await ask(
    'mutation ($i: HeartbeatInput!) { heartbeat(input: $i) { ... on HeartbeatSuccess { commands { command } } } }',
    { i: { worker, runs } },
  );
  return heartbeat.commands.map(({ command }: { command: string }) => command);
}

test('successive halving ends a run at a rung unless it is one of the best 1/η that got there, and the decision stands', async () => {
  const held = await hold({ strategy: 'halving', halving: { eta: 2, from: 1 } }, [0, 1, 2, 3]);
  await report(held, 0, [1], [0.5]);
  expect(await beat(held)).toEqual(['CONTINUE', 'CONTINUE', 'CONTINUE', 'CONTINUE']);
  await report(held, 1, [1], [0.3]);
  expect(await beat(held)).toEqual(['CONTINUE', 'PRUNE', 'CONTINUE', 'CONTINUE']);
  await report(held, 2, [1], [0.6]);
  await report(held, 3, [1], [null]);
  expect(await beat(held)).toEqual(['CONTINUE', 'PRUNE', 'CONTINUE', 'PRUNE']);
  // The answer was lost: it is given again. And a run that went on at a rung is not asked there again.
  expect(await beat(held)).toEqual(['CONTINUE', 'PRUNE', 'CONTINUE', 'PRUNE']);
  await report(held, 2, [2], [0.61]);
  await report(held, 0, [2], [0.6]);
  expect(await beat(held, [2, 0])).toEqual(['CONTINUE', 'PRUNE']);
});

test('the median rule ends a run whose best is worse than the median of the others, once enough of them got as far', async () => {
  const held = await hold({ median: { after: 2, least: 2 } }, [10, 11, 12]);
  await report(held, 0, [1, 2], [0.4, 0.6]);
  await report(held, 1, [1, 2], [0.5, 0.7]);
  expect(await beat(held)).toEqual(['CONTINUE', 'CONTINUE', 'CONTINUE']);
  await report(held, 2, [1], [0.1]);
  expect(await beat(held)).toEqual(['CONTINUE', 'CONTINUE', 'CONTINUE']);
  await report(held, 2, [2], [0.2]);
  expect(await beat(held)).toEqual(['CONTINUE', 'CONTINUE', 'PRUNE']);
});

test('a heartbeat of 50 runs in a sweep that stops none takes two statements; in one that does, six', async () => {
  const seeds = Array.from({ length: 50 }, (_, i) => 100 + i);
  const plain = await hold({}, seeds);
  own.statements();
  await beat(plain);
  const named = () =>
    own.statements().filter((text) => /\/\* (heartbeat|judged|readCurves|rungs|record)/.test(text));
  expect(named().length).toBe(2);
  const stopped = await hold(
    { strategy: 'halving', fixed: { epochs: 20, batchSize: 8, baseLearningRate: 0.01 } },
    seeds,
  );
  for (const i of stopped.claims.keys()) await report(stopped, i, [1], [i / 100]);
  own.statements();
  await beat(stopped);
  expect(named().length).toBe(6);
});

test('measures that a sweep file asks for reach its runs, and a space with too few cells is refused', async () => {
  const held = await hold({ measures: ['weight_norm', 'gradient_norm'] }, [900]);
  const { node } = await ask('query ($id: ID!) { node(id: $id) { ... on Run { measures } } }', {
    id: held.claims[0]!.run,
  });
  expect(node.measures).toEqual(['gradient_norm', 'weight_norm']);
  const { createSweep } = await ask(
    'mutation ($d: JSON!) { createSweep(definition: $d) { ... on InvalidInput { problems { path message allowed } } } }',
    {
      d: {
        name: 'few',
        dataset: datasetName,
        model: 'resnet8',
        strategy: 'random',
        cells: 9,
        axes: { seed: [0, 1] },
        fixed: { epochs: 1, batchSize: 4, baseLearningRate: 0.01 },
      },
    },
  );
  expect(createSweep.problems).toEqual([
    {
      path: ['cells'],
      message: 'the search space gave 2 different cells in place of 9',
      allowed: 'at most 2 cells of this space',
    },
  ]);
});
