import { createSweep, type NewRun } from '@smallbatch/db';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDataset, newRun, newSweep } from '../../packages/db/new-run.ts';
import { record, stream } from './results.ts';
import { type TestApi, testApi } from './server.ts';

interface Row {
  run: NewRun;
  status: 'DONE' | 'FAILED' | 'RUNNING';
  diverged: boolean;
  value: number | null;
  key: string;
}

let own: TestApi;
const rows: Row[] = [];
const T975: Record<number, number> = {
  1: 12.706204736,
  2: 4.30265273,
  3: 3.182446305,
  4: 2.776445105,
  5: 2.570581836,
};

beforeAll(async () => {
  own = await testApi();
  const dataset = await addDataset(own.db, own.teamId);
  const random = stream(5);
  const runs: NewRun[] = [];
  for (const batchNorm of [false, true])
    for (const batchSize of [2, 8, 32])
      for (const rate of [-9, -7, -5])
        for (const seed of [0, 1, 2]) {
          if (random() < 0.15) continue;
          runs.push(newRun(dataset.id, { batchNorm, batchSize, baseLearningRate: 2 ** rate, seed }));
        }
  const owner = { teamId: own.teamId, memberId: own.memberId };
  const first = await createSweep(own.db, newSweep(owner, runs));
  // Some configurations are trained again: duplicates.
  const again = runs.filter(() => random() < 0.25);
  const second = await createSweep(own.db, newSweep(owner, again, { reuse: false }));
  for (const [sweep, list] of [
    [first, runs],
    [second, again],
  ] as const) {
    for (const [i, run] of list.entries()) {
      const dice = random();
      const status = dice < 0.08 ? 'FAILED' : dice < 0.16 ? 'RUNNING' : 'DONE';
      const diverged = status === 'DONE' && random() < 0.12;
      const value = status === 'DONE' && !diverged && random() < 0.92 ? Number(random().toFixed(4)) : null;
      rows.push({ run, status, diverged, value, key: `${sweep.key}/${i + 1}` });
    }
  }
  for (const { key, status, diverged, value } of rows) await record(own, key, { status, diverged, value });
});

/** What SURFACE says, written plainly: one run a configuration, then runs of one setting, or means of settings. */
function plain(mine: readonly Row[], best: boolean) {
  const order = (row: Row): number => {
    if (row.value !== null) return 0;
    if (row.status === 'DONE') return row.diverged ? 1 : 2;
    return row.status === 'FAILED' ? 4 : 3;
  };
  const byConfiguration = new Map<string, Row[]>();
  for (const row of mine) {
    const key = row.run.configurationHash;
    byConfiguration.set(key, [...(byConfiguration.get(key) ?? []), row]);
  }
  const counted = [...byConfiguration.values()].map(
    (list) => [...list].sort((a, b) => order(a) - order(b))[0]!,
  );
  const settings = new Map<string, Row[]>();
  for (const row of counted)
    settings.set(row.run.settingHash, [...(settings.get(row.run.settingHash) ?? []), row]);
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const valuesOf = (list: readonly Row[]): number[] =>
    list.flatMap(({ value }) => (value === null ? [] : [value]));
  let chosen = [...settings.values()];
  if (best) {
    const clean = chosen.filter(
      (list) => !list.some(({ diverged }) => diverged) && valuesOf(list).length > 0,
    );
    const most = Math.max(0, ...clean.map((list) => valuesOf(list).length));
    const candidates = clean.filter((list) => valuesOf(list).length === most);
    candidates.sort(
      (a, b) =>
        mean(valuesOf(b)) - mean(valuesOf(a)) || a[0]!.run.baseLearningRate - b[0]!.run.baseLearningRate,
    );
    chosen = candidates.slice(0, 1);
  }
  const valued = chosen.filter((list) => valuesOf(list).length > 0);
  const units = chosen.length <= 1 ? valued.flatMap(valuesOf) : valued.map((list) => mean(valuesOf(list)));
  const n = units.length;
  const sd = n > 1 ? Math.sqrt(units.reduce((sum, v) => sum + (v - mean(units)) ** 2, 0) / (n - 1)) : null;
  return {
    n,
    mean: n ? mean(units) : null,
    sd,
    half: sd === null ? null : (T975[n - 1]! * sd) / Math.sqrt(n),
    diverged: counted.filter(({ diverged }) => diverged).length,
    failed: counted.filter(({ status }) => status === 'FAILED').length,
    unfinished: counted.filter(({ status }) => status === 'RUNNING').length,
    withoutValue: counted.filter((row) => order(row) === 2).length,
    duplicates: mine.length - counted.length,
    rate: best ? (chosen[0]?.[0]?.run.baseLearningRate ?? null) : null,
  };
}

const FIELDS = `batchNorm batchSize unit n runs mean sd sem ci95 { low high } min median max
  diverged failed unfinished withoutValue duplicates varying best { baseLearningRate candidates seeds }`;

describe('aggregate', () => {
  test.each([false, true])(
    'agrees with a plain calculation over runs that are missing, diverged, failed and duplicated (best: %s)',
    async (best) => {
      const asked = best ? ', best: [BASE_LEARNING_RATE]' : '';
      const { data, errors } = await own.ask(
        `{ aggregate(by: [BATCH_NORM, BATCH_SIZE]${asked}) { runs groups { ${FIELDS} } } }`,
      );
      expect(errors).toEqual([]);
      expect(data.aggregate.runs).toBe(rows.length);
      expect(data.aggregate.groups.length).toBe(6);
      for (const group of data.aggregate.groups) {
        const mine = rows.filter(
          ({ run }) => run.batchNorm === group.batchNorm && run.batchSize === group.batchSize,
        );
        const want = plain(mine, best);
        const { diverged, failed, unfinished, withoutValue, duplicates, n } = want;
        expect(group).toMatchObject({ n, diverged, failed, unfinished, withoutValue, duplicates });
        if (want.mean === null) expect(group.mean).toBeNull();
        else expect(group.mean).toBeCloseTo(want.mean, 12);
        if (want.sd === null) expect([group.sd, group.ci95]).toEqual([null, null]);
        else {
          expect(group.sd).toBeCloseTo(want.sd, 12);
          expect((group.ci95.high - group.ci95.low) / 2).toBeCloseTo(want.half!, 7);
        }
        if (best) expect(group.best?.baseLearningRate ?? null).toBe(want.rate);
        else expect(group.varying).toEqual(['BASE_LEARNING_RATE']);
        expect(group.unit).toBe(best ? 'RUN' : 'SETTING');
      }
    },
  );

  test('chooses on some seeds and reports on the others', async () => {
    const { data } = await own.ask(
      '{ aggregate(by: [BATCH_NORM], best: [BASE_LEARNING_RATE, BATCH_SIZE], selectSeeds: [0]) { groups { n runs runKeys { keys total } best { seeds } } } }',
    );
    for (const { n, runKeys, best } of data.aggregate.groups) {
      expect(n).toBe(best.seeds);
      const seeds = rows.filter(({ key }) => runKeys.keys.includes(key)).map(({ run }) => run.seed);
      expect(seeds.length).toBe(runKeys.total);
      expect(seeds).not.toContain(0);
    }
  });

  test('refuses a best without a goal, and over an axis that is grouped by', async () => {
    await own.ask('mutation { setMetricGoal(name: "other", goal: NONE) { __typename } }');
    const none = await own.ask(
      '{ aggregate(by: [BATCH_SIZE], best: [BASE_LEARNING_RATE], metric: "other") { runs } }',
    );
    expect(none.errors[0]!.message).toContain('metric "other" has no goal');
    const both = await own.ask('{ aggregate(by: [BATCH_SIZE], best: [BATCH_SIZE]) { runs } }');
    expect(both.errors[0]!.message).toContain('BATCH_SIZE is grouped by');
  });

  test('takes as many statements for one group as for six, and none for counts that nobody asks', async () => {
    const count = async (where: string, more = ''): Promise<number> => {
      own.statements();
      const { errors } = await own.ask(
        `{ aggregate(${where} by: [BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) { groups { mean ${more} } } }`,
      );
      expect(errors).toEqual([]);
      return own.statements().length;
    };
    const one = await count('where: { batchNorm: { eq: true }, batchSize: { eq: 2 } }');
    expect(one).toBe(5);
    expect(await count('')).toBe(one);
    expect(await count('', 'diverged failed unfinished')).toBe(one + 1);
    expect(await count('', 'runKeys { keys }')).toBe(one);
  });

  test('questions of the same runs in one request read them once, by whatever settings are grouped', async () => {
    const ask = async (document: string): Promise<number> => {
      own.statements();
      const { errors } = await own.ask(document);
      expect(errors).toEqual([]);
      return own.statements().filter((text) => text.includes('settingRows')).length;
    };
    const one = await ask('{ a: aggregate(by: [BATCH_SIZE]) { groups { runs } } }');
    expect(one).toBe(3);
    expect(
      await ask(
        '{ a: aggregate(by: [BATCH_SIZE]) { groups { runs } } b: aggregate(by: [MODEL, BATCH_NORM]) { groups { mean } } }',
      ),
    ).toBe(one);
    // Other runs, another value: read for themselves.
    expect(
      await ask(
        '{ a: aggregate(by: [BATCH_SIZE]) { groups { runs } } b: aggregate(by: [MODEL], value: LAST) { groups { mean } } }',
      ),
    ).toBe(2 * one);
  });

  test.each([
    '',
    'batchNorm: { eq: true }',
    'not: { batchSize: { in: [2, 8] } }',
    'or: [{ baseLearningRate: { gt: 0.005 } }, { batchSize: { eq: 2 } }]',
  ])('says the same from the index of values and from the runs themselves (%s)', async (filter) => {
    for (const value of ['LAST', 'BEST', 'MEAN', 'MEDIAN_LAST_5'])
      for (const more of ['', 'best: [BASE_LEARNING_RATE]', 'best: [BATCH_SIZE], selectSeeds: [1]']) {
        const ask = async (where: string) => {
          const by = more.includes('BATCH_SIZE') ? 'BATCH_NORM' : 'BATCH_NORM, BATCH_SIZE';
          const { data, errors } = await own.ask(
            `{ aggregate(where: { ${where} }, by: [${by}], value: ${value} ${more}) { runs groups { ${FIELDS} runKeys { keys } } } }`,
          );
          expect(errors).toEqual([]);
          return data.aggregate;
        };
        // Seeds are of runs, so naming them makes the answer come from the runs.
        own.statements();
        const fromIndex = await ask(filter);
        expect(own.statements().some((text) => text.includes('settingRows values'))).toBe(true);
        expect(await ask(`${filter} seed: { gte: 0 }`)).toEqual(fromIndex);
        expect(own.statements().some((text) => text.includes('settingRows values'))).toBe(false);
      }
  });

  test('costs are values of runs: GPU seconds, samples, steps, and the steps to a goal', async () => {
    const { data, errors } = await own.ask(
      `{ seconds: aggregate(by: [BATCH_SIZE], best: [BASE_LEARNING_RATE], value: GPU_SECONDS) { goal groups { batchSize n mean best { baseLearningRate } } }
         goal: aggregate(by: [], value: STEPS_TO_GOAL) { goal groups { n withoutValue } } }`,
    );
    expect(errors).toEqual([]);
    expect(data.seconds.goal).toBe('MINIMISE');
    for (const { batchSize, mean, best } of data.seconds.groups) {
      const done = rows.filter(
        ({ run, status, diverged }) => run.batchSize === batchSize && status === 'DONE' && !diverged,
      );
      expect(done.length).toBeGreaterThan(0);
      // Nobody has recorded any device time: all tie, and the smaller rate wins.
      expect(mean).toBe(0);
      expect(best === null || best.baseLearningRate > 0).toBe(true);
    }
    expect(data.goal.groups[0].n).toBe(0);
    expect(data.goal.groups[0].withoutValue).toBeGreaterThan(0);
  });
});
