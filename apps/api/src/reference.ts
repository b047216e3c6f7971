import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';
import { LIBRARY_MEANINGS, MEANINGS } from './errors.ts';
import { FEATURES } from './features.ts';
import { LIMITS } from './limits.ts';
import { schema } from './schema.ts';

/** A tried example of a root field: `docs/graphql/examples/Query.runs.graphql`. */
export interface Example {
  /** What it answers. */
  readonly says: string;
  readonly query: string;
  /** Texts that begin with @ stand for what the reader has: ids, hashes. */
  readonly variables: Record<string, unknown>;
}

/** Reads an example: comments say what it answers, one that begins with `variables` has them as JSON, and then the document. */
export function readExample(text: string): Example {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('# '));
  const comments = lines.slice(0, end).map((line) => line.slice(2));
  const variables = comments.find((line) => line.startsWith('variables '))?.slice('variables '.length);
  return {
    says: comments.filter((line) => !line.startsWith('variables ')).join(' '),
    query: lines.slice(end).join('\n').trim(),
    variables: variables ? JSON.parse(variables) : {},
  };
}

const ROOTS = ['Query', 'Mutation', 'Subscription'] as const;

/** Every root field: `Query.runs`, … */
export const rootFields = (): string[] =>
  ROOTS.flatMap((name) => {
    const type = schema.getType(name);
    return isObjectType(type)
      ? Object.keys(type.getFields())
          .sort()
          .map((field) => `${name}.${field}`)
      : [];
  });

const INTRODUCTION = `# GraphQL

Written by \`npm run generate\` from the schema's descriptions and the tried examples in \`docs/graphql/examples/\`; edit those.

Send a POST with JSON to \`/graphql\`, and the token in a header:

\`\`\`sh
curl $SMALLBATCH_URL/graphql -H "Authorization: Bearer $SMALLBATCH_TOKEN" -H 'content-type: application/json' \\
  -d '{ "query": "{ viewer { member { key } } }" }'
\`\`\`

Subscriptions, and any other operation, go over WebSocket at the same address (protocol \`graphql-transport-ws\`, the header's
value as \`authorization\` in the connection's parameters). Names are in \`schema.graphql\`; what was released in
\`docs/graphql/released.graphql\` goes away only after it was deprecated in a release.

Expected outcomes of a mutation are typed: ask for \`__typename\`. Everything else that can go wrong is an error with a code.
`;

const COSTS = `## Costs

Every answer by HTTP says in \`extensions\` what it cost and under which id the server's log knows it:
\`{ "requestId": "…", "cost": { "cost": 23, "limit": ${LIMITS.cost}, "depth": 3, "depthLimit": ${LIMITS.depth}, "statements": 2, "milliseconds": 4.1 } }\`.
A field costs one, times the lengths of all lists that it is in: of a connection \`first\` (or \`last\`), of other lists of things
ten. \`statements\` counts those that went to the database. What is over a limit is refused before anything is executed; a query that takes
longer than SMALLBATCH_READ_SECONDS (30) is stopped. When a client closes its connection, its queries are stopped; a mutation is done
to its end.

The limits, as \`serverInfo { limits }\` has them: ${Object.entries(LIMITS)
  .map(([name, value]) => `${name} ${value.toLocaleString('en')}`)
  .join(', ')}.
`;

const cell = (text: string): string => text.replace(/\s+/g, ' ').replace(/\|/g, '\\|').trim();
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const anchor = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

type Field = GraphQLField<unknown, unknown> | GraphQLInputField | GraphQLArgument;
/** A type with a link to where it stands on this page. */
function typed({ type }: Pick<Field, 'type'>): string {
  const named = getNamedType(type);
  if (isSpecifiedScalarType(named)) return `\`${type}\``;
  return `[\`${type}\`](#${anchor(named.name)})`;
}
const said = ({ description, deprecationReason }: Field): string =>
  [description ?? '', deprecationReason ? `**Deprecated:** ${deprecationReason}` : ''].join(' ');
const usual = (one: Field): string =>
  'defaultValue' in one && one.defaultValue !== undefined
    ? ` (\`${JSON.stringify(one.defaultValue)}\` unless said)`
    : '';

function rootField(coordinate: string, examples: ReadonlyMap<string, Example>): string {
  const [root, name] = coordinate.split('.') as [string, string];
  const type = schema.getType(root);
  if (!isObjectType(type)) return '';
  const field = type.getFields()[name]!;
  const example = examples.get(coordinate);
  const parts = [`### ${name}`, said(field).trim(), `Answers ${typed(field)}.`];
  if (field.args.length > 0)
    parts.push(
      table(
        ['argument', 'type', ''],
        field.args.map((one) => [`\`${one.name}\``, typed(one), said(one) + usual(one)]),
      ),
    );
  if (example) {
    parts.push(example.says, `\`\`\`graphql\n${example.query}\n\`\`\``);
    if (Object.keys(example.variables).length > 0)
      parts.push(`with the variables\n\n\`\`\`json\n${JSON.stringify(example.variables, null, 2)}\n\`\`\``);
  }
  return parts.filter((part) => part !== '').join('\n\n');
}

function typeSection(type: GraphQLNamedType): string {
  const parts = [`### ${type.name}`, type.description ?? ''];
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
    const interfaces = isInputObjectType(type) ? [] : type.getInterfaces();
    const inherited = new Set(interfaces.flatMap((one) => Object.keys(one.getFields())));
    const own = Object.values(
      type.getFields() as Record<string, GraphQLField<unknown, unknown> | GraphQLInputField>,
    )
      .filter(({ name }) => !inherited.has(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (interfaces.length > 0)
      parts.push(
        `It has the fields of ${interfaces.map(({ name }) => `[\`${name}\`](#${anchor(name)})`).join(', ')}${own.length > 0 ? ', and' : '.'}`,
      );
    const argumentsOf = (field: Field): string =>
      'args' in field && field.args.length > 0
        ? `(${field.args.map((one) => `${one.name}: ${one.type}`).join(', ')})`
        : '';
    if (own.length > 0)
      parts.push(
        table(
          ['field', 'type', ''],
          own.map((field) => [
            `\`${field.name}${argumentsOf(field)}\``,
            typed(field),
            said(field) + usual(field),
          ]),
        ),
      );
  } else if (isEnumType(type)) {
    const values = type.getValues();
    parts.push(
      values.some(({ description }) => description)
        ? table(
            ['value', ''],
            values.map(({ name, description }) => [`\`${name}\``, description ?? '']),
          )
        : values.map(({ name }) => `\`${name}\``).join(', '),
    );
  } else if (isUnionType(type)) {
    parts.push(
      `One of ${type
        .getTypes()
        .map(({ name }) => `[\`${name}\`](#${anchor(name)})`)
        .join(', ')}.`,
    );
  }
  return parts.filter((part) => part !== '').join('\n\n');
}

/** docs/graphql.md, from the texts of the examples by their file names. */
export function reference(texts: Readonly<Record<string, string>>): string {
  const examples = new Map(
    Object.entries(texts).map(([name, text]) => [name.replace(/\.graphql$/, ''), readExample(text)]),
  );
  const fields = rootFields();
  const types = Object.values(schema.getTypeMap())
    .filter(
      (type) =>
        !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !ROOTS.includes(type.name as never),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const headings = { Query: 'Questions', Mutation: 'Changes', Subscription: 'Subscriptions' };
  const means = (codes: Readonly<Record<string, string>>) =>
    Object.entries(codes).map(([code, text]) => [`\`${code}\``, text]);
  return `${[
    INTRODUCTION,
    ...ROOTS.map((root) => {
      const own = fields.filter((one) => one.startsWith(`${root}.`));
      const type = schema.getType(root)!;
      return [
        `## ${headings[root]}`,
        type.description ?? '',
        ...own.map((one) => rootField(one, examples)),
      ].join('\n\n');
    }),
    `## Errors\n\nAn error has a message that says what was wrong, with the value, and what to do, and a code in \`extensions.code\`:\n\n${table(['code', 'means'], means({ ...MEANINGS, ...LIBRARY_MEANINGS }))}`,
    COSTS,
    `## Features\n\n\`serverInfo { features }\` names what the schema does not show, so that a client can tell before it relies on it:\n\n${table(['feature', ''], means(FEATURES))}`,
    `## Types\n\n${types
      .filter((type) => !isScalarType(type) || type.description)
      .map(typeSection)
      .join('\n\n')}`,
  ]
    .map((part) => part.trim())
    .join('\n\n')}\n`;
}
