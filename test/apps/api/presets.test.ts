import { beforeAll, expect, test } from 'vitest';
import { addDataset } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
beforeAll(async () => {
  own = await testApi();
  for (const name of ['shapes', 'shapes-hard']) await addDataset(own.db, own.teamId, name);
});

interface Outcome {
  readonly __typename: string;
  readonly message?: string;
  readonly problems?: { readonly message: string; readonly allowed: string }[];
}
async function ask<T>(query: string, variables: object = {}): Promise<T> {
  const { data, errors } = await own.ask(query, variables);
  expect(errors).toEqual([]);
  return data;
}
const PRESET = `query ($name: String!, $scale: PresetScale!, $dataset: String) {
  preset(name: $name, scale: $scale, dataset: $dataset) {
    __typename
    ... on PresetSweeps { sweeps }
    ... on InvalidInput { message problems { message allowed } }
    ... on NotFound { message }
  }
}`;
interface SweepFile {
  readonly name: string;
  readonly dataset: string[];
  readonly coupled: { batchSize: number[]; bnBatch: number[]; baseLearningRate: number[] }[];
}
const presetOf = async (name: string, scale = 'DEMO', dataset?: string) =>
  (await ask<{ preset: Outcome & { readonly sweeps: SweepFile[] } }>(PRESET, { name, scale, dataset }))
    .preset;

const PREVIEW = `query ($definition: JSON!, $first: Int, $skip: Int) {
  previewSweep(definition: $definition) {
    __typename
    ... on SweepPreview {
      name total created reused flops mayEndEarly work { shapeKey batchSize runs flops flopsPerSample dataset { name } }
      cells(first: $first, skip: $skip) {
        position dataset model batchSize baseLearningRate seed plannedSteps flops answeredBy { key status member }
      }
    }
    ... on InvalidInput { message problems { message allowed } }
  }
}`;
interface Preview extends Outcome {
  readonly total: number;
  readonly created: number;
  readonly reused: number;
  readonly flops: number;
  readonly mayEndEarly: boolean;
  readonly work: { batchSize: number; runs: number; flops: number; flopsPerSample: number }[];
  readonly cells: {
    position: number;
    batchSize: number;
    plannedSteps: number;
    flops: number;
    answeredBy: { key: string; status: string; member: string } | null;
  }[];
}
const preview = async (definition: unknown, page: object = {}) =>
  (await ask<{ previewSweep: Preview }>(PREVIEW, { definition, ...page })).previewSweep;
const create = async (definition: unknown) =>
  (
    await ask<{ createSweep: { created: number; reused: number; sweep: { key: string } } }>(
      'mutation ($d: JSON!) { createSweep(definition: $d) { ... on CreateSweepSuccess { created reused sweep { key } } } }',
      { d: definition },
    )
  ).createSweep;

const grid = (batchSize: number[]) => ({
  name: 'grid',
  dataset: 'shapes',
  model: 'resnet8',
  axes: { batchSize, baseLearningRate: [0.001, 0.01] },
  fixed: { epochs: 2 },
});

test('a preview says what creating the sweep then does, whose runs it takes, and what the new ones cost; it writes nothing', async () => {
  const made = await create(grid([2, 4]));
  const [{ key: member } = { key: '' }] = await own.asOwner<{ key: string }>('SELECT key FROM member');
  const counted = () =>
    own.asOwner('SELECT (SELECT count(*) FROM run) AS runs, (SELECT count(*) FROM sweep) AS sweeps');
  const before = await counted();
  own.statements();
  const seen = await preview(grid([4, 8, 16]));
  // Who asks, the data sets, the answers, and the data set of the work.
  expect(own.statements().length).toBeLessThanOrEqual(4);
  expect(await counted()).toEqual(before);
  expect(seen).toMatchObject({ total: 6, created: 4, reused: 2, mayEndEarly: false });
  expect(seen.cells.map(({ answeredBy }) => answeredBy)).toEqual([
    ...[3, 4].map((n) => ({ key: `${made.sweep.key}/${n}`, status: 'WAITING', member })),
    ...Array.from({ length: 4 }, () => null),
  ]);
  const [first] = seen.work;
  expect(seen.work.map(({ runs }) => runs)).toEqual([2, 2]);
  expect(seen.flops).toBeCloseTo(
    seen.work.reduce((sum, { flops }) => sum + flops, 0),
    0,
  );
  // ResNet-8: 12.2 M multiply-adds a sample, of which training is 3 × 2.
  expect(first!.flopsPerSample / 6 / 1e6).toBeCloseTo(12.2, 0);
  expect(await create(grid([4, 8, 16]))).toMatchObject({ created: 4, reused: 2 });
});

test('a preview is refused for what the sweep would be refused for, and gives its cells a page at a time', async () => {
  expect(await preview({ ...grid([0]) })).toMatchObject({ __typename: 'InvalidInput' });
  const page = await preview(grid([2, 4, 8]), { first: 2, skip: 3 });
  expect(page.cells.map(({ position }) => position)).toEqual([4, 5]);
  const { errors } = await own.ask(PREVIEW, { definition: grid([2]), first: 1001 });
  expect(errors[0]).toMatchObject({ message: expect.stringMatching(/invalid first: 1001; at most 1000/) });
  const goal = { ...grid([2]), fixed: { budget: { goalError: 0.1, epochs: 4 } } };
  expect((await preview(goal)).mayEndEarly).toBe(true);
});

test('presets are listed, and one that is not there is named with those that are', async () => {
  const { presets } = await ask<{ presets: { name: string; after: string[] }[] }>(
    '{ presets { name title reports after } }',
  );
  expect(presets.find(({ name }) => name === 'figure-13')?.after).toEqual(['figure-8', 'figure-9']);
  const missing = await presetOf('figure-19');
  expect(missing.__typename).toBe('NotFound');
  expect(missing.message).toMatch(/^unknown preset "figure-19": one of figure-1, /);
});

test('figure 13 waits for the results of figures 8 and 9, then takes each SGD batch at the base learning rate that was best there', async () => {
  const wait = async () => (await presetOf('figure-13')).problems?.[0]?.message;
  expect(await wait()).toMatch(/missing results of figure-8: 20 of its 20 cells/);
  for (const name of ['figure-8', 'figure-9']) {
    const { sweeps } = await presetOf(name);
    const { sweep } = await create(sweeps[0]);
    // Each m is best at another rate, and the better rates of m = 2 have diverged.
    await own.asOwner(
      `WITH k AS (INSERT INTO metric (team_id, name, goal) VALUES ($1, 'test_accuracy', 'MAXIMISE') ON CONFLICT (team_id, name) DO UPDATE SET goal = 'MAXIMISE' RETURNING id),
       ended AS (
         UPDATE run SET status = 'DONE', ended_at = now(), diverged = batch_size = 2 AND base_learning_rate > 0.004,
           diverged_step = CASE WHEN batch_size = 2 AND base_learning_rate > 0.004 THEN 1 END
         FROM sweep WHERE sweep.id = run.sweep_id AND sweep.key = $2
         RETURNING run.id, 0.9 - abs(log(2, base_learning_rate::numeric) + 12 - log(2, batch_size)) / 100 AS value
       )
       INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, min, min_step, max, max_step, sum, tail, median_last_5)
       SELECT ended.id, k.id, $1, 1, 0, value, 1, value, 1, value, 1, value, ARRAY[value], value FROM ended, k`,
      [own.teamId, sweep.key],
    );
    if (name === 'figure-8') expect(await wait()).toMatch(/missing results of figure-9: 20 of its 20 cells/);
  }
  const { sweeps } = await presetOf('figure-13');
  expect(sweeps.map(({ dataset }) => dataset)).toEqual([['shapes'], ['shapes-hard']]);
  const [{ batchSize, bnBatch, baseLearningRate } = { batchSize: [], bnBatch: [], baseLearningRate: [] }] =
    sweeps[0]!.coupled;
  const best = new Map(batchSize.map((m, i) => [m, baseLearningRate[i]]));
  expect([...best]).toEqual([
    [2, 2 ** -11],
    [8, 2 ** -9],
    [32, 2 ** -7],
    [128, 2 ** -5],
  ]);
  expect(bnBatch.filter((_, i) => batchSize[i] === 32)).toEqual([2, 8, 32]);
  expect(await preview(sweeps[0])).toMatchObject({ total: 10 });
});
