import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  GraphQLError,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
  typeFromAST,
} from 'graphql';
import { fault } from './errors.ts';

/** What a request may ask for; checked before anything is executed, and before the rules that validate a document. */
export const LIMITS = {
  /** A body by HTTP, a message by WebSocket. */
  bodyBytes: 1_000_000,
  tokens: 4000,
  nameLength: 200,
  /** Brackets within brackets. */
  brackets: 64,
  depth: 12,
  aliases: 50,
  rootFields: 20,
  directives: 50,
  /** The same field, again and again, in one selection: comparing them with each other is quadratic. */
  repeats: 20,
  /** Lists and objects within each other, in the value of a variable. */
  inputDepth: 40,
  /** Values of a list in a query; mutations bring data, and are limited by their bytes. */
  listLength: 1000,
  cost: 20_000,
  /** Counted like cost, of `__schema` and `__type`: the whole schema is 0.4 million. */
  introspectionCost: 700_000,
} as const;

/** What a list of things is taken to have that nobody gave a length. */
const USUAL_LIST = 10;
const USUAL_PAGE = 20;
const MOST_PAGE = 100;
/** `ofType` within `ofType`, as every client asks for it. */
const INTROSPECTION_DEPTH = LIMITS.depth + 8;
/** About what there is in the schema. */
const INTROSPECTED: Readonly<Record<string, number>> = {
  types: 200,
  fields: 15,
  args: 3,
  inputFields: 8,
  enumValues: 5,
  possibleTypes: 5,
  interfaces: 2,
};

const tooComplex = (message: string): GraphQLError => fault('QUERY_TOO_COMPLEX', message);

/** Reads a document. Its tokens are looked at first: what is too long or too nested never becomes a tree. */
export function readDocument(text: string): DocumentNode {
  const lexer = new Lexer(new Source(text));
  let [tokens, brackets] = [0, 0];
  try {
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      if (++tokens > LIMITS.tokens)
        throw tooComplex(`too long a document; at most ${LIMITS.tokens} tokens: send data as variables`);
      if ((token.kind === TokenKind.STRING || token.kind === TokenKind.BLOCK_STRING) && isNoText(token.value))
        throw noText(`line ${token.line} of the document`);
      if (token.kind === TokenKind.NAME && token.value.length > LIMITS.nameLength)
        throw tooComplex(
          `too long a name "${token.value.slice(0, 40)}…"; at most ${LIMITS.nameLength} characters`,
        );
      if (
        token.kind === TokenKind.BRACE_L ||
        token.kind === TokenKind.BRACKET_L ||
        token.kind === TokenKind.PAREN_L
      )
        brackets++;
      if (
        token.kind === TokenKind.BRACE_R ||
        token.kind === TokenKind.BRACKET_R ||
        token.kind === TokenKind.PAREN_R
      )
        brackets--;
      if (brackets > LIMITS.brackets)
        throw tooComplex(`too deep: more than ${LIMITS.brackets} brackets within each other`);
    }
    return parse(text, { maxTokens: LIMITS.tokens });
  } catch (error) {
    if (error instanceof GraphQLError && !error.extensions.code)
      error.extensions.code = 'GRAPHQL_PARSE_FAILED';
    throw error;
  }
}

/** What is no text for a database: a NUL character, or half of a pair that makes one character. */
const isNoText = (text: string): boolean => text.includes('\0') || /\p{Surrogate}/u.test(text);
const noText = (path: string): GraphQLError =>
  fault(
    'BAD_INPUT',
    `invalid text at ${path.slice(0, 100)}: it has a NUL character or half of a surrogate pair`,
  );

export interface Measure {
  readonly cost: number;
  readonly depth: number;
}
export type Variables = Readonly<Record<string, unknown>>;

/**
 * Measures an operation, and refuses what is too deep, repeats itself too often, or would cost too much. A field costs one, times
 * the lengths of all lists that it is in; a list of no given length is taken for short. Fragments count where they are used, each
 * measured once, so that measuring takes no longer than reading.
 */
export function measure(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions)
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const measured = new Map<string, Measure>();
  let [aliases, directives] = [0, 0];

  const fragment = (name: string, open: ReadonlySet<string>): Measure => {
    const known = measured.get(name);
    if (known) return known;
    const found = fragments.get(name);
    // Unknown ones and circles are for validation to refuse.
    if (!found || open.has(name)) return { depth: 0, cost: 0 };
    const type = schema.getType(found.typeCondition.name.value);
    const inner = selection(
      found.selectionSet,
      isCompositeType(type) ? type : undefined,
      new Set([...open, name]),
    );
    measured.set(name, inner);
    return inner;
  };
  const selection = (
    set: SelectionSetNode | undefined,
    type: GraphQLCompositeType | undefined,
    open: ReadonlySet<string>,
  ): Measure => {
    const total = { depth: 0, cost: 0 };
    const seen = new Map<string, number>();
    for (const node of set?.selections ?? []) {
      directives += node.directives?.length ?? 0;
      let inner: Measure;
      let label: string;
      if (node.kind === Kind.FIELD) {
        if (node.alias) aliases++;
        label = node.alias?.value ?? node.name.value;
        const field =
          isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
        const named = field && getNamedType(field.type);
        const below = selection(node.selectionSet, isCompositeType(named) ? named : undefined, open);
        const length = field && type ? lengthOf(type.name, field, node, variables) : 1;
        inner = { depth: below.depth + 1, cost: 1 + length * below.cost };
      } else if (node.kind === Kind.FRAGMENT_SPREAD) {
        label = `...${node.name.value}`;
        inner = fragment(node.name.value, open);
      } else {
        label = `... on ${node.typeCondition?.name.value ?? ''}`;
        const on = node.typeCondition ? schema.getType(node.typeCondition.name.value) : type;
        inner = selection(node.selectionSet, isCompositeType(on) ? on : undefined, open);
      }
      const times = (seen.get(label) ?? 0) + 1;
      seen.set(label, times);
      if (times > LIMITS.repeats)
        throw tooComplex(`too many of "${label}" in one selection; at most ${LIMITS.repeats}`);
      total.depth = Math.max(total.depth, inner.depth);
      total.cost = Math.min(total.cost + inner.cost, Number.MAX_SAFE_INTEGER);
    }
    return total;
  };

  const roots = rootFields(operation.selectionSet, fragments);
  const count = roots === undefined ? LIMITS.rootFields + 1 : roots.length;
  if (count > LIMITS.rootFields)
    throw tooComplex(`too many root fields; at most ${LIMITS.rootFields} a request`);
  const type = schema.getRootType(operation.operation) ?? undefined;
  const own = { cost: 0, depth: 0 };
  // Every fragment counts once for aliases and directives: the whole operation is gone through first.
  selection(operation.selectionSet, type, new Set());
  if (aliases > LIMITS.aliases)
    throw tooComplex(`too many aliases: ${aliases}; at most ${LIMITS.aliases} a request`);
  directives += operation.directives?.length ?? 0;
  if (directives > LIMITS.directives)
    throw tooComplex(`too many directives: ${directives}; at most ${LIMITS.directives} a request`);
  let introspection = 0;
  for (const root of roots ?? []) {
    const one: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [root] };
    if (root.name.value === '__schema' || root.name.value === '__type') {
      const { depth, cost } = introspected(root, fragments, new Map(), new Set());
      introspection += cost;
      if (depth > INTROSPECTION_DEPTH)
        throw tooComplex(`too deep: ${depth} levels; at most ${INTROSPECTION_DEPTH}`);
      continue;
    }
    const { depth, cost } = selection(one, type, new Set());
    own.depth = Math.max(own.depth, depth);
    own.cost += cost;
  }
  if (own.depth > LIMITS.depth) throw tooComplex(`too deep: ${own.depth} levels; at most ${LIMITS.depth}`);
  if (own.cost > LIMITS.cost || introspection > LIMITS.introspectionCost)
    throw tooComplex(
      introspection > LIMITS.introspectionCost
        ? `too costly an introspection: ${introspection}; at most ${LIMITS.introspectionCost}. Ask for the schema once`
        : `too costly: ${own.cost}; at most ${LIMITS.cost}. Ask for shorter pages ("first") or fewer fields`,
    );
  return own;
}

/** The root fields of an operation, through fragments; nothing when there are more than anybody may ask for. */
function rootFields(
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): FieldNode[] | undefined {
  const fields: FieldNode[] = [];
  let visits = 0;
  const walk = (inner: SelectionSetNode, open: ReadonlySet<string>): boolean =>
    inner.selections.every((node) => {
      if (++visits > 10 * LIMITS.rootFields) return false;
      if (node.kind === Kind.FIELD) return fields.push(node) <= LIMITS.rootFields;
      if (node.kind === Kind.INLINE_FRAGMENT) return walk(node.selectionSet, open);
      const name = node.name.value;
      const found = fragments.get(name);
      return !found || open.has(name) || walk(found.selectionSet, new Set([...open, name]));
    });
  return walk(set, new Set()) ? fields : undefined;
}

/** What a part of the schema's description costs: its lists are about as long as they are. */
function introspected(
  node: FieldNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  measured: Map<string, Measure>,
  open: ReadonlySet<string>,
): Measure {
  const selection = (set: SelectionSetNode | undefined, within: ReadonlySet<string>): Measure => {
    const total = { depth: 0, cost: 0 };
    for (const one of set?.selections ?? []) {
      let inner: Measure = { depth: 0, cost: 0 };
      if (one.kind === Kind.FIELD) inner = introspected(one, fragments, measured, within);
      else if (one.kind === Kind.INLINE_FRAGMENT) inner = selection(one.selectionSet, within);
      else {
        const name = one.name.value;
        const found = fragments.get(name);
        if (found && !within.has(name))
          inner = measured.get(name) ?? selection(found.selectionSet, new Set([...within, name]));
        measured.set(name, inner);
      }
      total.depth = Math.max(total.depth, inner.depth);
      total.cost = Math.min(total.cost + inner.cost, Number.MAX_SAFE_INTEGER);
    }
    return total;
  };
  const below = selection(node.selectionSet, open);
  return { depth: below.depth + 1, cost: 1 + (INTROSPECTED[node.name.value] ?? 1) * below.cost };
}

/** How many things a field multiplies what is below it by. */
function lengthOf(
  parent: string,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Variables,
): number {
  const type = getNullableType(field.type);
  const named = getNamedType(field.type);
  if (named.name.endsWith('Connection')) {
    const asked = node.arguments?.find(({ name }) => name.value === 'first' || name.value === 'last');
    return asked ? pageLength(asked, variables) : USUAL_PAGE;
  }
  const things = isObjectType(named) && named.getInterfaces().some(({ name }) => name === 'Node');
  // The nodes of a page are those that the page was counted as.
  return isListType(type) && things && !parent.endsWith('Connection') ? USUAL_LIST : 1;
}

function pageLength({ value }: ArgumentNode, variables: Variables): number {
  const given =
    value.kind === Kind.INT
      ? Number(value.value)
      : value.kind === Kind.VARIABLE
        ? variables[value.name.value]
        : null;
  return typeof given === 'number' ? Math.max(1, Math.min(MOST_PAGE, given)) : MOST_PAGE;
}

/** Refuses values of variables that are nested too deeply, and lists of a query that are too long. */
export function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Variables,
): void {
  for (const [name, value] of Object.entries(variables))
    if (depthOver(value, LIMITS.inputDepth))
      throw tooComplex(`too deep a value of $${name.slice(0, 40)}: more than ${LIMITS.inputDepth} levels`);
  const most = operation.operation === 'mutation' ? Number.POSITIVE_INFINITY : LIMITS.listLength;
  const tooLong = (path: string, length: number) =>
    tooComplex(`too long a list at ${path.slice(0, 100)}: ${length} values; at most ${LIMITS.listLength}`);
  const walk = (type: GraphQLInputType, value: unknown, path: string): void => {
    if (typeof value === 'string') {
      if (isNoText(value)) throw noText(path);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const inner = getNullableType(type);
    if (isListType(inner) && Array.isArray(value)) {
      if (value.length > most) throw tooLong(path, value.length);
      for (const item of value) walk(inner.ofType, item, path);
    } else if (isInputObjectType(inner) && typeof value === 'object' && value !== null) {
      const fields = inner.getFields();
      for (const [key, one] of Object.entries(value))
        if (fields[key]) walk(fields[key].type, one, `${path}.${key}`);
    } else if (isLeafType(inner) && path.includes('.')) {
      // JSON beside other fields is stored as it is; a variable that is all JSON is read, and answered by its resolver.
      for (const [key, one] of Object.entries(value)) {
        walk(inner, key, path);
        walk(inner, one, path);
      }
    }
  };
  for (const { variable, type } of operation.variableDefinitions ?? []) {
    const known = typeFromAST(schema, type) as GraphQLInputType | undefined;
    if (known) walk(known, variables[variable.name.value], `$${variable.name.value}`);
  }
}

/** Whether a JSON value is nested deeper than this; without recursion, as it may be nested as deep as a body is long. */
function depthOver(value: unknown, most: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const one of level)
      if (typeof one === 'object' && one !== null)
        for (const inner of Object.values(one))
          if (typeof inner === 'object' && inner !== null) next.push(inner);
    if (depth >= most) return true;
    level = next;
  }
  return false;
}
