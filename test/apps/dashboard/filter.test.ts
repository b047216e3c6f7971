import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunFilter } from '../../../apps/dashboard/src/axis/axis.ts';
import { numberText, parseNumber } from '../../../apps/dashboard/src/filter/fields.ts';
import { parseAsFilter } from '../../../apps/dashboard/src/filter/filter.ts';
import {
  type All,
  duplicatePart,
  isGroup,
  movePart,
  type Part,
  readTree,
  unwrapPart,
  wrapPart,
  writeTree,
} from '../../../apps/dashboard/src/filter/tree.ts';
import { filterWords } from '../../../apps/dashboard/src/filter/words.ts';

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0 || 0);
const whole = fc.integer({ min: -64, max: 64 });
const text = fc.string({ maxLength: 6 });
const some = <T>(of: Record<string, fc.Arbitrary<T>>) => fc.record(of, { requiredKeys: [] });
const numbers = (of: fc.Arbitrary<number>) =>
  some<unknown>({ eq: of, in: fc.array(of, { maxLength: 3 }), gte: of, lt: of, isNull: fc.boolean() });
const texts = some<unknown>({
  eq: text,
  in: fc.array(text, { maxLength: 3 }),
  contains: text,
  isNull: fc.boolean(),
});

/** At most two levels of groups inside of each other: filters grow fast. */
const inner = <T extends object>(one: fc.Arbitrary<T>): fc.Arbitrary<T | Record<string, never>> =>
  fc.oneof({ maxDepth: 2, depthIdentifier: 'groups' }, fc.constant({}), one);

/** Filters of every shape: also of fields that nobody knows, and of values that do not fit. */
const { filter } = fc.letrec<{ filter: Record<string, unknown> }>((tie) => ({
  filter: some<unknown>({
    batchSize: numbers(whole),
    baseLearningRate: numbers(number),
    batchNorm: some<unknown>({ eq: fc.boolean(), isNull: fc.boolean() }),
    dataset: texts,
    sweep: texts,
    status: fc.subarray(['DONE', 'FAILED', 'WAITING']),
    budget: some<unknown>({ unit: fc.subarray(['EPOCHS', 'STEPS']), value: numbers(number) }),
    tags: some<unknown>({ has: text, hasNone: fc.array(text, { maxLength: 2 }), isEmpty: fc.boolean() }),
    createdAt: some<unknown>({ gte: fc.date({ noInvalidDate: true }).map((one) => one.toISOString()) }),
    search: text,
    params: fc.array(
      fc
        .tuple(text, some<unknown>({ eq: fc.oneof(number, text, fc.boolean()), gt: number }))
        .map(([name, is]) => ({ name, ...is })),
      { maxLength: 3 },
    ),
    metrics: fc.array(
      fc.record({ name: text, value: fc.constantFrom('LAST', 'BEST'), is: numbers(number) }),
      { maxLength: 3 },
    ),
    and: fc.array(inner(tie('filter')), { maxLength: 2 }),
    or: fc.array(inner(tie('filter')), { maxLength: 2 }),
    not: inner(tie('filter')),
    colour: fc.jsonValue(),
    width: fc.oneof(numbers(whole), fc.constantFrom(null, 3, { eq: 'wide' }, { near: 4 })),
  }),
}));

test('every filter comes back from the URL and from the editor as it was', () => {
  fc.assert(
    fc.property(filter, (one) => {
      const filter = JSON.parse(JSON.stringify(one)) as RunFilter;
      expect(parseAsFilter.parse(parseAsFilter.serialize(filter))).toEqual(filter);
      expect(writeTree(readTree(filter))).toEqual(filter);
    }),
    { numRuns: 1000 },
  );
});

/** What a filter means, over runs of two fields. */
type Run = { batchSize: number; batchNorm: boolean };
const RUNS: Run[] = [1, 2, 4].flatMap((batchSize) =>
  [false, true].map((batchNorm) => ({ batchSize, batchNorm })),
);
function holds(filter: object, run: Run): boolean {
  return Object.entries(filter).every(([field, value]) => {
    if (field === 'and') return (value as object[]).every((one) => holds(one, run));
    if (field === 'or') return (value as object[]).some((one) => holds(one, run));
    if (field === 'not') return !holds(value as object, run);
    const mine = run[field as keyof Run];
    return Object.entries(value as Record<string, number>).every(([operator, than]) =>
      operator === 'eq'
        ? mine === (than as unknown)
        : operator === 'gte'
          ? Number(mine) >= than
          : Number(mine) < than,
    );
  });
}
const meaning = (filter: object): string => RUNS.map((run) => Number(holds(filter, run))).join('');
const size = fc.constantFrom(1, 2, 4);
const { small } = fc.letrec<{ small: Record<string, unknown> }>((tie) => ({
  small: some<unknown>({
    batchSize: some({ eq: size, gte: size, lt: size }),
    batchNorm: some({ eq: fc.boolean() }),
    and: fc.array(inner(tie('small')), { maxLength: 2 }),
    or: fc.array(inner(tie('small')), { maxLength: 2 }),
    not: inner(tie('small')),
  }),
}));
const partsOf = (tree: All): Part[] =>
  tree.parts.flatMap((part) => [part, ...(isGroup(part) ? part.of.flatMap(partsOf) : [])]);

test('moving, duplicating and grouping change how a filter is written, not what it means', () => {
  fc.assert(
    fc.property(
      small,
      fc.nat(),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
      (filter, which, steps) => {
        let tree = readTree(filter as RunFilter);
        for (const step of steps) {
          const parts = partsOf(tree);
          if (parts.length === 0) return;
          const { id } = parts[which % parts.length]!;
          tree = [
            () => movePart(tree, id, 1),
            () => movePart(tree, id, -1),
            () => duplicatePart(tree, id),
            () => wrapPart(tree, id, step % 2 ? 'and' : 'or'),
            () => unwrapPart(tree, id),
            () => wrapPart(wrapPart(tree, id, 'or'), id, 'and'),
          ][step]!();
        }
        expect(meaning(writeTree(tree))).toBe(meaning(filter));
      },
    ),
    { numRuns: 1000 },
  );
});

test('the opposite of the opposite is the same again', () => {
  const filter = { or: [{ batchSize: { eq: 2 } }, { not: { batchNorm: { eq: true } } }] };
  const tree = readTree(filter);
  const { id } = tree.parts[0]!;
  const opposite = wrapPart(tree, id, 'not');
  expect(writeTree(opposite)).toEqual({ not: filter });
  expect(writeTree(wrapPart(opposite, opposite.parts[0]!.id, 'not'))).toEqual(filter);
});

describe('the words of a filter', () => {
  test('are of one meaning alone', () => {
    fc.assert(
      fc.property(fc.array(small, { minLength: 30, maxLength: 60 }), (filters) => {
        const meanings = new Map<string, string>();
        for (const filter of filters) {
          const words = filterWords(filter as RunFilter);
          expect(meanings.get(words) ?? meaning(filter), words).toBe(meaning(filter));
          meanings.set(words, meaning(filter));
        }
      }),
      { numRuns: 100 },
    );
  });

  test.each<[RunFilter, string]>([
    [{}, "everyone's runs"],
    [{ dataset: { eq: 'cifar10' }, batchSize: { lte: 8 } }, 'data set is cifar10 and batch size ≤ 8'],
    [
      { or: [{ batchSize: { lte: 8 }, seed: { eq: 1 } }, { batchNorm: { eq: false } }] },
      '((batch size ≤ 8 and seed is 1) or batch norm is off)',
    ],
    [{ not: { baseLearningRate: { in: [2 ** -8, 0.3] } } }, 'not (base learning rate is one of 2⁻⁸, 0.3)'],
    [{ metrics: [{ name: 'test_loss', value: 'LAST', is: { lt: 0.5 } }] }, 'test_loss (last) < 2⁻¹'],
    [{ status: ['FAILED', 'CANCELLED'] }, 'status is failed or cancelled'],
    [{ diverged: { eq: false } }, 'not diverged'],
    [{ params: [{ name: 'dropout', eq: '0.1' }] }, 'dropout is "0.1"'],
    [{ or: [] }, 'no run'],
    [{ or: [{}, { seed: { eq: 1 } }] }, "(everyone's runs or seed is 1)"],
    [{ colour: 'red' } as RunFilter, 'colour "red"'],
  ])('%j', (filter, words) => expect(filterWords(filter)).toBe(words));
});

test('numbers are read as they are written, powers of two too', () => {
  expect(['2^-8', '2⁻⁸', '0.5', '1e-4', '−3', '2^10'].map(parseNumber)).toEqual([
    2 ** -8,
    2 ** -8,
    0.5,
    1e-4,
    -3,
    1024,
  ]);
  expect(['', 'abc', '2^', '2^-8x', '1e999'].map(parseNumber)).toEqual(Array(5).fill(undefined));
  fc.assert(fc.property(number, (one) => parseNumber(numberText(one)) === one));
});
