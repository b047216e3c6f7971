import { createSweep } from '@smallbatch/db';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { front } from '../../../apps/api/src/cost/pareto.ts';
import { importance } from '../../../apps/api/src/importance/forest.ts';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { record, stream } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

describe('the Pareto front', () => {
  test('has exactly the points that no other dominates, equal ones all', () => {
    const point = fc.record({ mean: fc.integer({ min: 0, max: 6 }), cost: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 30 }), fc.boolean(), (points, maximise) => {
        const better = (a: number, b: number): boolean => (maximise ? a > b : a < b);
        const dominated = (p: { mean: number; cost: number }): boolean =>
          points.some(
            (q) =>
              (q.cost <= p.cost && better(q.mean, p.mean)) || (q.cost < p.cost && !better(p.mean, q.mean)),
          );
        const plain = points.flatMap((p, i) => (dominated(p) ? [] : [i]));
        expect([...front(points, maximise)].sort((a, b) => a - b)).toEqual(plain);
      }),
    );
  });
});

describe('importance by permutation', () => {
  const grid = (value: (a: number, b: number, c: number) => number) => {
    const rows: [number, number, number][] = [];
    for (let copy = 0; copy < 3; copy++)
      for (let a = 0; a < 8; a++)
        for (let b = 0; b < 4; b++) for (let c = 0; c < 5; c++) rows.push([a, b, c]);
    return {
      features: [0, 1, 2].map((f) => Int32Array.from(rows, (row) => row[f]!)),
      target: Float64Array.from(rows, ([a, b, c]) => value(a, b, c)),
    };
  };
  test('finds the shares of variance that a sum of effects has, and none for an axis without effect', async () => {
    // Variances of 0…7 and 0…3 are 5.25 and 1.25: shares (5.25, 4 · 1.25, 0) of 10.25.
    const { shares, r2 } = await importance(
      grid((a, b) => a + 2 * b),
      64,
      1,
    );
    expect(shares[0]!.mean).toBeCloseTo(5.25 / 10.25, 1);
    expect(shares[1]!.mean).toBeCloseTo(5 / 10.25, 1);
    expect(Math.abs(shares[2]!.mean)).toBeLessThan(0.02);
    expect(r2).toBeGreaterThan(0.95);
  });
  test('counts what two axes do together for both of them', async () => {
    const { shares } = await importance(
      grid((a, b) => (a < 4 === b < 2 ? 1 : 0)),
      64,
      1,
    );
    expect(shares[0]!.mean).toBeGreaterThan(0.8);
    expect(shares[1]!.mean).toBeGreaterThan(0.8);
    expect(Math.abs(shares[2]!.mean)).toBeLessThan(0.05);
  });
  test('says the same for the same seed, and of noise that it can predict none of it', async () => {
    const random = stream(3);
    const noise = grid(() => random());
    const [one, again, other] = [
      await importance(noise, 16, 5),
      await importance(noise, 16, 5),
      await importance(noise, 16, 6),
    ];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(one.r2).toBeLessThan(0.1);
  });
});

describe('asked of the API', () => {
  let own: TestApi;
  /** By batch size: what each run of the three seeds reached, and the seconds it took. */
  const RESULTS: Record<number, { value: number; seconds: number }> = {
    2: { value: 0.9, seconds: 400 },
    4: { value: 0.92, seconds: 200 },
    8: { value: 0.91, seconds: 100 },
    16: { value: 0.85, seconds: 100 },
    32: { value: 0.8, seconds: 30 },
  };
  beforeAll(async () => {
    own = await testApi();
    const dataset = await addDataset(own.db, own.teamId);
    const runs = Object.keys(RESULTS).flatMap((m) =>
      [false, true].flatMap((augmentation) =>
        [0, 1, 2].map((seed) => newRun(dataset.id, { batchSize: Number(m), augmentation, seed })),
      ),
    );
    const sweep = await createSweep(own.db, newSweep({ teamId: own.teamId, memberId: own.memberId }, runs));
    for (const [i, { batchSize, seed, augmentation }] of runs.entries()) {
      const { value, seconds } = RESULTS[batchSize]!;
      const key = `${sweep.key}/${i + 1}`;
      await record(own, key, { value: value + 0.001 * (seed - 1) + (augmentation ? 0.01 : 0) });
      await own.asOwner('UPDATE run SET device_seconds = $2, samples_seen = 1000, step = $3 WHERE key = $1', [
        key,
        seconds,
        1024 / batchSize,
      ]);
    }
  });

  test('the front, the best within a cost, and the best for each minute', async () => {
    const { data, errors } = await own.ask(`{ pareto(where: { augmentation: { eq: false } }) {
      goal settings withoutCost frontCount front { batchSize mean n cost keys } points { batchSize onFront }
      cheap: bestWithin(cost: 150) { batchSize } none: bestWithin(cost: 1) { batchSize } bestPerGpuMinute { batchSize cost } } }`);
    expect(errors).toEqual([]);
    const { front: found, ...rest } = data.pareto;
    expect(found.map(({ batchSize }: Answer) => batchSize)).toEqual([32, 8, 4]);
    expect(found[0]).toMatchObject({ n: 3, cost: 30 });
    expect(found[0].mean).toBeCloseTo(0.8, 12);
    expect(found[0].keys.length).toBe(3);
    expect(rest).toMatchObject({
      goal: 'MAXIMISE',
      settings: 5,
      withoutCost: 0,
      frontCount: 3,
      cheap: { batchSize: 8 },
      none: null,
      bestPerGpuMinute: { batchSize: 32, cost: 30 },
    });
    expect(rest.points.map(({ batchSize }: Answer) => batchSize)).toEqual([32, 8, 16, 4, 2]);
  });

  test('a cost that no run has leaves no points, and says how many settings are without', async () => {
    const { data } = await own.ask('{ pareto(cost: STEPS_TO_GOAL) { settings withoutCost front { mean } } }');
    expect(data.pareto).toEqual({ settings: 0, withoutCost: 10, front: [] });
    const other = await own.ask(
      '{ pareto(cost: STEPS, best: [BATCH_SIZE]) { settings points { batchSize } } }',
    );
    expect(other.data.pareto.points).toEqual([{ batchSize: 4 }, { batchSize: 4 }]);
  });

  test('importance names the axes that differ, the one that matters first, with its n', async () => {
    const ask = async (where: string): Promise<Answer> =>
      (
        await own.ask(
          `{ importance(where: { ${where} }) { n of r2 reason axes { axis param share sd values } } }`,
        )
      ).data.importance;
    const found = await ask('');
    expect(found).toMatchObject({ n: 10, of: 10, reason: null });
    expect(found.axes.map(({ axis, values }: Answer) => [axis, values])).toEqual([
      ['BATCH_SIZE', 5],
      ['AUGMENTATION', 2],
    ]);
    const few = await ask('augmentation: { eq: true }');
    expect(few).toMatchObject({ n: 5, r2: null, axes: [] });
    expect(few.reason).toContain('it takes 10');
  });
});
