import {
  coerceInputValue,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';
import { fault } from '../errors.ts';

/** What was given: texts of the URL, several of one name, or JSON of a body. */
export type Given = ReadonlyMap<string, { texts: readonly string[] } | { json: unknown }>;
export type Types = Readonly<Record<string, GraphQLInputType>>;

export interface Parameters {
  /** As they were given, with the texts of a URL read as what they stand for; for the words about the file. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** By the rules of the API's input types. */
  readonly values: Readonly<Record<string, unknown>>;
}

const shorten = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};
/** Deeper JSON than any filter may be is refused before anything goes down into it. */
const DEEPEST = 100;

export function givenBy(search: URLSearchParams, body: unknown): Given {
  const given = new Map<string, { texts: readonly string[] } | { json: unknown }>();
  for (const name of new Set(search.keys())) given.set(name, { texts: search.getAll(name) });
  if (body === undefined) return given;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw fault('BAD_INPUT', 'invalid body: send one JSON object, the parameters by their names');
  for (const [name, json] of Object.entries(body)) {
    if (given.has(name))
      throw fault('BAD_INPUT', `invalid ${name}: it is in the URL and in the body; give one`);
    given.set(name, { json });
  }
  return given;
}

/** Reads parameters by GraphQL input types, so that an export takes what a query takes. A fault names the parameter. */
export function readParameters(types: Types, given: Given): Parameters {
  const asked: Record<string, unknown> = {};
  const values: Record<string, unknown> = {};
  for (const [name, one] of given) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (!type) {
      const known = Object.keys(types).join(', ');
      throw fault('BAD_INPUT', `unknown parameter "${shorten(name)}": there are ${known}`);
    }
    const value = 'json' in one ? one.json : fromTexts(name, type, one.texts);
    if (tooDeep(value)) throw fault('BAD_INPUT', `invalid ${name}: nested deeper than ${DEEPEST}`);
    asked[name] = value;
    values[name] = coerceInputValue(value, type, (path, wrong, error) => {
      throw fault('BAD_INPUT', `invalid ${[name, ...path].join('.')}: ${shorten(wrong)}; ${error.message}`);
    });
  }
  for (const [name, type] of Object.entries(types)) {
    if (isNonNullType(type) && values[name] === undefined)
      throw fault('BAD_INPUT', `missing parameter ${name}: ${String(type)}`);
  }
  return { asked, values };
}

/** `by=DATASET&by=BATCH_SIZE` or `by=DATASET,BATCH_SIZE`; names of people's own may have commas in them, so those are repeated. */
function fromTexts(name: string, given: GraphQLInputType, texts: readonly string[]): unknown {
  const type = getNullableType(given);
  if (!isListType(type)) {
    if (texts.length > 1)
      throw fault('BAD_INPUT', `invalid ${name}: given ${texts.length} times; give it once`);
    return fromText(name, type, texts[0]!);
  }
  const [only] = texts;
  if (texts.length === 1 && only!.trimStart().startsWith('[')) return parse(name, only!);
  const item = getNullableType(type.ofType);
  const parted = isEnumType(item) || isNumber(item);
  return texts
    .flatMap((text) => (parted ? text.split(',').filter((part) => part !== '') : [text]))
    .map((text) => fromText(name, item, text));
}

const isNumber = (type: GraphQLInputType): boolean =>
  isScalarType(type) && ['Int', 'Float', 'SafeInt'].includes(getNamedType(type).name);

function fromText(name: string, type: GraphQLInputType, text: string): unknown {
  if (isInputObjectType(type) || (isScalarType(type) && type.name === 'JSON')) return parse(name, text);
  if (isNumber(type)) return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  if (isScalarType(type) && type.name === 'Boolean' && (text === 'true' || text === 'false'))
    return text === 'true';
  return text;
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault(
      'BAD_INPUT',
      `invalid ${name}: ${shorten(text)} is not JSON (${(error as Error).message.slice(0, 80)})`,
    );
  }
}

function tooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}
