import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAGE, type Page, type Place, placeOf, RowList } from '../../../apps/dashboard/src/runs/row-list.ts';
import type { Row } from '../../../apps/dashboard/src/runs/rows.ts';

/** Rows that are told apart by their place, behind the API's paging. */
const rowsOf = (total: number): Row[] => Array.from({ length: total }, (_, i) => ({ key: `r/${i}` }) as Row);
function answer(rows: readonly Row[], { first, after, last, before, skip = 0 }: Place): Page {
  const size = (first ?? last)!;
  expect(size).toBeLessThanOrEqual(PAGE);
  const from =
    last === undefined
      ? Number(after ?? -1) + 1 + skip
      : Math.max(0, Number(before ?? rows.length) - skip - size);
  const found = rows.slice(from, last === undefined ? from + size : Number(before ?? rows.length) - skip);
  return { rows: found, start: String(from), end: String(from + found.length - 1) };
}

test('every page is asked for at its place, from whatever is loaded, leaving out as little as can be', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1250 }),
      fc.array(fc.nat(12), { maxLength: 5 }),
      fc.nat(12),
      (total, loaded, wanted) => {
        const rows = rowsOf(total);
        const pages = Math.ceil(total / PAGE);
        const pageAt = (page: number): Page =>
          answer(rows, { first: Math.min(PAGE, total - page * PAGE), skip: page * PAGE });
        const have = new Map(loaded.map((page) => [page % pages, pageAt(page % pages)] as const));
        const page = wanted % pages;
        if (have.has(page)) return;
        const place = placeOf(page, total, have);
        expect(answer(rows, place).rows).toEqual(rows.slice(page * PAGE, (page + 1) * PAGE));
        if (have.has(page - 1) || have.has(page + 1)) expect(place.skip).toBeUndefined();
      },
    ),
  );
});

test('only what is looked at is loaded; keys of a range come complete; a failure is said and tried again', async () => {
  const rows = rowsOf(1000);
  const asked: Place[] = [];
  let broken = false;
  const list = new RowList(
    async (place) => {
      if (broken) throw new Error('no answer');
      asked.push(place);
      return answer(rows, place);
    },
    1000,
    answer(rows, { first: 100 }),
  );
  const told = () => new Promise<void>((resolve) => list.watch(resolve));
  expect(list.at(0)?.key).toBe('r/0');
  expect(list.at(999)).toBeUndefined();
  let next = told();
  list.want(990, 999);
  await next;
  expect(list.at(999)?.key).toBe('r/999');
  expect(asked).toEqual([{ last: 100 }]);
  expect(await list.keys(95, 310)).toEqual(rows.slice(95, 311).map(({ key }) => key));
  broken = true;
  next = told();
  list.want(500, 510);
  await next;
  expect(list.problem).toBe('no answer');
  broken = false;
  next = told();
  list.again();
  await next;
  expect([list.problem, list.at(505)?.key]).toEqual([undefined, 'r/505']);
});

test('newer values of rows stay at their places', () => {
  const list = new RowList(
    async () => ({ rows: [], start: null, end: null }),
    3,
    answer(rowsOf(3), { first: 3 }),
  );
  list.renew([{ key: 'r/1', step: 7 } as Row]);
  expect([0, 1, 2].map((i) => list.at(i)?.key)).toEqual(['r/0', 'r/1', 'r/2']);
  expect(list.at(1)?.step).toBe(7);
});
