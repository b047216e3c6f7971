import { createSweep } from '@smallbatch/db';
import { beforeAll, expect, test } from 'vitest';
import { settingsOf } from '../../../packages/db/src/read/settings.ts';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { record } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
let dataset: string;
beforeAll(async () => {
  own = await testApi();
  dataset = (await addDataset(own.db, own.teamId)).id;
});

const ask = async (query: string): Promise<Answer> => {
  const { data, errors } = await own.ask(query);
  expect(errors).toEqual([]);
  return data;
};
async function trained(runs: ReturnType<typeof newRun>[], values: number[], given = {}): Promise<string[]> {
  const owner = { teamId: own.teamId, memberId: own.memberId };
  const sweep = await createSweep(own.db, newSweep(owner, runs, given));
  const keys = runs.map((_, i) => `${sweep.key}/${i + 1}`);
  for (const [i, key] of keys.entries()) await record(own, key, { value: values[i]! });
  return keys;
}

test('runs of two versions of the trainer are of two settings: told as varying, never taken as one', async () => {
  const runs = ['1.0.0', '2.0.0'].flatMap((trainerVersion) =>
    [0, 1].map((seed) => newRun(dataset, { trainerVersion, seed })),
  );
  await trained(runs, [0.5, 0.6, 0.8, 0.9]);
  const GROUPS = 'groups { trainerVersion unit n mean settings varying best { trainerVersion candidates } }';
  const { plain, best, by } = await ask(`{
    plain: aggregate(by: []) { ${GROUPS} }
    best: aggregate(by: [], best: [BASE_LEARNING_RATE]) { ${GROUPS} }
    by: aggregate(by: [TRAINER_VERSION], best: [BASE_LEARNING_RATE]) { ${GROUPS} } }`);
  expect(plain.groups).toMatchObject([{ unit: 'SETTING', n: 2, settings: 2, varying: ['TRAINER_VERSION'] }]);
  expect(best.groups).toMatchObject([{ unit: 'SETTING', n: 2, varying: ['TRAINER_VERSION'], best: null }]);
  expect(by.groups).toMatchObject([
    { trainerVersion: '1.0.0', unit: 'RUN', n: 2, best: { trainerVersion: '1.0.0', candidates: 1 } },
    { trainerVersion: '2.0.0', unit: 'RUN', n: 2, best: { candidates: 1 } },
  ]);
  const { compare } = await ask(
    '{ compare(a: { trainerVersion: { eq: "1.0.0" } }, b: { trainerVersion: { eq: "2.0.0" } }) { n mean ignored } }',
  );
  expect(compare).toMatchObject({ n: 1, ignored: ['TRAINER_VERSION'] });
  expect(compare.mean).toBeCloseTo(-0.3, 12);
});

test('where the first run failed and one trained again is done, coverage and statistics both count that', async () => {
  const run = newRun(dataset, { batchSize: 64 });
  const [first] = await trained([run], [0.1]);
  const [again] = await trained([run], [0.7], { reuse: false });
  await own.asOwner(`UPDATE run SET status = 'FAILED' WHERE key = $1`, [first]);
  const where = 'where: { batchSize: { eq: 64 } }, by: [BATCH_SIZE]';
  const { coverage, aggregate } = await ask(
    `{ coverage(${where}) { cells { done failed duplicates } } aggregate(${where}) { groups { n mean failed duplicates runKeys { keys } } } }`,
  );
  expect(coverage.cells).toEqual([{ done: 1, failed: 0, duplicates: 1 }]);
  expect(aggregate.groups).toEqual([
    { n: 1, mean: 0.7, failed: 0, duplicates: 1, runKeys: { keys: [again] } },
  ]);
});

test('a comparison that a filter of budgets tells apart ignores the budget', async () => {
  const runs = [1, 2].flatMap((budgetValue) =>
    [2, 4].map((batchSize) => newRun(dataset, { width: 8, batchSize, budgetValue })),
  );
  await trained(runs, [0.1, 0.2, 0.3, 0.5]);
  const epochs = (value: number) => `{ budget: { unit: [EPOCHS], value: { eq: ${value} } } }`;
  const { compare } = await ask(
    `{ compare(a: ${epochs(1)}, b: ${epochs(2)}, within: { width: { eq: 8 } }) { n ignored } }`,
  );
  expect(compare).toEqual({ n: 2, ignored: ['BUDGET'] });
});

test('a setting whose last run is deleted is no group any more, and one that is gone while it is asked for has no place', async () => {
  const [key] = await trained([newRun(dataset, { width: 32 })], [0.4]);
  const groups = async () => (await ask('{ aggregate(by: [WIDTH]) { groups { width } } }')).aggregate.groups;
  expect(await groups()).toContainEqual({ width: 32 });
  // A cell that the run answered keeps its configuration, so the sweep goes first.
  await own.asOwner('DELETE FROM cell WHERE run_id = (SELECT id FROM run WHERE key = $1)', [key]);
  const { deleteRun } = await ask(`mutation { deleteRun(key: "${key}") { ... on RunDeleted { key } } }`);
  expect(deleteRun).toEqual({ key });
  expect(await groups()).not.toContainEqual({ width: 32 });
  const { places } = await settingsOf(own.db, own.teamId, Int32Array.of(999_999));
  expect([...places]).toEqual([-1]);
});
