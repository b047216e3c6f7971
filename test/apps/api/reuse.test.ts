import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset } from '../../packages/db/new-run.ts';
import { record } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
beforeAll(async () => {
  own = await testApi();
  await addDataset(own.db, own.teamId, 'shapes');
});

const MUTATION = `mutation ($definition: JSON!) { createSweep(definition: $definition) { __typename
  ... on CreateSweepSuccess { created reused sweep { key reusedFrom { member status cells } reusedCells { position run status member } } }
  ... on InvalidInput { message } } }`;

async function create(name: string, batchSizes: number[], more: object = {}): Promise<Answer> {
  const definition = {
    name,
    dataset: ['shapes'],
    model: 'resnet8',
    axes: { batchSize: batchSizes, seed: [0, 1] },
    fixed: { epochs: 2, baseLearningRate: 0.001, batchNorm: true },
    order: 'listed',
    ...more,
  };
  const { data, errors } = await own.ask(MUTATION, { definition });
  expect(errors).toEqual([]);
  expect(data.createSweep.__typename).toBe('CreateSweepSuccess');
  return data.createSweep;
}

describe('an overlapping grid', () => {
  test('trains only its new cells, and says whose runs answer the others and where they stand', async () => {
    const first = await create('first', [2, 4]);
    expect(first).toMatchObject({ created: 4, reused: 0 });
    expect(first.sweep.reusedFrom).toEqual([]);
    const [done, running] = [`${first.sweep.key}/1`, `${first.sweep.key}/2`];
    await record(own, done, { value: 0.5 });
    await record(own, running, { status: 'RUNNING' });
    const second = await create('second', [2, 8]);
    expect(second).toMatchObject({ created: 2, reused: 2 });
    const { data } = await own.ask('{ viewer { member { key } } }');
    const member = data.viewer.member.key;
    expect(second.sweep.reusedFrom).toEqual([
      { member, status: 'RUNNING', cells: 1 },
      { member, status: 'DONE', cells: 1 },
    ]);
    expect(second.sweep.reusedCells).toEqual([
      { position: 1, run: done, status: 'DONE', member },
      { position: 2, run: running, status: 'RUNNING', member },
    ]);
  });

  test('is trained again with reuse: false, and its runs count as duplicates', async () => {
    const again = await create('again', [2], { reuse: false });
    expect(again).toMatchObject({ created: 2, reused: 0 });
    await record(own, `${again.sweep.key}/1`, { value: 0.9 });
    const { data } = await own.ask(
      '{ aggregate(where: { batchSize: { eq: 2 } }, by: [BATCH_SIZE]) { groups { n mean duplicates } } }',
    );
    expect(data.aggregate.groups).toEqual([{ n: 1, mean: 0.5, duplicates: 2 }]);
  });
});

test('twelve creations of one grid at once train nothing twice, and cancelling eleven of them leaves the last whole', async () => {
  const made: Answer[] = await Promise.all(
    Array.from({ length: 12 }, (_, i) => create(`same ${i}`, [16, 32, 64])),
  );
  expect(made.reduce((sum, { created }) => sum + created, 0)).toBe(6);
  expect(made.reduce((sum, { reused }) => sum + reused, 0)).toBe(66);
  const kept = made.at(-1).sweep.key;
  await Promise.all(
    made.slice(0, -1).map(async ({ sweep }) => {
      const { data } = await own.ask(
        'mutation ($key: String!) { cancelSweep(key: $key) { ... on SweepChanged { runs } } }',
        { key: sweep.key },
      );
      expect(data.cancelSweep.runs).toBe(0);
    }),
  );
  const { data } = await own.ask(
    'query ($key: String!) { sweep(key: $key) { status counts { WAITING: waiting CANCELLED: cancelled } } }',
    { key: kept },
  );
  expect(data.sweep).toEqual({ status: 'WAITING', counts: { WAITING: 6, CANCELLED: 0 } });
});
