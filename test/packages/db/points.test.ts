import { claimRuns, createSweep, readCurves, reportMetrics } from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { supersede } from '../../../packages/db/src/points.ts';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const dataset = await addDataset(db, owner.teamId);
const worker = await addWorker(db, owner);

let next = 0;
async function runningRun(): Promise<string> {
  const sweep = await createSweep(db, newSweep(owner, [newRun(dataset.id, { seed: next++ })]));
  const order = {
    ...owner,
    workerId: worker,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: 1,
    leaseSeconds: 60,
    sweepId: sweep.id,
  };
  return (await claimRuns(db, order))[0]!.runId;
}
const summary = async (runId: string) =>
  (await db.pool.query('SELECT * FROM run_metric WHERE run_id = $1', [runId])).rows[0];

/** What a summary must say of points, worked out plainly. */
function plain(points: { step: number; value: number }[]) {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const tail = points.slice(-5).map(({ value }) => value);
  const sorted = [...tail].sort((a, b) => a - b);
  const middle =
    (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
  const extreme = (better: (a: number, b: number) => boolean) =>
    finite.reduce<{ step: number; value: number } | undefined>(
      (best, point) => (best && !better(point.value, best.value) ? best : point),
      undefined,
    );
  const [min, max] = [extreme((a, b) => a < b), extreme((a, b) => a > b)];
  return {
    count: points.length,
    non_finite_count: points.length - finite.length,
    last: points.at(-1)!.value,
    last_step: points.at(-1)!.step,
    min: min?.value ?? null,
    min_step: min?.step ?? null,
    max: max?.value ?? null,
    max_step: max?.step ?? null,
    sum: finite.reduce((sum, { value }) => sum + value, 0),
    tail,
    median_last_5: tail.every(Number.isFinite) ? middle : Number.NaN,
  };
}

// Quarters, so that sums are exact in whatever order they are taken.
const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => n / 4) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);
const batches = fc.array(fc.array(value, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 6 });

async function send(runId: string, values: number[][]): Promise<{ step: number; value: number }[]> {
  const points: { step: number; value: number }[] = [];
  const reports = values.map((batch, i) => {
    const steps = batch.map((_, k) => points.length + k + 1);
    for (const [k, one] of batch.entries()) points.push({ step: steps[k]!, value: one });
    return {
      runId,
      attempt: 1,
      sequence: i + 1,
      series: [{ metric: 'test_loss', steps, samplesSeen: steps.map((step) => step * 2), values: batch }],
    };
  });
  // The first half one by one, the rest in one call.
  const half = Math.ceil(reports.length / 2);
  for (const report of reports.slice(0, half)) await reportMetrics(db, owner.teamId, [report]);
  if (half < reports.length) {
    const answers = await reportMetrics(db, owner.teamId, reports.slice(half));
    expect(answers.every(({ kind }) => kind === 'accepted')).toBe(true);
  }
  return points;
}

describe('points', () => {
  test('have the summary that a plain calculation has, in whatever batches they come', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (values) => {
        const runId = await runningRun();
        const points = await send(runId, values);
        expect(await summary(runId)).toMatchObject(plain(points));
        const [curve] = await readCurves(db, [runId], ['test_loss']);
        expect(curve!.steps).toEqual(points.map(({ step }) => step));
        expect(curve!.values).toEqual(points.map((point) => point.value));
      }),
      { numRuns: 40 },
    );
  });

  test('after the step where a new attempt starts are gone, and the summary is of those before', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 1, max: 30 }), async (values, startStep) => {
        const runId = await runningRun();
        const points = (await send(runId, values)).filter(({ step }) => step <= startStep);
        await supersede(db.pool, [runId], startStep);
        if (points.length === 0) expect(await summary(runId)).toBeUndefined();
        else expect(await summary(runId)).toMatchObject(plain(points));
        const [curve] = await readCurves(db, [runId], ['test_loss']);
        expect(curve?.steps ?? []).toEqual(points.map(({ step }) => step));
        expect(curve?.samplesSeen ?? []).toEqual(points.map(({ step }) => step * 2));
        expect(curve?.values ?? []).toEqual(points.map((point) => point.value));
      }),
      { numRuns: 40 },
    );
  });

  test('of several batches of one run in one call are taken in order; a repeated one is acknowledged, a gap refused', async () => {
    const runId = await runningRun();
    const report = (sequence: number) => ({
      runId,
      attempt: 1,
      sequence,
      series: [{ metric: 'm', steps: [sequence], values: [sequence] }],
    });
    expect(await reportMetrics(db, owner.teamId, [1, 2, 2, 1, 4, 3].map(report))).toEqual([
      { kind: 'accepted', duplicate: false },
      { kind: 'accepted', duplicate: false },
      { kind: 'accepted', duplicate: true },
      { kind: 'accepted', duplicate: true },
      { kind: 'gap', expected: 3 },
      { kind: 'accepted', duplicate: false },
    ]);
    expect(await summary(runId)).toMatchObject({ count: 3, last: 3 });
    const { rows } = await db.pool.query('SELECT sequence, step FROM run WHERE id = $1', [runId]);
    expect(rows).toEqual([{ sequence: 3, step: 3 }]);
  });

  test('make their metric known once, with the goal that its name suggests, however many report it at once', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, runningRun));
    const names = ['train_accuracy', 'train_loss', 'learning_rate', 'samples_per_second'];
    await Promise.all(
      runs.map((runId) =>
        reportMetrics(db, owner.teamId, [
          {
            runId,
            attempt: 1,
            sequence: 1,
            series: names.map((metric) => ({ metric, steps: [1], values: [1] })),
          },
        ]),
      ),
    );
    const { rows } = await db.pool.query(
      'SELECT name, goal::text FROM metric WHERE name = ANY ($1) ORDER BY name',
      [names],
    );
    expect(rows).toEqual([
      { name: 'learning_rate', goal: 'NONE' },
      { name: 'samples_per_second', goal: 'NONE' },
      { name: 'train_accuracy', goal: 'MAXIMISE' },
      { name: 'train_loss', goal: 'MINIMISE' },
    ]);
  });
});
