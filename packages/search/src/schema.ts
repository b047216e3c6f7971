/** The published JSON Schema of a sweep file. What it cannot say (axes that fit together) the API checks on creation. */
export function sweepSchema(axisNames: readonly string[]): object {
  const range = {
    type: 'object',
    properties: { powersOfTwo: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 } },
    required: ['powersOfTwo'],
    additionalProperties: false,
  };
  const list = { type: 'array', minItems: 1, uniqueItems: true };
  const axis = { anyOf: [list, range, { type: ['number', 'string', 'boolean', 'null'] }] };
  const named = (schema: object): object => ({
    type: 'object',
    properties: Object.fromEntries([...axisNames, 'seed'].map((name) => [name, schema])),
    additionalProperties: false,
  });
  const names = { anyOf: [{ type: 'string' }, { ...list, items: { type: 'string' } }] };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Smallbatch sweep',
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 80 },
      dataset: names,
      model: names,
      axes: named(axis),
      fixed: named({}),
      hyper: { type: 'object', additionalProperties: axis },
      strategy: { enum: ['grid'] },
      order: { enum: ['shuffled', 'listed'] },
      orderSeed: { type: 'integer', minimum: 0 },
      reuse: { type: 'boolean' },
    },
    required: ['name', 'dataset'],
    additionalProperties: false,
  };
}
