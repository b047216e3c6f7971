import { expect, test } from 'vitest';
import { record } from './results.ts';
import { testApi } from './server.ts';

const own = await testApi();

test('values of cells stand in the order of their positions, of what is done and did not diverge', async () => {
  const shape = { classes: 2, channels: 1, height: 8, width: 8, trainCount: 64, testCount: 64 };
  await own.ask(
    'mutation ($input: DatasetInput!) { addDataset(input: $input) { __typename ... on InvalidInput { message } } }',
    { input: { name: 'tiny', hash: '1'.repeat(64), ...shape } },
  );
  const definition = {
    name: 'values',
    dataset: 'tiny',
    model: 'resnet8',
    axes: { batchSize: [2, 4], seed: [0, 1, 2] },
    fixed: { baseLearningRate: 0.01, epochs: 1 },
    order: 'listed',
  };
  const { data } = await own.ask(
    'mutation ($definition: JSON!) { createSweep(definition: $definition) { ... on CreateSweepSuccess { sweep { key } } ... on InvalidInput { problems { message } } } }',
    { definition },
  );
  const { key } = data.createSweep.sweep;
  await record(own, `${key}/2`, { value: 0.5 });
  await record(own, `${key}/3`, { value: 0.25, status: 'FAILED' });
  await record(own, `${key}/4`, { value: 0.125, diverged: true });
  await record(own, `${key}/5`, { value: Number.NaN });
  await record(own, `${key}/6`, { value: 0.75 });
  const answer = await own.ask(
    'query ($key: String!) { sweep(key: $key) { cellTable { values } part: cellTable(first: 2, skip: 4) { positions values(metric: "test_accuracy") } none: cellTable(first: 1) { values(metric: "no_such") } } }',
    { key },
  );
  expect(answer.errors).toEqual([]);
  expect(answer.data.sweep).toEqual({
    cellTable: { values: [null, 0.5, null, null, null, 0.75] },
    part: { positions: [5, 6], values: [null, 0.75] },
    none: { values: [null] },
  });
});
