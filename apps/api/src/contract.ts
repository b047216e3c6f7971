import {
  buildSchema,
  type DocumentNode,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  print,
  visit,
} from 'graphql';

export interface SchemaChanges {
  /** What makes a client of the released schema fail. */
  readonly breaking: readonly string[];
  /** What may surprise one: a new enum value, a new optional argument, another default. */
  readonly dangerous: readonly string[];
}

/**
 * How a schema differs from the released one, to the harm of clients. Fields, arguments, input fields and enum values that were
 * deprecated in the released schema may go, and the types with them that nothing else leads to.
 */
export function schemaChanges(released: string, current: string): SchemaChanges {
  const now = buildSchema(current);
  const before = buildSchema(print(withoutGone(parse(released), now)));
  const led = reachable(before);
  const breaking = findBreakingChanges(before, now).filter(
    ({ type, description }) => type !== 'TYPE_REMOVED' || led.has(description.split(' ', 1)[0]!),
  );
  return {
    breaking: breaking.map(({ description }) => description),
    dangerous: findDangerousChanges(before, now).map(({ description }) => description),
  };
}

/** The released schema as if what was deprecated in it and is no more had never been there. */
function withoutGone(document: DocumentNode, now: GraphQLSchema): DocumentNode {
  const deprecated = ({
    directives,
  }: {
    directives?: readonly { name: { value: string } }[] | undefined;
  }): boolean => directives?.some(({ name }) => name.value === 'deprecated') ?? false;
  const fieldsOf = (
    name: string,
  ): Readonly<Record<string, GraphQLField<unknown, unknown> | GraphQLInputField>> => {
    const type = now.getType(name);
    return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? type.getFields() : {};
  };
  const names: string[] = [];
  const fields: string[] = [];
  const definition = {
    enter: (node: { name: { value: string } }) => void names.push(node.name.value),
    leave: () => void names.pop(),
  };
  return visit(document, {
    ObjectTypeDefinition: definition,
    InterfaceTypeDefinition: definition,
    InputObjectTypeDefinition: definition,
    EnumTypeDefinition: definition,
    EnumValueDefinition: (node) => {
      const type = now.getType(names.at(-1)!);
      const there = isEnumType(type) && type.getValue(node.name.value);
      return deprecated(node) && !there ? null : undefined;
    },
    FieldDefinition: {
      enter: (node) => {
        if (deprecated(node) && !fieldsOf(names.at(-1)!)[node.name.value]) return null;
        fields.push(node.name.value);
        return undefined;
      },
      leave: () => void fields.pop(),
    },
    InputValueDefinition: (node, _key, _parent, _path, ancestors) => {
      if (!deprecated(node)) return undefined;
      const owner = ancestors.findLast((one) => 'kind' in one && one.kind !== Kind.INPUT_VALUE_DEFINITION);
      const known = fieldsOf(names.at(-1)!);
      const there =
        owner && 'kind' in owner && owner.kind === Kind.FIELD_DEFINITION
          ? argsOf(known[fields.at(-1)!]).some(({ name }) => name === node.name.value)
          : known[node.name.value];
      return there ? undefined : null;
    },
  });
}

const argsOf = (
  field: GraphQLField<unknown, unknown> | GraphQLInputField | undefined,
): readonly GraphQLArgument[] => (field && 'args' in field ? field.args : []);

/** Names of the types that a client can come to. */
function reachable(schema: GraphQLSchema): Set<string> {
  const seen = new Set<string>();
  const open = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (type) => !!type,
  ) as {
    name: string;
  }[];
  for (let named = open.pop(); named; named = open.pop()) {
    if (seen.has(named.name)) continue;
    seen.add(named.name);
    const type = schema.getType(named.name);
    if (isAbstractType(type)) open.push(...schema.getPossibleTypes(type));
    if (isObjectType(type) || isInterfaceType(type)) open.push(...type.getInterfaces());
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
      for (const field of Object.values(type.getFields())) {
        open.push(getNamedType(field.type as GraphQLType));
        open.push(...argsOf(field).map((argument) => getNamedType(argument.type)));
      }
  }
  return seen;
}
