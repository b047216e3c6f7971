import { isDeepStrictEqual } from 'node:util';
import {
  compileFilter,
  countRuns,
  FIELDS,
  METRIC_VALUES,
  onlySettings,
  type RunFilter,
  Values,
} from '@smallbatch/db';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { stream } from '../../apps/api/results.ts';
import { testDatabase } from '../../database.ts';
import {
  BATCH_SCHEDULES,
  LONG_WHOLES,
  METRICS,
  metricOf,
  momentOf,
  NUMBERS,
  ODD,
  PARAMS,
  paramOf,
  type RandomRun,
  randomWorld,
  SCHEDULES,
  SWEEPS,
  sweepName,
  told,
  WHOLES,
  type World,
} from './random-runs.ts';

const database = await testDatabase();
const db = await database.open();
let world: World;
let other: World;
beforeAll(async () => {
  world = await randomWorld(db, stream(1), 'mine');
  await world.add(250);
  // The same names in another team: none of its runs may ever be found.
  other = await randomWorld(db, stream(1), 'theirs');
  await other.add(50);
});

type Is = Record<string, unknown>;
const same = (a: unknown, b: unknown): boolean =>
  a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : isDeepStrictEqual(a, b);

/** Whether conditions hold of a value, in plain JavaScript. */
function holds(value: unknown, is: Is): boolean {
  return Object.entries(is).every(([operator, operand]) => {
    if (operator === 'isNull') return (value === null) === operand;
    if (value === null) return false;
    const [a, b] = [value as number, operand as number];
    switch (operator) {
      case 'eq':
        return same(value, operand);
      case 'in':
        return (operand as unknown[]).some((one) => same(value, one));
      case 'gt':
        return a > b;
      case 'gte':
        return a >= b;
      case 'lt':
        return a < b;
      case 'lte':
        return a <= b;
      case 'contains':
        return String(value).includes(operand as string);
      case 'startsWith':
        return String(value).startsWith(operand as string);
      default:
        throw new Error(operator);
    }
  });
}

/** A comparison of numbers or texts holds only of a parameter of that type. */
function holdsOfParam(value: unknown, is: Is): boolean {
  return Object.entries(is).every(([operator, operand]) => {
    if (['gt', 'gte', 'lt', 'lte'].includes(operator) && typeof value !== 'number') return false;
    if (['contains', 'startsWith'].includes(operator) && typeof value !== 'string') return false;
    return holds(value, { [operator]: operand });
  });
}

function matches(run: RandomRun, filter: RunFilter): boolean {
  return Object.entries(filter).every(([field, given]): boolean => {
    const is = given as Is;
    switch (field) {
      case 'and':
        return (given as RunFilter[]).every((part) => matches(run, part));
      case 'or':
        return (given as RunFilter[]).some((part) => matches(run, part));
      case 'not':
        return !matches(run, given as RunFilter);
      case 'status':
        return (given as string[]).includes(run.status);
      case 'sweep': {
        const { isNull, ...rest } = is;
        if (isNull !== undefined && (run.sweeps.length === 0) !== isNull) return false;
        return Object.keys(rest).length === 0 || run.sweeps.some((key) => holds(key, rest));
      }
      case 'budget': {
        const { unit, value = {}, epochs = {} } = is as { unit?: string[]; value?: Is; epochs?: Is };
        return (
          (!unit || unit.includes(run.budget.unit)) &&
          holds(run.budget.value, value) &&
          holds(run.budget.epochs, epochs)
        );
      }
      case 'tags': {
        const { has, hasAny, hasNone, isEmpty } = is as {
          has?: string;
          hasAny?: string[];
          hasNone?: string[];
          isEmpty?: boolean;
        };
        return (
          (has === undefined || run.tags.includes(has)) &&
          (hasAny === undefined || hasAny.some((tag) => run.tags.includes(tag))) &&
          (hasNone === undefined || !hasNone.some((tag) => run.tags.includes(tag))) &&
          (isEmpty === undefined || (run.tags.length === 0) === isEmpty)
        );
      }
      case 'search': {
        const texts = [
          run.key,
          run.note ?? '',
          run.createdBy === null ? '' : sweepName(run.createdBy),
          ...run.tags,
        ];
        const found = (word: string) => texts.some((text) => text.toLowerCase().includes(word.toLowerCase()));
        return (given as string).split(/\s+/u).every(found);
      }
      case 'metrics':
        return (given as NonNullable<RunFilter['metrics']>).every((one) =>
          holds(metricOf(run, one.name, one.value), one.is as Is),
        );
      case 'params':
        return (given as NonNullable<RunFilter['params']>).every(({ name, ...rest }) =>
          holdsOfParam(paramOf(run, name), rest),
        );
      case 'epochs':
        return holds(run.budget.unit === 'EPOCHS' ? run.budget.value : null, is);
      case 'createdAt':
      case 'startedAt':
      case 'endedAt': {
        const at = told(run[field]);
        return holds(at === null ? null : momentOf(at), is);
      }
      default:
        return holds(run[field as keyof RandomRun], is);
    }
  });
}

/** Some of these conditions, at least one. */
const some = (arbitraries: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Is> =>
  fc
    .record(arbitraries, { requiredKeys: [] })
    .filter((is) => Object.keys(is).length > 0)
    .map((is) => {
      // Few at once: of many together nothing is left.
      const names = Object.keys(is).slice(0, 2);
      return Object.fromEntries(names.map((name) => [name, is[name as never]]));
    });
const oneOf = <T>(list: readonly T[]) => fc.constantFrom(...list);
const listOf = <T>(list: readonly T[]) => fc.array(oneOf(list), { maxLength: 4 });
const bounds = (list: readonly unknown[]) => ({
  gt: oneOf(list),
  gte: oneOf(list),
  lt: oneOf(list),
  lte: oneOf(list),
});
const equals = (list: readonly unknown[]) => ({ eq: oneOf(list), in: listOf(list), isNull: fc.boolean() });
const shuffled = (is: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Is> =>
  fc
    .shuffledSubarray(Object.keys(is), { minLength: 1 })
    .chain((names) => some(Object.fromEntries(names.map((name) => [name, is[name]!]))));

const parts = ['', ...ODD, 'e', '/1', 'wo'];
const text = (more: readonly string[] = []) =>
  shuffled({ ...equals([...ODD, ...more]), contains: oneOf(parts), startsWith: oneOf(parts) });
const number = shuffled({ ...equals(NUMBERS), ...bounds(NUMBERS) });
const whole = shuffled({
  ...equals([...WHOLES, ...LONG_WHOLES]),
  ...bounds([...WHOLES, ...LONG_WHOLES, -1]),
});
const MOMENTS = [0, 1, 2, 3, 1000, 86_400_000].map(momentOf);
const BY_KIND = {
  text: text(['shapes', '日本', 'ada', 'CONV', 'ALL', 'a/1', 'É/2']),
  number,
  whole,
  yesNo: shuffled({ eq: fc.boolean(), isNull: fc.boolean() }),
  moment: shuffled({ ...bounds(MOMENTS), isNull: fc.boolean() }),
  json: shuffled(equals([...SCHEDULES, ...BATCH_SCHEDULES, { b: [2, { c: null }], a: 1 }, {}, 1])),
};
const fieldCondition = fc
  .constantFrom(...Object.entries(FIELDS))
  .chain(([name, { kind }]) => BY_KIND[kind].map((is): RunFilter => ({ [name]: is })));
const paramValues = [...NUMBERS, ...ODD, true, false, '1'];
const others: Record<string, fc.Arbitrary<RunFilter>> = {
  status: listOf(['WAITING', 'RUNNING', 'DONE', 'PRUNED', 'FAILED', 'CANCELLED']).map((status) => ({
    status,
  })),
  sweep: shuffled({ ...equals([...SWEEPS, 'none']), contains: oneOf(parts), startsWith: oneOf(parts) }).map(
    (sweep) => ({ sweep }),
  ),
  budget: shuffled({ unit: listOf(['EPOCHS', 'STEPS', 'GOAL_ERROR']), value: number, epochs: number }).map(
    (budget) => ({ budget }),
  ),
  tags: shuffled({ has: oneOf(ODD), hasAny: listOf(ODD), hasNone: listOf(ODD), isEmpty: fc.boolean() }).map(
    (tags) => ({ tags }),
  ),
  search: fc
    .array(oneOf([...ODD.filter((word) => word.trim()), 'NAME', 'and', '/1', 'ς']), {
      minLength: 1,
      maxLength: 2,
    })
    .map((list) => ({ search: list.join('  ') })),
  metrics: fc
    .record({ name: oneOf([...Object.keys(METRICS), 'unknown']), value: oneOf(METRIC_VALUES), is: number })
    .map((one) => ({ metrics: [one] })),
  params: fc
    .record({
      name: oneOf([...PARAMS, 'unknown', 'hyper']),
      is: shuffled({
        ...equals(paramValues),
        ...bounds(NUMBERS),
        contains: oneOf(parts),
        startsWith: oneOf(parts),
      }),
    })
    .map(({ name, is }) => ({ params: [{ name, ...is }] })),
};
const condition = fc.oneof({ weight: 3, arbitrary: fieldCondition }, ...Object.values(others));
const { tree } = fc.letrec<{ tree: RunFilter }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    condition,
    fc.array(tie('tree'), { maxLength: 3 }).map((and): RunFilter => ({ and })),
    fc.array(tie('tree'), { maxLength: 3 }).map((or): RunFilter => ({ or })),
    tie('tree').map((not): RunFilter => ({ not })),
    fc.tuple(condition, condition).map(([a, b]): RunFilter => ({ ...a, ...b })),
  ),
}));

/** Many filters in one statement: which runs each finds. */
async function found(filters: readonly RunFilter[]): Promise<string[][]> {
  const values = new Values();
  const columns = filters.map(
    (filter, i) =>
      `array_agg(r.id::text) FILTER (WHERE ${compileFilter(filter, world.teamId, values)}) AS f${i}`,
  );
  const { rows } = await db.pool.query(`/* found */ SELECT ${columns.join(', ')} FROM run r`, values.list);
  return filters.map((_, i) => (rows[0][`f${i}`] ?? []).sort());
}
const expected = (filter: RunFilter): string[] =>
  world.runs
    .filter((run) => matches(run, filter))
    .map(({ id }) => id)
    .sort();

async function agree(filters: readonly RunFilter[]): Promise<number[]> {
  const all = await found(filters);
  return filters.map((filter, i) => {
    const ids = expected(filter);
    if (!isDeepStrictEqual(all[i], ids))
      expect({ filter, ids: all[i] }, JSON.stringify(filter)).toEqual({ filter, ids });
    return ids.length;
  });
}

describe('a filter', () => {
  test.each(Object.keys(BY_KIND))(
    'of one field of kind %s finds what plain JavaScript finds, with every operator',
    async (kind) => {
      const names = Object.entries(FIELDS).flatMap(([name, field]) => (field.kind === kind ? [name] : []));
      const one = fc.tuple(oneOf(names), BY_KIND[kind as keyof typeof BY_KIND]);
      const filters = fc
        .sample(one, { numRuns: 400, seed: 7 })
        .map(([name, is]): RunFilter => ({ [name]: is }));
      const used = new Set(
        filters.flatMap((filter) => Object.values(filter).flatMap((is) => Object.keys(is as Is))),
      );
      const sizes: number[] = [];
      for (let i = 0; i < filters.length; i += 20) sizes.push(...(await agree(filters.slice(i, i + 20))));
      // It cannot pass by finding always nothing, or always all.
      expect(sizes.filter((size) => size > 0 && size < world.runs.length).length).toBeGreaterThan(80);
      expect(used.size).toBe({ text: 5, number: 7, whole: 7, yesNo: 2, moment: 5, json: 3 }[kind]);
    },
  );

  test.each(Object.keys(others))('by %s finds what plain JavaScript finds', async (name) => {
    const filters = fc.sample(others[name]!, { numRuns: 400, seed: 8 });
    const sizes: number[] = [];
    for (let i = 0; i < filters.length; i += 20) sizes.push(...(await agree(filters.slice(i, i + 20))));
    expect(sizes.filter((size) => size > 0 && size < world.runs.length).length).toBeGreaterThan(80);
  });

  test('of and, or and not over all of these finds what plain JavaScript finds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { minLength: 10, maxLength: 10 }), async (filters) => {
        await agree(filters);
      }),
      { numRuns: 80, seed: 9, endOnFailure: true },
    );
  });

  test('that stands alone in a statement finds and counts the same, also where the planner joins', async () => {
    for (const filter of fc.sample(tree, { numRuns: 200, seed: 10 })) {
      const values = new Values();
      const { rows } = await db.pool.query(
        `SELECT r.id FROM run r WHERE ${compileFilter(filter, world.teamId, values)}`,
        values.list,
      );
      expect(rows.map(({ id }) => id).sort(), JSON.stringify(filter)).toEqual(expected(filter));
      expect(await countRuns(db, world.teamId, filter)).toBe(rows.length);
    }
  });

  test('without any condition finds all runs of the team, and none of another', async () => {
    expect(await countRuns(db, world.teamId, {})).toBe(world.runs.length);
    expect(await countRuns(db, world.teamId, { not: { or: [] } })).toBe(world.runs.length);
    expect(await countRuns(db, world.teamId, { or: [] })).toBe(0);
    expect(await countRuns(db, other.teamId, null)).toBe(other.runs.length);
  });

  test('of settings alone names no other column of a run than theirs', async () => {
    const columns = Object.entries(FIELDS).filter(([, field]) => 'setting' in field && field.setting);
    expect(columns.map(([name]) => name)).not.toContain('seed');
    const ofSettings = fc
      .constantFrom(...columns)
      .chain(([name, { kind }]) => BY_KIND[kind].map((is): RunFilter => ({ [name]: is })));
    const filters = fc.sample(fc.oneof(ofSettings, others.budget!), { numRuns: 200, seed: 11 });
    // A table that has those columns and no other.
    await database.asOwner(`CREATE TABLE only_settings AS SELECT team_id, dataset_id, model, width, batch_size, batch_schedule, base_learning_rate, schedule,
      warm_up, momentum, nesterov, weight_decay, batch_norm, batch_norm_scope, bn_batch, augmentation, budget_unit, budget_value, budget_epochs,
      evaluate_every, hyper, trainer_version, id AS of_run FROM run`);
    await database.asOwner('GRANT SELECT ON only_settings TO smallbatch_app');
    for (const one of filters) {
      const filter: RunFilter = { or: [one, { not: { and: [one, { epochs: { gt: 1 } }] } }], ...one };
      expect(onlySettings(filter)).toBe(true);
      const values = new Values();
      const where = compileFilter(filter, world.teamId, values, { over: 'setting' });
      const { rows } = await db.pool.query(
        `SELECT of_run AS id FROM only_settings r WHERE ${where}`,
        values.list,
      );
      expect(rows.map(({ id }) => id).sort()).toEqual(expected(filter));
    }
  });

  test('that asks of more than settings says so, however deep, and is not compiled for them', () => {
    for (const asked of [
      { seed: { eq: 1 } },
      { member: { eq: 'ada' } },
      { status: ['DONE'] },
      { tags: { has: 'a' } },
      { search: 'a' },
      { sweep: { eq: 'a' } },
      { params: [{ name: 'a', eq: 1 }] },
      { metrics: [{ name: 'accuracy', value: 'LAST' as const, is: { gt: 0 } }] },
      { createdAt: { gt: new Date() } },
      { settingHash: { eq: '1' } },
    ] satisfies RunFilter[]) {
      const deep: RunFilter = { and: [{ batchSize: { eq: 2 } }, { not: { or: [asked] } }] };
      expect(onlySettings(deep), JSON.stringify(asked)).toBe(false);
      expect(() => compileFilter(deep, world.teamId, new Values(), { over: 'setting' })).toThrow(
        'asks of runs',
      );
    }
    expect(onlySettings({ and: [{ batchSize: { eq: 2 } }, { status: null }], dataset: { eq: 'x' } })).toBe(
      true,
    );
    expect(onlySettings(undefined)).toBe(true);
  });
});
