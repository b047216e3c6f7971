import { METRIC_VALUES, ORDERS, type Order, type PageRow, runPage } from '@smallbatch/db';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPlace } from '../../../packages/db/src/read/page.ts';
import { stream } from '../../apps/api/results.ts';
import { testDatabase } from '../../database.ts';
import { METRICS, metricOf, PARAMS, paramOf, type RandomRun, randomWorld } from './random-runs.ts';

const database = await testDatabase();
const db = await database.open();
const world = await randomWorld(db, stream(3), 'mine');
await world.add(120);
await (await randomWorld(db, stream(3), 'theirs')).add(30);

type Key = string | number | boolean | null;
/** What a run is sorted by, worked out from its plain data. */
function keysOf(run: RandomRun, order: Order): Key[] {
  if ('metric' in order) return [metricOf(run, order.metric.name, order.metric.value)];
  if ('param' in order) {
    const value = paramOf(run, order.param);
    const rank = { number: 1, string: 2, boolean: 3 }[typeof value as 'number'];
    return [
      value === null ? null : rank,
      typeof value === 'number' ? value : null,
      typeof value === 'number' || value === null ? null : String(value),
    ];
  }
  const { unit, value, epochs } = run.budget;
  switch (order.field) {
    case 'BUDGET':
      return [unit, value, epochs];
    case 'SWEEP':
      return [run.createdBy];
    case 'SCHEDULE':
      return [JSON.stringify(run.schedule)];
    case 'BATCH_SCHEDULE':
      return [run.batchSchedule === null ? null : spaced(run.batchSchedule)];
    case 'QUEUE':
      throw new Error('not offered');
    default:
      return [
        run[order.field.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as never],
      ];
  }
}
/** As PostgreSQL writes it. */
const spaced = (json: unknown): string => JSON.stringify(json).replaceAll(':', ': ').replaceAll(',', ', ');

function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return Number(a) < Number(b) ? -1 : Number(a) > Number(b) ? 1 : 0;
}
/** Absent values last, both ways; ties by the id, which goes the way of the first key. */
const comparing =
  (orders: readonly Order[]) =>
  (a: RandomRun, b: RandomRun): number => {
    for (const order of orders) {
      const [left, right] = [keysOf(a, order), keysOf(b, order)];
      for (const [i, key] of left.entries()) {
        const their = right[i]!;
        if (key === null || their === null) {
          if (key !== their) return key === null ? 1 : -1;
        } else {
          const which = compareKeys(key, their);
          if (which !== 0) return order.direction === 'ASC' ? which : -which;
        }
      }
    }
    const byId = a.id < b.id ? -1 : 1;
    return (orders[0]?.direction ?? 'ASC') === 'ASC' ? byId : -byId;
  };

const direction = fc.constantFrom('ASC' as const, 'DESC' as const);
const fields = (Object.keys(ORDERS) as (keyof typeof ORDERS)[]).filter((field) => field !== 'QUEUE');
const anyOrder: fc.Arbitrary<Order> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ field: fc.constantFrom(...fields), direction }) },
  fc.record({
    metric: fc.record({
      name: fc.constantFrom(...Object.keys(METRICS), 'unknown'),
      value: fc.constantFrom(...METRIC_VALUES),
    }),
    direction,
  }),
  fc.record({ param: fc.constantFrom(...PARAMS, 'unknown'), direction }),
);

interface Walk {
  readonly order: readonly Order[];
  readonly backwards: boolean;
  readonly sizes: readonly number[];
}
/** All pages after each other, in the order of the list; `between` runs before every page but the first. */
async function walk(
  { order, backwards, sizes }: Walk,
  between?: (page: number) => Promise<unknown>,
): Promise<string[]> {
  const ids: string[] = [];
  let from: PageRow['cursor'] | undefined;
  for (let page = 0; ; page++) {
    if (page > 0) await between?.(page);
    const count = sizes[page % sizes.length]!;
    const rows = await runPage(db, {
      teamId: world.teamId,
      order,
      count,
      backwards,
      ...(from ? { from } : {}),
    });
    const shown = rows.slice(0, count);
    ids.push(...shown.map(({ id }) => id));
    if (rows.length <= count) return backwards ? ids.reverse() : ids;
    // As it comes back from a client.
    from = JSON.parse(JSON.stringify(shown.at(-1)!.cursor));
    expect(isPlace(order, from!), JSON.stringify({ order, from })).toBe(true);
  }
}
const sorted = (order: readonly Order[]): RandomRun[] => [...world.runs].sort(comparing(order));

describe('an order', () => {
  test.each(fields)(
    'by %s is that of plain JavaScript, both ways, walked forwards and backwards',
    async (field) => {
      for (const way of ['ASC', 'DESC'] as const) {
        const order = [{ field, direction: way }];
        const ids = sorted(order).map(({ id }) => id);
        for (const backwards of [false, true])
          expect(await walk({ order, backwards, sizes: [50] })).toEqual(ids);
      }
    },
  );

  test('is begun anywhere by leaving runs out, from its ends and from a place in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyOrder, { minLength: 1, maxLength: 2 }),
        fc.nat(130),
        fc.nat(60),
        fc.boolean(),
        async (order, skip, place, backwards) => {
          const ids = sorted(order).map(({ id }) => id);
          if (backwards) ids.reverse();
          const page = { teamId: world.teamId, order, count: 20, backwards };
          const [before] = await runPage(db, { ...page, count: 1, skip: place });
          for (const from of [undefined, before!.cursor]) {
            const rows = await runPage(db, { ...page, skip, ...(from ? { from } : {}) });
            const begin = skip + (from ? place + 1 : 0);
            expect(rows.map(({ id }) => id)).toEqual(ids.slice(begin, begin + 21));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('by anything, in pages of any size, is that of plain JavaScript', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          order: fc.array(anyOrder, { minLength: 1, maxLength: 3 }),
          backwards: fc.boolean(),
          sizes: fc.array(fc.integer({ min: 5, max: 60 }), { minLength: 1, maxLength: 4 }),
        }),
        async (one) => {
          expect(await walk(one)).toEqual(sorted(one.order).map(({ id }) => id));
        },
      ),
      { numRuns: 150, seed: 12, endOnFailure: true },
    );
  });

  test('stays right while runs arrive: none of before is missed or shown twice, and all are in order', async () => {
    const walks = fc.sample(
      fc.record({
        order: fc.array(anyOrder, { minLength: 1, maxLength: 3 }),
        backwards: fc.boolean(),
        sizes: fc.constant([13, 29, 40]),
      }),
      { numRuns: 30, seed: 13 },
    );
    let arrived = 0;
    for (const one of walks) {
      const before = sorted(one.order).map(({ id }) => id);
      const known = new Set(before);
      const ids = await walk(one, async () => {
        await world.add(1);
      });
      expect(ids.filter((id) => known.has(id))).toEqual(before);
      arrived += ids.length - before.length;
      const shown = new Set(ids);
      const all = sorted(one.order).map(({ id }) => id);
      expect(ids).toEqual(all.filter((id) => shown.has(id)));
    }
    // Some of those that arrived lay ahead of the walk.
    expect(arrived).toBeGreaterThan(10);
  });

  test('takes no place that is not of its keys', () => {
    const id = '00000000-0000-7000-8000-000000000000';
    const order: Order[] = [{ field: 'WIDTH', direction: 'ASC' }];
    expect(isPlace(order, ['16', id])).toBe(true);
    for (const place of [
      [id],
      ['16'],
      ['16', id, id],
      [null, id],
      ['1e3', id],
      ['x', id],
      [16, id],
      ['16', "'; DROP"],
    ])
      expect(isPlace(order, place), JSON.stringify(place)).toBe(false);
    const loss: Order[] = [{ metric: { name: 'loss', value: 'LAST' }, direction: 'ASC' }];
    for (const value of [null, '0', '-0', '1e-07', '1.7976931348623157e+308', '-Infinity', '5e-324'])
      expect(isPlace(loss, [value, id]), String(value)).toBe(true);
    for (const value of ['NaN', '1e309', '1e-400', '0x1', '', ' 1'])
      expect(isPlace(loss, [value, id]), value).toBe(false);
    const time: Order[] = [{ field: 'CREATED_AT', direction: 'ASC' }];
    expect(isPlace(time, ['2026-01-01 00:00:00.000001+00', id])).toBe(true);
    for (const value of ['2026-99-01 00:00:00+00', 'now', 'infinity'])
      expect(isPlace(time, [value, id])).toBe(false);
  });
});
