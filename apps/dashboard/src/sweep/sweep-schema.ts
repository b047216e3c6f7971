import { AXES } from '../axis/axis';

/** As much of a JSON Schema as a form needs. */
export interface Schema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

export type FieldKind =
  | 'choice'
  | 'switch'
  | 'text'
  | 'values'
  | 'several'
  | 'axes'
  | 'named'
  | 'part'
  | 'yaml';

/** How a property of the sweep file is put in a form. What the form cannot show it shows as YAML. */
export function kindOf(schema: Schema): FieldKind {
  const { type, properties, additionalProperties, items } = schema;
  if (schema.enum) return 'choice';
  if (type === 'boolean') return 'switch';
  if (type === 'integer' || type === 'string' || type === 'number') return 'text';
  if (type === 'array' && items?.enum) return 'several';
  // Axes have each the same kind of values; parts of halving are each of their own kind.
  if (type === 'object' && properties)
    return Object.values(properties).some((one) => one.anyOf ?? Array.isArray(one.type)) ? 'axes' : 'part';
  if (type === 'object' && typeof additionalProperties === 'object' && additionalProperties.anyOf)
    return 'named';
  return schema.anyOf ? 'values' : 'yaml';
}

/** These matter only with some strategy. */
const ONLY_WITH: Readonly<Record<string, readonly string[]>> = {
  cells: ['random', 'sobol', 'halving'],
  searchSeed: ['random', 'sobol', 'halving'],
  halving: ['halving'],
  median: ['grid', 'random', 'sobol'],
};
export const matters = (key: string, strategy: unknown): boolean =>
  !ONLY_WITH[key] || ONLY_WITH[key].includes(typeof strategy === 'string' ? strategy : 'grid');

const axisOf = new Map(Object.values(AXES).map(({ field, name }) => [field as string, name]));
/** A key of the file as people say it: batchSize is the batch size. */
export const wordsOf = (key: string): string =>
  axisOf.get(key) ?? key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
