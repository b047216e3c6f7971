import { expect, test } from 'vitest';
import {
  columnOf,
  orderOf,
  parseAsColumns,
  parseAsSorting,
  sortedBy,
} from '../../../apps/dashboard/src/runs/columns.ts';
import { exportHref } from '../../../apps/dashboard/src/runs/export-menu.tsx';
import {
  ALL,
  chosenFilter,
  isChosen,
  meantBy,
  NOTHING,
  sizeOf,
  withKeys,
} from '../../../apps/dashboard/src/runs/selection.ts';
import { hrefOf, queryOf, sameView } from '../../../apps/dashboard/src/view/view.ts';

test('columns and order come back from the URL, whatever the names of metrics and parameters', () => {
  const columns = ['STATUS', 'metric:a:b, c:LAST', 'param:x:y', 'BATCH_SIZE'];
  expect(parseAsColumns.parse(parseAsColumns.serialize(columns))).toEqual(columns);
  expect(columns.map((id) => columnOf(id)?.order)).toEqual([
    { field: 'STATUS' },
    { metric: { name: 'a:b, c', value: 'LAST' } },
    { param: 'x:y' },
    { field: 'BATCH_SIZE' },
  ]);
  const sorting = [
    { id: 'metric:test_loss:MIN', down: true },
    { id: 'KEY', down: false },
  ];
  expect(parseAsSorting.parse(parseAsSorting.serialize(sorting))).toEqual(sorting);
  expect(orderOf(sorting)).toEqual([
    { metric: { name: 'test_loss', value: 'MIN' }, direction: 'DESC' },
    { field: 'KEY', direction: 'ASC' },
  ]);
  for (const id of ['NO_FIELD', 'metric:x:STEPS', 'param:', 'metric::LAST']) expect(columnOf(id)).toBeNull();
});

test('a head sorts upwards, downwards and not; with Shift beside what is there', () => {
  const once = sortedBy([], 'BATCH_SIZE', false);
  expect(once).toEqual([{ id: 'BATCH_SIZE', down: false }]);
  const twice = sortedBy(once, 'BATCH_SIZE', false);
  expect(twice).toEqual([{ id: 'BATCH_SIZE', down: true }]);
  expect(sortedBy(twice, 'BATCH_SIZE', false)).toEqual([]);
  expect(sortedBy(twice, 'CREATED_AT', true)).toEqual([...twice, { id: 'CREATED_AT', down: true }]);
});

test('a choice is of keys, or of all that match but some', () => {
  const keys = withKeys(NOTHING, ['a', 'b'], true);
  expect([sizeOf(keys, 9), chosenFilter(keys, {})]).toEqual([2, { key: { in: ['a', 'b'] } }]);
  const but = withKeys(ALL, ['a'], false);
  expect([sizeOf(but, 9), isChosen(but, 'a'), isChosen(but, 'z')]).toEqual([8, false, true]);
  expect(meantBy(but, { seed: { eq: 1 } })).toEqual({
    where: { seed: { eq: 1 }, not: { key: { eq: 'a' } } },
  });
  expect(meantBy(withKeys(but, ['a'], true), { seed: { eq: 1 } })).toEqual({ where: { seed: { eq: 1 } } });
  const many = chosenFilter(
    withKeys(
      NOTHING,
      Array.from({ length: 2500 }, (_, i) => `k${i}`),
      true,
    ),
    {},
  );
  expect(many.or?.map((one) => one.key?.in?.length)).toEqual([1000, 1000, 500]);
});

test('an export has the filter, the order and the columns of the table', () => {
  const href = exportHref('csv', {
    where: { seed: { eq: 1 } },
    sorting: [{ id: 'BATCH_SIZE', down: true }],
    columns: ['metric:test_loss:LAST', 'param:drop', 'STATUS'],
  });
  expect(Object.fromEntries(new URL(href, 'http://x').searchParams)).toEqual({
    where: '{"seed":{"eq":1}}',
    orderBy: '[{"field":"BATCH_SIZE","direction":"DESC"}]',
    metric: 'test_loss',
    summary: 'last',
    param: 'drop',
  });
});

test('a saved view opens the address that it was saved at', () => {
  expect(queryOf('RUNS', '/runs', 'order=KEY&where=%7B%7D')).toBe('order=KEY&where=%7B%7D');
  const query = queryOf('RUN', '/runs/bn%20a-1/7', 'x=epoch');
  expect(hrefOf({ page: 'RUN', query })).toBe('/runs/bn%20a-1/7?x=epoch');
  expect(hrefOf({ page: 'EXPLORE', query: '' })).toBe('/');
  expect([sameView('a=1&b=2', 'b=2&a=1'), sameView('a=1', 'a=2')]).toEqual([true, false]);
});
