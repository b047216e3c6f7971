import { parseSweep, sweepSchema } from '@smallbatch/search';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const AXES = ['batchSize', 'width', 'epochs'];
const valid = new Ajv2020({ allErrors: false, strict: true, allowUnionTypes: true }).compile(
  sweepSchema(AXES),
);

/** What parseSweep alone knows: beyond what a JSON Schema can say without repeating the rules. */
const BEYOND =
  /is empty, .* is more than|sets it too|already set at the top|^missing model|is already at index|nested deeper|has no list of values|the grid has every cell|^missing cells|the strategy is|stops runs already|is not varied|is not an axis of|depends on itself|has \d+ values, and|: \[.*\]$/;

const scalar = fc.oneof(
  fc.integer({ min: -3, max: 5 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ maxLength: 3 }),
  fc.constantFrom<unknown>('resnet8', 'shapes', true, null, { kind: 'cosine' }, [[1]], [], {}),
);
const range = fc.record({
  powersOfTwo: fc.array(fc.integer({ min: -70, max: 70 }), { minLength: 1, maxLength: 3 }),
});
const interval = fc.record({
  uniform: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 3 }),
});
const values = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), range, interval);
const named = (...names: string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, values])), { requiredKeys: [] });
const definition = fc.record(
  {
    name: fc.oneof(fc.constant('a'), fc.string({ unit: 'grapheme', maxLength: 8 }), scalar),
    dataset: fc.oneof(fc.constant('shapes'), fc.constant(['a', 'b']), values),
    model: fc.oneof(fc.constant('resnet8'), values),
    axes: fc.oneof(named('batchSize', 'width', 'model', 'seed'), named('batchSize', 'what'), scalar),
    hyper: fc.oneof(named('a', 'b.c'), named('9', 'x'), named('width', 'x'), scalar),
    fixed: fc.oneof(named('epochs', 'seed'), named('batchSize', 'zz'), scalar),
    strategy: fc.constantFrom<unknown>('grid', 'sobol', 'random', 'halving', 'no', 3),
    order: fc.constantFrom<unknown>('shuffled', 'listed', 'no'),
    orderSeed: fc.constantFrom<unknown>(0, 7, -1, 1.5),
    reuse: fc.constantFrom<unknown>(true, false, 0),
    cells: fc.constantFrom<unknown>(1, 12, 0, 1.5, '2'),
    searchSeed: fc.constantFrom<unknown>(0, 3, -1),
    halving: fc.oneof(fc.record({ eta: scalar, from: scalar }, { requiredKeys: [] }), scalar),
    median: fc.oneof(fc.record({ metric: scalar, least: scalar }, { requiredKeys: [] }), scalar),
    measures: fc.oneof(
      fc.array(fc.constantFrom('weight_norm', 'gradient_norm', 'x'), { maxLength: 2 }),
      scalar,
    ),
    when: fc.oneof(fc.record({ width: named('batchSize') }), scalar),
    other: fc.constant(1),
  },
  { requiredKeys: [] },
);
/** Mostly good definitions, so that the side of the accepted ones is seen often too. */
const plain = fc.record(
  {
    name: fc.constant('a'),
    dataset: fc.constantFrom<unknown>('shapes', ['a', 'b']),
    model: fc.constantFrom<unknown>('resnet8', ['a', 'b']),
    axes: fc.record({ batchSize: values, seed: fc.constantFrom<unknown>([0, 1], 3) }, { requiredKeys: [] }),
    hyper: fc.record({ a: values }, { requiredKeys: [] }),
    order: fc.constantFrom('shuffled', 'listed'),
  },
  { requiredKeys: ['name', 'dataset', 'model'] },
);

test('the published JSON Schema takes what parseSweep takes, and refuses nothing else but what is named', () => {
  let taken = 0;
  let refused = 0;
  const check = (input: unknown) => {
    const parsed = parseSweep(input, AXES);
    if (parsed.ok) {
      taken++;
      if (!valid(input))
        expect.unreachable(`schema refuses ${JSON.stringify(input)}: ${JSON.stringify(valid.errors)}`);
      return;
    }
    const within = parsed.problems.filter(({ message }) => !BEYOND.test(message));
    if (within.length === 0) return;
    refused++;
    if (valid(input)) expect.unreachable(`schema takes ${JSON.stringify(input)}: ${JSON.stringify(within)}`);
  };
  fc.assert(fc.property(fc.oneof(definition, plain), check), { numRuns: 3000 });
  expect(taken).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(200);
});

test('the example of SURFACE.md is valid by the schema', () => {
  const example = {
    name: 'resnet8-bn',
    dataset: ['cifar10'],
    model: 'resnet8',
    axes: { batchSize: [2, 4], seed: { powersOfTwo: [0, 2] } },
    fixed: { epochs: 82 },
    strategy: 'grid',
    order: 'shuffled',
    reuse: true,
  };
  expect(valid(example)).toBe(true);
  expect(valid({ ...example, axes: { batchsize: [2] } })).toBe(false);
});
