import { createSweep, reportMetrics } from '@smallbatch/db';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { thinned } from '../../../apps/api/src/curve/curves.ts';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { stream } from './results.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

let own: TestApi;
/** All points of each run, by its key, in the order of steps. */
const points = new Map<string, { step: number; value: number }[]>();

/** Reports points in batches of a run; of one step the later counts as later. */
async function write(run: { id: string; key: string }, batches: [steps: number[], values: number[]][]) {
  const all: { step: number; value: number; place: number }[] = [];
  for (const [i, [steps, values]] of batches.entries()) {
    const series = [
      {
        metric: 'loss',
        steps,
        values,
        samplesSeen: steps.map((s) => s * 8),
        epochs: steps.map((s) => s / 4),
      },
    ];
    const [result] = await reportMetrics(own.db, own.teamId, [
      { runId: run.id, attempt: 1, sequence: i + 1, series },
    ]);
    expect(result!.kind).toBe('accepted');
    steps.forEach((step, j) => void all.push({ step, value: values[j]!, place: all.length }));
  }
  all.sort((a, b) => a.step - b.step || a.place - b.place);
  points.set(run.key, all);
}

beforeAll(async () => {
  own = await testApi();
  const dataset = await addDataset(own.db, own.teamId);
  const runs = [0, 1, 2, 3].map((seed) => newRun(dataset.id, { seed }));
  await createSweep(own.db, newSweep({ teamId: own.teamId, memberId: own.memberId }, runs));
  const made = await own.asOwner<{ id: string; key: string }>(
    `UPDATE run SET status = 'RUNNING', attempt = 1, lease_expires_at = now() + interval '1 hour' RETURNING id, key`,
  );
  made.sort((a, b) => a.key.localeCompare(b.key));
  const random = stream(4);
  const draw = (n: number): number[] => Array.from({ length: n }, () => Number(random().toFixed(3)));
  const range = (from: number, n: number): number[] => Array.from({ length: n }, (_, i) => from + i);
  const [a, b, c, d] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0], (typeof made)[0]];
  // Chunk after chunk; chunks that overlap; steps out of order inside of a chunk, with what is no number; and a short one.
  await write(
    a,
    range(0, 10).map((i) => [range(i * 50, 50), draw(50)]),
  );
  await write(b, [
    [range(100, 100), draw(100)],
    [range(0, 150), draw(150)],
    [range(200, 50), draw(50)],
  ]);
  await write(c, [
    [range(0, 120).reverse(), [...draw(60), Number.NaN, Number.POSITIVE_INFINITY, ...draw(58)]],
  ]);
  await write(d, [[range(0, 10), draw(10)]]);
});

const ask = async (args: string): Promise<Answer> => {
  const { data, errors } = await own.ask(
    `{ curves(where: {}, metric: "loss" ${args}) { sampled of method curves { run { key } count steps values samplesSeen epochs nonFinite { index kind } } } }`,
  );
  expect(errors).toEqual([]);
  return data.curves;
};
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

describe('curves', () => {
  test('are complete and in order of steps, late and disordered points included', async () => {
    const { curves, sampled, of, method } = await ask('');
    expect([sampled, of, method]).toEqual([false, 500 + 300 + 120 + 10, null]);
    expect(curves.length).toBe(4);
    for (const { run, steps, values, samplesSeen, epochs, nonFinite } of curves) {
      const mine = points.get(run.key)!;
      expect(steps).toEqual(mine.map(({ step }) => step));
      expect(values).toEqual(mine.map(({ value }) => finite(value)));
      expect(samplesSeen).toEqual(steps.map((step: number) => step * 8));
      expect(epochs).toEqual(steps.map((step: number) => step / 4));
      expect(nonFinite.length).toBe(mine.filter(({ value }) => !Number.isFinite(value)).length);
    }
  });

  test.each([4, 20, 300])(
    'as %i points each have the same points as the whole curve thinned',
    async (most) => {
      const { curves, sampled, of, method } = await ask(`, maxPoints: ${most}`);
      expect(sampled).toBe(true);
      expect(of).toBe(930);
      expect(method).toContain('least and greatest');
      for (const { run, count, steps, values, samplesSeen, epochs } of curves) {
        const mine = points.get(run.key)!;
        const kept = thinned(
          mine.map(({ value }) => value),
          most,
        ).map((i) => mine[i]!);
        expect(count).toBe(mine.length);
        expect(steps.length).toBeLessThanOrEqual(Math.max(most, Math.min(most, mine.length)));
        expect(steps).toEqual(kept.map(({ step }) => step));
        expect(values).toEqual(kept.map(({ value }) => finite(value)));
        expect(samplesSeen).toEqual(steps.map((step: number) => step * 8));
        expect(epochs).toEqual(steps.map((step: number) => step / 4));
      }
    },
  );

  test.each([
    ['fromStep: 95, toStep: 310', 95, 310],
    ['toStep: 99', 0, 99],
    ['fromStep: 240', 240, Number.POSITIVE_INFINITY],
    ['fromStep: 120, toStep: 120', 120, 120],
    ['fromStep: 90, toStep: 400, maxPoints: 12', 90, 400],
  ])('with %s have the points of these steps, both included', async (args, from, to) => {
    const { curves, sampled, of } = await ask(`, ${args}`);
    const most = Number(/maxPoints: (\d+)/.exec(args)?.[1] ?? Number.POSITIVE_INFINITY);
    const within = [...points].flatMap(([key, all]) => {
      const mine = all.filter(({ step }) => step >= from && step <= to);
      return mine.length > 0 ? [[key, mine] as const] : [];
    });
    expect(curves.map(({ run }: Answer) => run.key).sort()).toEqual(within.map(([key]) => key).sort());
    expect(of).toBe(within.reduce((sum, [, mine]) => sum + mine.length, 0));
    expect(sampled).toBe(Number.isFinite(most));
    const known = new Map(within);
    for (const { run, count, steps, values, samplesSeen, epochs } of curves) {
      const mine = known.get(run.key)!;
      const all = mine.map(({ value }) => value);
      const kept = (Number.isFinite(most) ? thinned(all, most) : all.map((_, i) => i)).map((i) => mine[i]!);
      expect(count).toBe(mine.length);
      expect(steps).toEqual(kept.map(({ step }) => step));
      expect(values).toEqual(kept.map(({ value }) => finite(value)));
      expect(samplesSeen).toEqual(steps.map((step: number) => step * 8));
      expect(epochs).toEqual(steps.map((step: number) => step / 4));
    }
  });

  test('of a range of steps read the chunks that reach into it alone', async () => {
    // A chunk outside of the range that nothing could read.
    await own.asOwner(`UPDATE chunk SET first_step = 100000, last_step = 100001 WHERE first_step = 0`);
    const { curves } = await ask(', toStep: 49');
    expect(curves).toEqual([]);
    await own.asOwner(
      `UPDATE chunk SET first_step = 0, last_step = greatest(49, steps[cardinality(steps)]) WHERE first_step = 100000`,
    );
    for (const [args, says] of [
      ['fromStep: 5, toStep: 4', 'invalid toStep: 4; at least fromStep, which is 5'],
      ['maxPoints: 3, fromStep: 5', 'invalid maxPoints'],
    ]) {
      const { errors } = await own.ask(`{ curves(where: {}, metric: "loss", ${args}) { of } }`);
      expect(errors[0]).toMatchObject({
        message: expect.stringContaining(says!),
        extensions: { code: 'BAD_INPUT' },
      });
    }
  });

  test('take as many statements for four runs as for one, and leave out columns that nobody asks', async () => {
    const count = async (where: string, more = ''): Promise<string[]> => {
      own.statements();
      const { errors } = await own.ask(
        `{ curves(where: ${where}, metric: "loss") { curves { steps values ${more} } } }`,
      );
      expect(errors).toEqual([]);
      return own.statements();
    };
    const one = await count('{ seed: { eq: 0 } }');
    const all = await count('{}');
    expect(all.length).toBe(one.length);
    expect(all.join()).not.toContain('samples_seen');
    expect((await count('{}', 'samplesSeen')).join()).toContain('samples_seen');
  });
});

test('a thinned curve keeps its first and last point and the least and greatest of each bucket, and no more than asked', () => {
  const value = fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 4, max: 50 }),
      (values, most) => {
        const kept = thinned(values, most);
        expect(kept.length).toBeLessThanOrEqual(most);
        expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
        expect(kept[0]).toBe(0);
        expect(kept.at(-1)).toBe(values.length - 1);
        const numbers = values.filter((one) => !Number.isNaN(one));
        const seen = kept.map((i) => values[i]!).filter((one) => !Number.isNaN(one));
        if (numbers.length > 0) {
          expect(Math.min(...seen)).toBe(Math.min(...numbers));
          expect(Math.max(...seen)).toBe(Math.max(...numbers));
        }
      },
    ),
  );
});
