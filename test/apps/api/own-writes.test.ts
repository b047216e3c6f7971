import { createToken, readCurves } from '@smallbatch/db';
import { describe, expect, test } from 'vitest';
import { ownRuns } from './own-runs.ts';
import { type Answer, testApi } from './server.ts';

const api = await testApi();
const { ask } = api;
const runs = await ownRuns(api);

const REPORT = `mutation ($input: ReportMetricsInput!) { reportMetrics(input: $input) { results {
  __typename ... on ReportAccepted { duplicate warnings } ... on LimitReached { limit value most message } ... on InvalidInput { message } } } }`;
async function report(run: string, sequence: number, ...series: object[]): Promise<Answer> {
  const { data, errors } = await ask(REPORT, { input: { reports: [{ run, attempt: 1, sequence, series }] } });
  expect(errors).toEqual([]);
  return data.reportMetrics.results[0];
}
const DELETE = `mutation ($key: String!) { deleteRun(key: $key) {
  __typename ... on RunDeleted { key points cells } ... on RunIsRunning { message } ... on NotFound { message } } }`;

describe('reportMetrics', () => {
  test('says which limit a batch would exceed, and from 80 % on how near the run is', async () => {
    const { data } = await ask('{ serverInfo { limits } }');
    expect(data.serverInfo.limits).toMatchObject({
      metricsOfARun: 10_000,
      pointsOfAMetric: 10_000_000,
      ingestBytes: 8_000_000,
      ingestPoints: 1_000_000,
    });
    const run = await runs.run();
    const point = { metric: 'loss', steps: [1], values: [1] };
    expect(await report(run.id, 1, point)).toEqual({
      __typename: 'ReportAccepted',
      duplicate: false,
      warnings: [],
    });
    await api.asOwner('UPDATE run_metric SET count = 9999998 WHERE run_id = $1', [run.uuid]);
    const two = { ...point, steps: [2, 3], values: [1, 1] };
    expect((await report(run.id, 2, two)).warnings).toEqual([
      'metric "loss" has 10,000,000 of at most 10,000,000 points',
    ]);
    expect(await report(run.id, 3, point)).toMatchObject({
      __typename: 'LimitReached',
      limit: 'pointsOfAMetric',
      value: 10_000_001,
      most: 10_000_000,
      message: expect.stringContaining('metric "loss"'),
    });
  });

  test('takes a metric that comes twice in a batch as one, and refuses numbers that are none', async () => {
    const run = await runs.run();
    const first = { metric: 'loss', steps: [1, 2], values: [1, 2], epochs: [1, 2] };
    const second = { metric: 'loss', steps: [3], values: [3], samplesSeen: [96] };
    expect((await report(run.id, 1, first, second)).__typename).toBe('ReportAccepted');
    const [curve] = await readCurves(api.db, [run.uuid], ['loss']);
    expect(curve).toMatchObject({
      steps: [1, 2, 3],
      values: [1, 2, 3],
      epochs: [1, 2, null],
      samplesSeen: [null, null, 96],
    });
    expect(await report(run.id, 2, { ...second, samplesSeen: [-1] })).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringContaining('invalid samplesSeen at place 0'),
    });
  });
});

describe('deleteRun', () => {
  test('takes a run out of every answer at once, and is refused while it runs', async () => {
    const run = await runs.run();
    await report(run.id, 1, { metric: 'train_loss', steps: [1, 2], values: [1, 2] });
    const remove = async () => (await ask(DELETE, { key: run.key })).data.deleteRun;
    expect(await remove()).toMatchObject({
      __typename: 'RunIsRunning',
      message: expect.stringContaining(run.key),
    });
    await runs.finish(run.id, 1);
    expect(await remove()).toEqual({ __typename: 'RunDeleted', key: run.key, points: 2, cells: 0 });
    const { data } = await ask(
      `query ($key: String!, $id: ID!) { run(key: $key) { id } node(id: $id) { id } runs(first: 100) { totalCount nodes { key } }
        aggregate(by: [BATCH_SIZE], metric: "train_loss") { groups { n runs } } }`,
      { key: run.key, id: run.id },
    );
    expect([data.run, data.node]).toEqual([null, null]);
    expect(data.runs.nodes.map(({ key }: { key: string }) => key)).not.toContain(run.key);
    expect(data.runs.totalCount).toBe(data.runs.nodes.length);
    expect(await remove()).toMatchObject({ __typename: 'NotFound' });
  });

  test('can be undone: the run is back with its points, and is not told of as a new one', async () => {
    const run = await runs.run({ tags: ['kept'], note: 'as it was', idempotencyKey: 'once' });
    await report(run.id, 1, { metric: 'train_loss', steps: [1, 2], values: [1, 2] });
    await runs.finish(run.id, 1);
    const questions = async () =>
      (
        await ask(
          `query ($key: String!) { run(key: $key) { id status tags note configurationHash createdAt attempts { number end } metrics { name last count } }
             curves(where: { key: { eq: $key } }, metric: "train_loss") { curves { steps values } } activity(kinds: [RUN_CREATED], first: 100) { nodes { run at } } }`,
          { key: run.key },
        )
      ).data;
    const before = await questions();
    const { data } = await ask(
      `mutation ($key: String!) { deleteRun(key: $key) { ... on RunDeleted { deletion { key } } } }`,
      {
        key: run.key,
      },
    );
    expect((await questions()).run).toBeNull();
    const d = data.deleteRun.deletion.key;
    const restored = await ask(
      `mutation ($d: String!) { restoreRuns(deletion: $d) { ... on RunsRestored { runs } } }`,
      { d },
    );
    expect(restored.data.restoreRuns).toEqual({ runs: 1 });
    expect(await questions()).toEqual(before);
    // Where its script made it anew meanwhile, that one stands.
    await ask(DELETE, { key: run.key });
    await runs.run({ idempotencyKey: 'once', seed: 12_345 });
    const [{ key: second }] = (await ask('{ deletions { key } }')).data.deletions;
    const again = await ask(
      `mutation ($d: String!) { restoreRuns(deletion: $d) { ... on RunsRestored { runs notRestored { key why } } } }`,
      {
        d: second,
      },
    );
    expect(again.data.restoreRuns).toEqual({ runs: 0, notRestored: [{ key: run.key, why: 'ANSWERED' }] });
  });

  test('needs the right to write', async () => {
    const { secret } = await createToken(api.db, {
      teamId: api.teamId,
      memberId: api.memberId,
      name: 'worker',
      scopes: ['WORK'],
    });
    const { errors } = await ask(DELETE, { key: 'x-1' }, { authorization: `Bearer ${secret}` });
    expect(errors[0]!.extensions.code).toBe('FORBIDDEN');
  });

  test('leaves lists whole that are read at the same moment', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => runs.run({ name: 'many' })));
    for (const { id } of made) await runs.finish(id);
    let done = false;
    const removing = (async () => {
      for (const { key } of made) expect((await ask(DELETE, { key })).data.deleteRun.key).toBe(key);
      done = true;
    })();
    while (!done)
      expect((await ask('{ runs(first: 100) { nodes { key metrics { name } } } }')).errors).toEqual([]);
    await removing;
  });
});
