import { claimRuns, createSweep, POINT_LIMITS, type Report, reportMetrics } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const { asOwner } = database;
const dataset = await addDataset(db, owner.teamId);
const worker = await addWorker(db, owner);

let next = 0;
async function runningRuns(count: number): Promise<string[]> {
  const cells = Array.from({ length: count }, () => newRun(dataset.id, { seed: next++ }));
  const { id: sweepId } = await createSweep(db, newSweep(owner, cells));
  const claimed = await claimRuns(db, {
    ...owner,
    workerId: worker,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: 64,
    leaseSeconds: 60,
    sweepId,
  });
  expect(claimed.length).toBe(count);
  return claimed.map(({ runId }) => runId);
}
const points = (metric: string, from: number, count: number) => ({
  metric,
  steps: Array.from({ length: count }, (_, i) => from + i),
  values: Array.from({ length: count }, () => 1),
});
const report = (runId: string, sequence: number, series: Report['series']): Report => ({
  runId,
  attempt: 1,
  sequence,
  series,
});
const send = async (...reports: Report[]) => reportMetrics(db, owner.teamId, reports);
const setCount = (runId: string, metric: string, count: number) =>
  asOwner(
    'UPDATE run_metric SET count = $3 FROM metric k WHERE k.id = metric_id AND run_id = $1 AND k.name = $2',
    [runId, metric, count],
  );
/** Gives a run this many further metrics, as if they had been reported. */
async function addMetrics(runId: string, count: number): Promise<void> {
  await asOwner(
    `INSERT INTO metric (team_id, name) SELECT $1, 'many ' || i FROM generate_series(1, $2) i ON CONFLICT DO NOTHING`,
    [owner.teamId, count],
  );
  await asOwner(
    `INSERT INTO run_metric (run_id, metric_id, team_id, count, non_finite_count, last, last_step, sum, tail, median_last_5)
     SELECT $1, id, team_id, 1, 0, 1, 1, 1, '{1}', 1 FROM metric WHERE team_id = $2 AND name LIKE 'many %' ORDER BY id LIMIT $3`,
    [runId, owner.teamId, count],
  );
}
const stored = async (runId: string) =>
  (
    await asOwner(
      `SELECT k.name, m.count::int, (SELECT coalesce(sum(cardinality(c.steps)), 0)::int FROM chunk c WHERE c.run_id = m.run_id AND c.metric_id = m.metric_id) AS points
       FROM run_metric m JOIN metric k ON k.id = m.metric_id WHERE m.run_id = $1 AND k.name NOT LIKE 'many %' ORDER BY 1`,
      [runId],
    )
  ).map(({ name, count, points }) => [name, count, points]);

describe('a metric of a run', () => {
  test('takes points up to its limit; the batch that would exceed it is refused whole, and the next one may be smaller', async () => {
    const [run] = await runningRuns(1);
    const most = POINT_LIMITS.pointsOfAMetric;
    expect(await send(report(run!, 1, [points('loss', 1, 2), points('other', 1, 1)]))).toEqual([
      { kind: 'accepted', duplicate: false },
    ]);
    await setCount(run!, 'loss', most - 3);
    expect(await send(report(run!, 2, [points('other', 2, 1), points('loss', 3, 4)]))).toEqual([
      { kind: 'limit', limit: 'pointsOfAMetric', value: most + 1, metric: 'loss' },
    ]);
    expect(await stored(run!)).toEqual([
      ['loss', most - 3, 2],
      ['other', 1, 1],
    ]);
    const [last] = await send(report(run!, 2, [points('loss', 3, 3)]));
    expect(last).toMatchObject({ kind: 'accepted', duplicate: false });
    expect((await stored(run!))[0]).toEqual(['loss', most, 5]);
  });

  test('says from 80 % on how near it is, and not before', async () => {
    const [run] = await runningRuns(1);
    await send(report(run!, 1, [points('loss', 1, 1)]));
    await setCount(run!, 'loss', 7_999_998);
    expect(await send(report(run!, 2, [points('loss', 2, 1)]))).toEqual([
      { kind: 'accepted', duplicate: false },
    ]);
    expect(await send(report(run!, 3, [points('loss', 3, 1)]))).toEqual([
      {
        kind: 'accepted',
        duplicate: false,
        warnings: ['metric "loss" has 8,000,000 of at most 10,000,000 points'],
      },
    ]);
  });

  test('counts the batches of one call together, and what follows a refused one is a gap', async () => {
    const [run] = await runningRuns(1);
    await send(report(run!, 1, [points('loss', 1, 1)]));
    await setCount(run!, 'loss', POINT_LIMITS.pointsOfAMetric - 4);
    const answers = await send(
      report(run!, 2, [points('loss', 2, 3)]),
      report(run!, 3, [points('loss', 5, 3)]),
      report(run!, 4, [points('loss', 8, 1)]),
    );
    expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'limit', 'gap']);
    expect((await stored(run!))[0]![2]).toBe(4);
  });
});

describe('a run', () => {
  test('takes metrics up to its limit, goes on with those that it has, and another run of the call is not held up', async () => {
    const [full, free] = await runningRuns(2);
    await send(report(full!, 1, [points('loss', 1, 1)]));
    await addMetrics(full!, POINT_LIMITS.metricsOfARun - 1);
    const answers = await send(
      report(full!, 2, [points('one more', 1, 1), points('loss', 2, 1)]),
      report(free!, 1, [points('one more', 1, 1)]),
    );
    expect(answers).toEqual([
      { kind: 'limit', limit: 'metricsOfARun', value: POINT_LIMITS.metricsOfARun + 1 },
      { kind: 'accepted', duplicate: false },
    ]);
    expect(await stored(full!)).toEqual([['loss', 1, 1]]);
    expect(await stored(free!)).toEqual([['one more', 1, 1]]);
    expect(await send(report(full!, 2, [points('loss', 2, 1)]))).toEqual([
      {
        kind: 'accepted',
        duplicate: false,
        warnings: ['the run has 10,000 of at most 10,000 metrics'],
      },
    ]);
  });

  test('whose batch names too many metrics leaves none of their names behind', async () => {
    const [run] = await runningRuns(1);
    const names = Array.from({ length: POINT_LIMITS.metricsOfARun + 1 }, (_, i) => `flood ${i}`);
    const [answer] = await send(
      report(
        run!,
        1,
        names.map((name) => points(name, 1, 1)),
      ),
    );
    expect(answer).toMatchObject({ kind: 'limit', value: POINT_LIMITS.metricsOfARun + 1 });
    expect(await asOwner(`SELECT FROM metric WHERE name LIKE 'flood %'`)).toEqual([]);
  });
});

describe('the limits', () => {
  test('cost no statement a run, a metric or a point', async () => {
    const statementsOf = async (runs: number, metrics: number, count: number) => {
      const ids = await runningRuns(runs);
      const reports = ids.map((id) =>
        report(
          id,
          1,
          Array.from({ length: metrics }, (_, i) => points(`m${i}`, 1, count)),
        ),
      );
      const names: string[] = [];
      const stop = db.onQuery((name) => names.push(name));
      expect((await send(...reports)).every(({ kind }) => kind === 'accepted')).toBe(true);
      stop();
      return names.filter((name) => name !== 'notify');
    };
    await statementsOf(1, 30, 1);
    const small = await statementsOf(1, 1, 1);
    expect(await statementsOf(20, 30, 200)).toEqual(small);
    expect(small.length).toBe(6);
  });
});
