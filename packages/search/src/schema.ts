import { type KEYS, NAME_LENGTH } from './parse.ts';
import { DATASET_NAME, HYPER_NAME, TEXT_LENGTH } from './parts.ts';
import { MEASURES, SCALES } from './search-keys.ts';
import { STOP_METRICS, STRATEGIES } from './sweep.ts';
import { POWERS } from './values.ts';

type Json = { readonly [key: string]: unknown };

/**
 * The JSON Schema (2020-12) of a sweep file, for editors and for `serverInfo.sweepSchema`. What parseSweep takes is
 * valid here, and what is invalid here parseSweep refuses; beyond it parseSweep refuses one setting in two places, an
 * empty range, and a missing model. Values of single axes are checked by the trainer's rules when the sweep is created.
 */
export function sweepSchema(axisNames: readonly string[]): Json {
  const axes = axisNames.filter((name) => name !== 'seed' && name !== 'dataset' && name !== 'model');
  const single = {
    type: ['number', 'string', 'boolean', 'null', 'object'],
    properties: Object.fromEntries(['powersOfTwo', ...SCALES].map((key) => [key, false])),
  };
  const values = withRanges(oneOrMany(single));
  const seed = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
  const dataset = { type: 'string', pattern: DATASET_NAME.source };
  const text = { type: 'string', maxLength: TEXT_LENGTH, pattern: '^[^\\p{Cc}\\p{Cs}]*$' };
  const hyper = { anyOf: [{ type: ['number', 'boolean'] }, text] };
  const metric = { enum: Object.keys(STOP_METRICS), default: 'test_accuracy' };
  const perAxis = <T>(of: T): Record<string, T> =>
    Object.fromEntries([...axes, 'model'].map((name) => [name, of]));
  const properties: Record<(typeof KEYS)[number], Json> = {
    name: {
      description: 'What people call the sweep; its key is made from it.',
      type: 'string',
      minLength: 1,
      maxLength: NAME_LENGTH,
      pattern: '^[^\\p{Cc}\\p{Cs}\\u2028\\u2029]*[\\p{L}\\p{N}][^\\p{Cc}\\p{Cs}\\u2028\\u2029]*$',
    },
    dataset: {
      description: 'Data sets by name.',
      anyOf: [dataset, { type: 'array', minItems: 1, uniqueItems: true, items: dataset }],
    },
    model: { description: 'The model, or a list of models.', ...values },
    axes: {
      description: 'What the sweep varies: axis → values. Later axes vary fastest in listed order.',
      type: 'object',
      additionalProperties: false,
      properties: { ...perAxis(values), seed: oneOrMany(seed) },
    },
    hyper: {
      description: 'Typed parameters of your own, part of the configuration.',
      type: 'object',
      propertyNames: { pattern: HYPER_NAME.source, not: { enum: [...axes, 'model', 'seed', 'dataset'] } },
      additionalProperties: withRanges(oneOrMany(hyper)),
    },
    fixed: {
      description: 'Settings that every cell has.',
      type: 'object',
      additionalProperties: false,
      properties: { ...perAxis(single), seed },
    },
    coupled: {
      description:
        'Axes, params or the seed whose lists go together row by row, as one direction of the grid.',
      type: 'array',
      items: {
        type: 'object',
        minProperties: 2,
        additionalProperties: { type: 'array', minItems: 1, items: single },
      },
    },
    when: {
      description: 'Axis → other axis → value or values: where these do not hold, the axis has its default.',
      type: 'object',
      additionalProperties: {
        type: 'object',
        minProperties: 1,
        additionalProperties: oneOrMany(single),
      },
    },
    strategy: {
      description: 'Every cell of the grid, or cells that are drawn; halving stops runs that fall behind.',
      enum: [...STRATEGIES],
      default: 'grid',
    },
    cells: {
      description: 'How many cells are drawn (random, sobol; with halving at random, else the grid).',
      type: 'integer',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
    },
    searchSeed: { description: 'Seed of what is drawn.', ...seed, default: 0 },
    halving: {
      description:
        'At from, from·η, from·η² … epochs a run goes on if it is one of the best 1/η that got there so far.',
      type: 'object',
      additionalProperties: false,
      properties: {
        metric,
        eta: { type: 'integer', minimum: 2, maximum: 100, default: 3 },
        from: { type: 'integer', minimum: 1, maximum: 1e6, default: 1 },
      },
    },
    median: {
      description:
        'Stops a run whose best value is worse than the median of the averages of others that got as far.',
      type: 'object',
      additionalProperties: false,
      properties: {
        metric,
        after: { type: 'integer', minimum: 1, maximum: 1e6, default: 5 },
        least: { type: 'integer', minimum: 1, maximum: 1e6, default: 5 },
      },
    },
    measures: {
      description: 'What is measured besides, once an epoch.',
      type: 'array',
      uniqueItems: true,
      items: { enum: [...MEASURES] },
    },
    order: {
      description: 'In which order runs are queued.',
      enum: ['shuffled', 'listed'],
      default: 'shuffled',
    },
    orderSeed: { description: 'Seed of the shuffle.', ...seed, default: 0 },
    reuse: {
      description: 'Take a run of the team that has the same configuration.',
      type: 'boolean',
      default: true,
    },
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Smallbatch sweep file',
    type: 'object',
    required: ['name', 'dataset'],
    additionalProperties: false,
    properties,
  };
}

/** Or an interval that a search draws from. */
function withRanges(values: { readonly anyOf: readonly Json[] }): Json {
  const end = (scale: string): Json =>
    scale === 'integers'
      ? { type: 'integer' }
      : { type: 'number', ...(scale === 'logUniform' ? { exclusiveMinimum: 0 } : {}) };
  const ranges = SCALES.map((scale) => ({
    type: 'object',
    required: [scale],
    additionalProperties: false,
    properties: { [scale]: { type: 'array', minItems: 2, maxItems: 2, items: end(scale) } },
  }));
  return { anyOf: [...values.anyOf, ...ranges] };
}

function oneOrMany(single: Json): { readonly anyOf: readonly Json[] } {
  const exponent = { type: 'integer', minimum: POWERS.low, maximum: POWERS.high };
  const range = {
    description: '2^low … 2^high, both included',
    type: 'object',
    required: ['powersOfTwo'],
    additionalProperties: false,
    properties: { powersOfTwo: { type: 'array', minItems: 2, maxItems: 2, items: exponent } },
  };
  return { anyOf: [single, { type: 'array', minItems: 1, uniqueItems: true, items: single }, range] };
}
