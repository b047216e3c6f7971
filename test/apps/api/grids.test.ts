import { createSweep } from '@smallbatch/db';
import { beforeAll, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { record } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
let key: string;
beforeAll(async () => {
  own = await testApi();
  const { id } = await addDataset(own.db, own.teamId);
  const cells = [
    [2, false, { value: 0.5 }],
    [2, true, { value: 0.9 }],
    [8, false, { diverged: true }],
    [8, true, { value: 0.8 }],
    [32, false, { status: 'FAILED' }],
    [128, false, { status: 'WAITING' }],
    [128, true, {}],
  ] as const;
  const runs = cells.map(([batchSize, batchNorm]) => newRun(id, { batchSize, batchNorm }));
  const owner = { teamId: own.teamId, memberId: own.memberId };
  ({ key } = await createSweep(own.db, newSweep(owner, runs)));
  for (const [i, [, , result]] of cells.entries()) await record(own, `${key}/${i + 1}`, result);
  // The second is trained again.
  const again = await createSweep(own.db, newSweep(owner, [runs[1]!], { reuse: false }));
  await record(own, `${again.key}/1`, { value: 0.7 });
});

async function ask(query: string): Promise<Answer> {
  const { data, errors } = await own.ask(query);
  expect(errors).toEqual([]);
  return data;
}

test('a pivot has a cell for every row and column, says why one has no mean, and marks the best of each', async () => {
  own.statements();
  const { pivot } = await ask(
    `{ pivot(rows: [BATCH_NORM], columns: [BATCH_SIZE]) { goal runs columns { batchSize } rows { batchNorm cells { state bestInRow bestInColumn group { n mean duplicates } } } } }`,
  );
  expect(own.statements().length).toBeLessThanOrEqual(7);
  expect(pivot.columns.map(({ batchSize }: Answer) => batchSize)).toEqual([2, 8, 32, 128]);
  const table = pivot.rows.map(({ batchNorm, cells }: Answer) => [
    batchNorm,
    cells.map(({ state, group }: Answer) => group?.mean ?? state),
    cells.map(
      ({ bestInRow, bestInColumn }: Answer) => (bestInRow ? 'row ' : '') + (bestInColumn ? 'column' : ''),
    ),
  ]);
  expect(table).toEqual([
    [false, [0.5, 'DIVERGED', 'FAILED', 'UNFINISHED'], ['row ', '', '', '']],
    [true, [0.9, 0.8, 'MISSING', 'WITHOUT_VALUE'], ['row column', 'column', '', '']],
  ]);
  expect(pivot.runs).toBe(8);
  const { errors } = await own.ask('{ pivot(rows: [BATCH_SIZE], columns: [BATCH_SIZE]) { runs } }');
  expect(errors[0]!.message).toMatch(/BATCH_SIZE is in the rows/);
});

test('the usable range of an axis is where no run diverged or failed, and what comes near the best', async () => {
  const query = (distance: number) =>
    `{ aggregate(by: [BATCH_NORM]) { groups { batchNorm usableRange(axis: BATCH_SIZE) {
         points { batchSize mean runs diverged failed unfinished reliable } reliable { batchSize } nearBest(distance: ${distance}) { batchSize } } } } }`;
  const { aggregate } = await ask(query(0.05));
  const [off, on] = aggregate.groups.map(({ usableRange }: Answer) => usableRange);
  const sizes = (list: Answer) => list.map(({ batchSize }: Answer) => batchSize);
  expect(sizes(off.points)).toEqual([2, 8, 32, 128]);
  expect(off.points.map(({ reliable }: Answer) => reliable)).toEqual([true, false, false, false]);
  expect(off.points[1]).toMatchObject({ mean: null, diverged: 1 });
  expect(sizes(on.reliable)).toEqual([2, 8]);
  expect(sizes(on.nearBest)).toEqual([2]);
  const wider = (await ask(query(0.11))).aggregate.groups[1].usableRange;
  expect(sizes(wider.nearBest)).toEqual([2, 8]);
  const { errors } = await own.ask(query(-1));
  expect(errors[0]!.message).toMatch(/invalid distance: -1/);
});

test('coverage is the grid that a filter spans, with what is missing, duplicated, and whose', async () => {
  const [{ key: member } = { key: '' }] = await own.asOwner<{ key: string }>('SELECT key FROM member');
  const { coverage } = await ask(
    `{ coverage(by: [BATCH_SIZE, BATCH_NORM]) { total done diverged running waiting failed missing duplicates
       cells { batchSize batchNorm done diverged waiting failed missing duplicates members } } }`,
  );
  expect(coverage).toMatchObject({
    total: 8,
    done: 4,
    diverged: 1,
    waiting: 1,
    failed: 1,
    missing: 1,
    duplicates: 1,
  });
  const cell = (batchSize: number, batchNorm: boolean) =>
    coverage.cells.find((one: Answer) => one.batchSize === batchSize && one.batchNorm === batchNorm);
  expect(cell(32, true)).toMatchObject({ done: 0, missing: 1, members: [] });
  expect(cell(2, true)).toMatchObject({ done: 1, duplicates: 1, missing: 0, members: [member] });
  const only = await ask(
    '{ coverage(by: [BATCH_SIZE, BATCH_NORM]) { cells(missing: true) { batchSize batchNorm } } }',
  );
  expect(only.coverage.cells).toEqual([{ batchSize: 32, batchNorm: true }]);
});

test('coverage of a preset is its cells, whoever trained them', async () => {
  const query = `{ coverage(preset: "figure-4", scale: DEMO, dataset: "shapes", by: [BATCH_SIZE]) { total missing waiting done cells { batchSize missing waiting done } } }`;
  expect((await ask(query)).coverage).toMatchObject({ total: 4, missing: 4, waiting: 0 });
  const { preset } = await ask(
    '{ preset(name: "figure-4", scale: DEMO, dataset: "shapes") { ... on PresetSweeps { sweeps } } }',
  );
  const definition = { ...preset.sweeps[0], name: 'a part of it', axes: { batchSize: [8, 32] } };
  const { errors } = await own.ask(
    'mutation ($d: JSON!) { createSweep(definition: $d) { ... on CreateSweepSuccess { created sweep { key } } } }',
    { d: definition },
  );
  expect(errors).toEqual([]);
  await record(own, 'a-part-of-it-3/1', { value: 0.4 });
  const { coverage } = await ask(query);
  expect(coverage).toMatchObject({ total: 4, missing: 2, waiting: 1, done: 1 });
  expect(coverage.cells.map(({ batchSize, done }: Answer) => [batchSize, done])).toEqual([
    [2, 0],
    [8, 1],
    [32, 0],
    [128, 0],
  ]);
  const { errors: both } = await own.ask(
    '{ coverage(preset: "figure-4", where: { seed: { eq: 0 } }, by: [BATCH_SIZE]) { total } }',
  );
  expect(both[0]!.message).toMatch(/a filter and a preset at once/);
});
