import {
  type Claimed,
  claimRuns,
  createSweep,
  finishRuns,
  type NewPoints,
  type PointsSeen,
  pointsSince,
  readCurves,
  reportMetrics,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { describe, expect, test } from 'vitest';
import { stream } from '../../apps/api/results.ts';
import { testDatabase } from '../../database.ts';
import { addDataset, addWorker, newRun, newSweep } from './new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
const dataset = await addDataset(db, owner.teamId);
const worker = await addWorker(db, owner);

let seed = 0;
async function begin(): Promise<Claimed & { sweepId: string }> {
  const cells = [newRun(dataset.id, { bundleKey: `alone ${seed}`, seed: seed++ })];
  const { id } = await createSweep(db, newSweep(owner, cells));
  return { ...(await claim(id, [])), sweepId: id };
}
async function claim(sweepId: string, checkpoints: { runId: string; step: number }[], leaseSeconds = 60) {
  const [claimed] = await claimRuns(db, {
    ...owner,
    workerId: worker,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: 1,
    leaseSeconds,
    sweepId,
    checkpoints,
  });
  return claimed!;
}
async function report(run: Claimed, sequence: number, points: Record<string, [number, number][]>) {
  const series = Object.entries(points).map(([metric, pairs]) => ({
    metric,
    steps: pairs.map(([step]) => step),
    values: pairs.map(([, value]) => value),
  }));
  const { runId, attempt } = run;
  const [answer] = await reportMetrics(db, owner.teamId, [{ runId, attempt, sequence, series }]);
  expect(answer).toEqual({ kind: 'accepted', duplicate: false });
}
const release = ({ runId, attempt }: Claimed, sequence: number) =>
  finishRuns(db, owner.teamId, [
    { runId, attempt, sequence, outcome: 'RELEASED', step: 1, samplesSeen: 2, deviceSeconds: 1 },
  ]);

/** Collects what a reader has after every message; a reset begins anew. */
function reader(runId: string, given: { names?: string[]; batches?: number; bytes?: number } = {}) {
  let seen: PointsSeen | null = null;
  const points = new Map<string, [number, number][]>();
  const read = async (): Promise<{ messages: NewPoints[]; points: typeof points }> => {
    const messages: NewPoints[] = [];
    for (;;) {
      const now = (await pointsSince(db, { runId, seen, ...given, names: given.names ?? null }))!;
      messages.push(now);
      if (now.reset) points.clear();
      for (const { metric, steps, values } of now.curves)
        points.set(metric, [
          ...(points.get(metric) ?? []),
          ...steps.map((step, i): [number, number] => [step, values[i]!]),
        ]);
      seen = now.seen;
      if (!now.more) return { messages, points };
    }
  };
  return read;
}
const whole = async (runId: string): Promise<Map<string, [number, number][]>> =>
  new Map(
    (await readCurves(db, [runId], null)).map(({ metric, steps, values }) => [
      metric,
      steps.map((step, i) => [step, values[i]!]),
    ]),
  );
/** Two points of one step may come in either order. */
const sorted = (points: ReadonlyMap<string, [number, number][]>) =>
  new Map(
    [...points]
      .sort()
      .map(([metric, pairs]) => [metric, [...pairs].sort(([a, v], [b, w]) => a - b || v - w)]),
  );

describe('new points of a run', () => {
  test('are those that were written since, late ones with smaller steps too', async () => {
    const run = await begin();
    const read = reader(run.runId);
    expect((await read()).messages).toMatchObject([{ reset: true, curves: [], more: false }]);
    await report(run, 1, { loss: [[5, 0.5]], accuracy: [[5, 0.1]] });
    const first = await read();
    expect(first.messages).toMatchObject([
      {
        reset: false,
        curves: [
          { metric: 'accuracy', steps: [5], count: 1 },
          { metric: 'loss', steps: [5] },
        ],
      },
    ]);
    await report(run, 2, {
      loss: [
        [6, Number.NaN],
        [2, 0.2],
      ],
    });
    await report(run, 3, { loss: [[1, 0.1]] });
    expect((await read()).messages).toMatchObject([
      { curves: [{ metric: 'loss', steps: [1, 2, 6], values: [0.1, 0.2, Number.NaN], count: 4 }] },
    ]);
    expect((await read()).messages).toMatchObject([{ curves: [], reset: false }]);
  });

  test('begin anew when another attempt has superseded some, and go on from what it kept', async () => {
    const run = await begin();
    const read = reader(run.runId);
    await report(run, 1, {
      loss: [
        [1, 0.1],
        [2, 0.2],
      ],
    });
    await report(run, 2, { loss: [[3, 0.3]] });
    await read();
    await release(run, 2);
    expect((await read()).messages).toMatchObject([{ reset: false, curves: [], status: 'WAITING' }]);
    const second = await claim(run.sweepId, [{ runId: run.runId, step: 2 }]);
    expect(second).toMatchObject({ attempt: 2, startStep: 2 });
    await report(second, 1, { loss: [[3, 0.33]] });
    const { messages, points } = await read();
    expect(messages).toMatchObject([{ reset: true, attempt: 2 }]);
    expect(points.get('loss')).toEqual([
      [1, 0.1],
      [2, 0.2],
      [3, 0.33],
    ]);
    await release(second, 1);
    const third = await claim(run.sweepId, []);
    expect((await read()).messages).toMatchObject([{ reset: true, attempt: 3, curves: [] }]);
    await report(third, 1, { loss: [[1, 1]] });
    expect((await read()).messages).toMatchObject([{ reset: false, curves: [{ steps: [1] }] }]);
  });

  test.each([{ batches: 2 }, { batches: 3, bytes: 300 }, { bytes: 1 }, {}])(
    'add up to the whole curve of every metric, in parts of %o',
    async (parts) => {
      const random = stream(7);
      const run = await begin();
      const read = reader(run.runId, parts);
      let attempt: Claimed = run;
      let sequence = 0;
      let most = 0;
      for (let turn = 0; turn < 60; turn++) {
        if (turn === 25 || turn === 45) {
          await release(attempt, sequence);
          attempt = await claim(run.sweepId, turn === 25 ? [{ runId: run.runId, step: 20 }] : []);
          sequence = 0;
        }
        const metrics = ['a', 'b', 'c'].filter((_, i) => random() < [1, 0.5, 0.1][i]!);
        const pair = (): [number, number] => [Math.floor(random() * 50), random()];
        await report(
          attempt,
          ++sequence,
          Object.fromEntries(metrics.map((metric) => [metric, [pair(), pair()]])),
        );
        if (turn % 11 === 10) {
          const { messages, points } = await read();
          most = Math.max(most, messages.length);
          expect(sorted(points)).toEqual(sorted(await whole(run.runId)));
        }
      }
      const { points } = await read();
      expect(sorted(points)).toEqual(sorted(await whole(run.runId)));
      if (Object.keys(parts).length > 0) expect(most).toBeGreaterThan(2);
    },
  );

  test('are read from the new chunks alone, however long the curve is, by the primary key', async () => {
    const run = await begin();
    await report(run, 1, { loss: [[1, 1]], accuracy: [[1, 1]] });
    const chunks = `INSERT INTO chunk SELECT $1, id, 1, n, team_id, n, n, ARRAY[n], '{}', '{}', ARRAY[0], ARRAY[0.5] FROM metric, generate_series(2, 5000) n WHERE name IN ('loss', 'accuracy')`;
    await database.asOwner(chunks, [run.runId]);
    await database.asOwner('UPDATE run SET sequence = 5000 WHERE id = $1', [run.runId]);
    await report(run, 5001, { loss: [[5001, 1]] });
    await database.asOwner('VACUUM ANALYZE chunk');
    const heard: [string, readonly unknown[]][] = [];
    const stop = db.onQuery((_name, sql, values) => heard.push([sql, values]));
    const seen = { of: 1, attempt: 1, sequence: 5000 };
    const now = await pointsSince(db, { runId: run.runId, names: null, seen });
    stop();
    expect(now!.curves).toMatchObject([{ metric: 'loss', steps: [5001] }]);
    expect(heard.length).toBe(1);
    const [[sql, values]] = heard as [[string, readonly unknown[]]];
    const { rows } = await db.pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, [...values]);
    interface Plan {
      'Relation Name'?: string;
      'Index Name'?: string;
      'Actual Rows': number;
      'Actual Loops': number;
      Plans?: Plan[];
    }
    const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
    const scans = nodes(rows[0]['QUERY PLAN'][0].Plan).filter((node) => node['Relation Name'] === 'chunk');
    expect(scans.map((node) => node['Index Name'])).toEqual(['chunk_pkey']);
    expect(scans.map((node) => node['Actual Rows'] * node['Actual Loops'])).toEqual([1]);
  });

  test('of an unknown run are none', async () => {
    expect(
      await pointsSince(db, { runId: '00000000-0000-4000-8000-000000000000', names: null, seen: null }),
    ).toBeUndefined();
  });
});
