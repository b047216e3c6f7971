import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { stream } from './results.ts';

export interface RandomDocument {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly subscription: boolean;
}

const TEXTS = [
  '',
  ' ',
  'a',
  'demo-1',
  'demo-1/1',
  'test_accuracy',
  'shapes',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfffy',
  '💥',
  "'; DROP TABLE run; --",
  '$1',
  '%',
  '\\',
  'null',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'toString',
  '\u202e',
  '\n',
  '1e400',
  '2026-01-01T00:00:00Z',
  '0000-00-00',
  '+275760-09-13T00:00:00.000Z',
  'UnVuOjE=',
  'UnVuOjAwMDAwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMA==',
  'V29ya2VyOng=',
  'W10',
  'WyJhIl0',
  'x'.repeat(300),
  '𝒳'.repeat(500),
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  2,
  3,
  7,
  20,
  100,
  101,
  0.1,
  -0.5,
  1e-320,
  1.5,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  2 ** 64,
  1e21,
  1e38,
  1e39,
  1e308,
  -1e308,
];

/**
 * Random documents over a schema, valid and not: whatever root fields it has. Known texts (keys and ids of things that there are) are
 * mixed in, so that some get far. The same seed gives the same documents.
 */
export function randomDocuments(
  schema: GraphQLSchema,
  seed: number,
  known: readonly string[],
): () => RandomDocument {
  const random = stream(seed);
  // The low bits of such a generator repeat soon: only the high ones decide.
  const below = (n: number): number => Math.floor(random() * n);
  const chance = (p: number): boolean => random() < p;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;

  const text = (): string => (chance(0.5) && known.length > 0 ? pick(known) : pick(TEXTS));
  const json = (depth: number): unknown => {
    if (depth > 3 || chance(0.4))
      return pick<() => unknown>([text, () => pick(NUMBERS), () => null, () => true, () => []])();
    if (chance(0.3)) return Array.from({ length: below(4) }, () => json(depth + 1));
    const names = [
      'name',
      'dataset',
      'model',
      'axes',
      'fixed',
      'batchSize',
      'seed',
      'strategy',
      'epochs',
      'x',
      '__proto__',
      '',
    ];
    return Object.fromEntries(Array.from({ length: below(5) }, () => [pick(names), json(depth + 1)]));
  };
  const anything = (): unknown =>
    pick<() => unknown>([
      text,
      () => pick(NUMBERS),
      () => null,
      () => chance(0.5),
      () => [],
      () => ({}),
      () => json(0),
    ])();

  /** A value of a type, as JSON; now and then of another. */
  const value = (type: GraphQLInputType, depth = 0): unknown => {
    if (chance(0.02)) return anything();
    const inner = getNullableType(type);
    if (!isNonNullType(type) && chance(0.1)) return null;
    if (isListType(inner)) {
      const count = chance(0.02) ? 1001 : chance(0.1) ? 0 : 1 + below(3);
      if (count > 10) {
        const one = value(inner.ofType, depth + 1);
        return Array.from({ length: count }, () => one);
      }
      return Array.from({ length: count }, () => value(inner.ofType, depth + 1));
    }
    if (isInputObjectType(inner)) {
      const fields = Object.values(inner.getFields());
      const most = depth > 3 ? 0.02 : 2.5 / fields.length;
      const object: Record<string, unknown> = {};
      for (const field of fields)
        if ((isNonNullType(field.type) && !chance(0.02)) || chance(most))
          object[field.name] = value(field.type, depth + 1);
      if (chance(0.01)) object.nothing = 1;
      return object;
    }
    if (isEnumType(inner)) return chance(0.03) ? 'NOTHING' : pick(inner.getValues()).name;
    switch ('name' in inner ? inner.name : '') {
      case 'Boolean':
        return chance(0.5);
      case 'Int':
      case 'SafeInt':
        return chance(0.7) ? below(120) - 5 : pick(NUMBERS);
      case 'Float':
        return chance(0.5) ? random() : pick(NUMBERS);
      case 'DateTime':
        return chance(0.6) ? new Date(below(2 ** 31) * 1000).toISOString() : anything();
      case 'JSON':
        return json(0);
      default:
        return text();
    }
  };

  /** The same as a literal of the document. */
  const literal = (given: unknown, type: GraphQLInputType): string => {
    const inner = getNullableType(type);
    if (typeof given === 'string')
      return isEnumType(inner) && /^\w+$/.test(given) ? given : JSON.stringify(given);
    if (typeof given === 'number') return Number.isFinite(given) ? String(given).replace('+', '') : 'null';
    if (Array.isArray(given))
      return `[${given.map((one) => literal(one, isListType(inner) ? inner.ofType : type)).join(' ')}]`;
    if (typeof given === 'object' && given !== null) {
      const fields = isInputObjectType(inner) ? inner.getFields() : {};
      return `{ ${Object.entries(given)
        .filter(([name]) => /^[_A-Za-z]\w*$/.test(name))
        .map(([name, one]) => `${name}: ${literal(one, fields[name]?.type ?? type)}`)
        .join(' ')} }`;
    }
    return String(given);
  };

  return () => {
    const variables: Record<string, unknown> = {};
    const declared: string[] = [];
    let budget = 25;
    const argument = (one: GraphQLArgument): string => {
      const given = value(one.type);
      if (!chance(0.5)) return `${one.name}: ${literal(given, one.type)}`;
      const name = `v${declared.length}`;
      declared.push(`$${name}: ${chance(0.02) ? 'String' : one.type}`);
      if (!chance(0.02)) variables[name] = given;
      return `${one.name}: $${name}`;
    };
    const field = (one: GraphQLField<unknown, unknown>, depth: number): string => {
      budget--;
      const args = one.args
        .filter(({ type }) => (isNonNullType(type) ? !chance(0.01) : chance(0.4)))
        .map(argument);
      if (chance(0.01)) args.push('nothing: 1');
      const type = getNamedType(one.type);
      const below_ = isLeafType(type)
        ? chance(0.005)
          ? ' { x }'
          : ''
        : chance(0.005)
          ? ''
          : selection(type as GraphQLCompositeType, depth + 1);
      const alias = chance(0.05) ? `a${below(1000)}: ` : '';
      return `${alias}${one.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${chance(0.02) ? ' @include(if: true)' : ''}${below_}`;
    };
    const selection = (type: GraphQLCompositeType, depth: number): string => {
      const parts: string[] = chance(0.2) ? ['__typename'] : [];
      if (isAbstractType(type)) {
        for (const one of schema.getPossibleTypes(type))
          if (budget > 0 && chance(isUnionType(type) ? 0.7 : 0.2))
            parts.push(`... on ${one.name}${selection(one, depth + 1)}`);
      } else if (isObjectType(type)) {
        const fields = Object.values(type.getFields());
        const leaves = fields.filter(({ type: of }) => isLeafType(getNamedType(of)));
        for (let i = 1 + below(4); i > 0 && budget > 0; i--) {
          const from = depth > 7 || chance(0.5) ? leaves : fields;
          if (from.length > 0) parts.push(field(pick(from), depth));
        }
      }
      if (chance(0.005)) parts.push('nothing');
      return ` { ${parts.length > 0 ? parts.join(' ') : '__typename'} }`;
    };
    const which = random();
    const kind = which < 0.6 ? 'query' : which < 0.97 ? 'mutation' : 'subscription';
    const rootType = schema.getRootType(kind as never)!;
    const roots = Object.values(rootType.getFields());
    const chosen = Array.from({ length: chance(0.8) ? 1 : 1 + below(3) }, () => field(pick(roots), 1));
    const head = declared.length > 0 ? `${kind} (${declared.join(', ')})` : kind;
    let query = `${head} { ${chosen.join(' ')} }`;
    if (chance(0.02)) {
      // A document with something wrong at some place.
      const at = below(query.length);
      query = `${query.slice(0, at)}${pick(['', '{', '}', '"', '$', '...', '\0', '\ud800', '@x', '#', '"""', '999999999999999999999999'])}${query.slice(at + below(4))}`;
    }
    return { query, variables, subscription: kind === 'subscription' };
  };
}
