import { createSweep, finishRuns, reportMetrics } from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { stream } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
/** Points of each run that counts, by batch size. */
const curves = new Map<number, Map<number, number>[]>();

beforeAll(async () => {
  own = await testApi();
  const dataset = await addDataset(own.db, own.teamId);
  const owner = { teamId: own.teamId, memberId: own.memberId };
  const random = stream(11);
  const runs = [2, 8].flatMap((batchSize) =>
    [0, 1, 2, 3, 4].map((seed) => newRun(dataset.id, { batchSize, seed })),
  );
  await createSweep(own.db, newSweep(owner, runs));
  const rows = await own.asOwner<{ id: string; batch_size: number; seed: string; attempt: number }>(
    `UPDATE run SET status = 'RUNNING', attempt = 1, lease_expires_at = now() + interval '1 hour' RETURNING id, batch_size, seed, attempt`,
  );
  for (const { id, batch_size, seed } of rows) {
    const points = new Map<number, number>();
    // Seeds are logged on different steps.
    for (let step = 1 + (Number(seed) % 2); step <= 12; step += 1 + (Number(seed) % 3))
      points.set(step, random());
    const steps = [...points.keys()];
    await reportMetrics(own.db, own.teamId, [
      {
        runId: id,
        attempt: 1,
        sequence: 1,
        series: [
          // The first point is reported twice: the later one counts. A value that is not finite counts nowhere.
          { metric: 'loss', steps: [steps[0]!, ...steps, 13], values: [99, ...points.values(), Number.NaN] },
        ],
      },
    ]);
    const diverged = batch_size === 8 && Number(seed) === 4;
    await finishRuns(own.db, own.teamId, [
      {
        runId: id,
        attempt: 1,
        sequence: 1,
        outcome: 'DONE',
        divergedStep: diverged ? 13 : null,
        step: 13,
        samplesSeen: 0,
        deviceSeconds: 1,
      },
    ]);
    if (!diverged) curves.set(batch_size, [...(curves.get(batch_size) ?? []), points]);
  }
});

const quantileOf = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
};

describe('bands over seeds', () => {
  test('agree, step by step, with a plain calculation over runs that were logged on different steps', async () => {
    const { data, errors } =
      await own.ask(`{ curveBands(where: {}, metric: "loss", by: [BATCH_SIZE], quantiles: [0.1, 0.5]) {
      of bands { batchSize runs steps n mean sd min max quantiles { q values } } } }`);
    expect(errors).toEqual([]);
    expect(data.curveBands.bands.map(({ batchSize, runs }: Answer) => [batchSize, runs])).toEqual([
      [2, 5],
      [8, 4],
    ]);
    for (const band of data.curveBands.bands) {
      const mine = curves.get(band.batchSize)!;
      const steps = [...new Set(mine.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
      expect(band.steps).toEqual(steps);
      for (const [i, step] of steps.entries()) {
        const values = mine.flatMap((points) => points.get(step) ?? []);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const sd = Math.sqrt(
          values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1),
        );
        expect(band.n[i]).toBe(values.length);
        expect(band.mean[i]).toBeCloseTo(mean, 12);
        if (values.length > 1) expect(band.sd[i]).toBeCloseTo(sd, 12);
        else expect(band.sd[i]).toBeNull();
        expect([band.min[i], band.max[i]]).toEqual([Math.min(...values), Math.max(...values)]);
        for (const { q, values: column } of band.quantiles)
          expect(column[i]).toBeCloseTo(quantileOf(values, q), 12);
      }
    }
  });

  test('take as many statements for two groups as for none, and refuse a quantile that is none', async () => {
    own.statements();
    const { data } = await own.ask(
      '{ curveBands(where: {}, metric: "nobody has it") { of bands { runs } } }',
    );
    expect(data.curveBands).toEqual({ of: 0, bands: [] });
    const few = own.statements().length;
    await own.ask('{ curveBands(where: {}, metric: "loss", by: [BATCH_SIZE, SEED]) { bands { runs } } }');
    expect(own.statements().length).toBe(few);
    const { errors } = await own.ask('{ curveBands(where: {}, metric: "loss", quantiles: [50]) { of } }');
    expect(errors[0]!.message).toContain('invalid quantiles: 50');
  });
});
