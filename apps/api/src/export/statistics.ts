import {
  execute,
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLInputType,
  type GraphQLInterfaceType,
  getNamedType,
  isObjectType,
  parse,
} from 'graphql';
import type { Context } from '../context.ts';
import { fault } from '../errors.ts';
import { schema } from '../schema.ts';
import { type About, linkTo } from './about.ts';
import { comments } from './comments.ts';
import { csvComment, csvLine } from './csv.ts';
import { latex } from './latex.ts';
import { markdown } from './markdown.ts';
import type { Types } from './parameters.ts';
import type { Table } from './table.ts';
import { type AggregateAnswer, aggregateTable, type PivotAnswer, pivotTable } from './tables.ts';

export const STATISTICS_FORMATS = ['csv', 'md', 'tex'] as const;
type Field = 'aggregate' | 'pivot';

const BOLD = new GraphQLEnumType({
  name: 'Bold',
  description: 'Where the best of a pivot is shown in bold.',
  values: { ROW: {}, COLUMN: {}, ALL: {}, NONE: {} },
});

const fieldOf = (field: Field) => schema.getQueryType()!.getFields()[field]!;

/** The field's own arguments, whatever they are, and what only the file has. */
export function statisticsTypes(field: Field, format: string): Types {
  const own: [string, GraphQLInputType][] = fieldOf(field).args.map(({ name, type }) => [name, type]);
  return {
    // What has a default need not be given.
    ...Object.fromEntries(
      own.map(([name, type]) => {
        const { defaultValue } = fieldOf(field).args.find((one) => one.name === name)!;
        return [
          name,
          defaultValue === undefined || !('ofType' in type) ? type : (type.ofType as GraphQLInputType),
        ];
      }),
    ),
    ...(format === 'csv' ? { comments: GraphQLBoolean } : field === 'pivot' ? { bold: BOLD } : {}),
  };
}

export interface Answerer {
  readonly field: Field;
  readonly format: string;
  readonly context: Context;
  readonly asked: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, unknown>>;
  readonly about: About;
}

const camel = (axis: string): string =>
  axis.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Asks the schema itself, so that a file says what a query says. */
export async function answerStatistics(question: Answerer): Promise<string> {
  const { field, format, asked, values, about, context } = question;
  const { args } = fieldOf(field);
  const given = args.filter(({ name }) => asked[name] !== undefined);
  const document =
    parse(`query Export(${[...given.map(({ name, type }) => `$${name}: ${String(type)}`), '$keys: Int!, $withKeys: Boolean!'].join(', ')}) {
    ${field}${given.length > 0 ? `(${given.map(({ name }) => `${name}: $${name}`).join(', ')})` : ''} { ${selection(question)} }
  }`);
  const result = await execute({
    schema,
    document,
    contextValue: context,
    variableValues: {
      ...Object.fromEntries(given.map(({ name }) => [name, asked[name]])),
      keys: 100,
      withKeys: format !== 'csv',
    },
  });
  const [error] = result.errors ?? [];
  if (error) throw error.originalError ? error : fault('BAD_INPUT', error.message);
  const answer = result.data![field];
  const metric = String((answer as { metric?: unknown }).metric ?? asked.metric ?? '');
  const lists = Object.fromEntries(
    ['by', 'byParams', 'best', 'rows', 'columns'].map((name) => [
      name,
      [...new Set((values[name] as string[]) ?? [])],
    ]),
  ) as Record<'by' | 'byParams' | 'best' | 'rows' | 'columns', string[]>;
  const axes = { ...lists, fields: camel };
  const table: Table =
    field === 'aggregate'
      ? aggregateTable(answer as AggregateAnswer, axes)
      : pivotTable(answer as PivotAnswer, axes, metric, String(values.bold ?? 'ROW'));
  if (format === 'csv') {
    const lines = [table.machine.names, ...table.machine.rows].map(csvLine);
    return (values.comments ? csvComment(about) : '') + lines.join('');
  }
  const base = about.link.slice(0, about.link.indexOf(`/${about.export}`));
  const runs = linkTo(base, 'runs.ndjson', asked.where === undefined ? {} : { where: asked.where });
  const lines = comments(about, table, runs);
  return format === 'md' ? markdown(table, metric, lines) : latex(table, metric, lines);
}

/** The fields of an axis: a scalar, or an object with all of its own. */
function axisFields(names: readonly string[]): string {
  const known = (schema.getType('AxisValues') as GraphQLInterfaceType).getFields();
  return names
    .map(camel)
    .filter((name) => known[name])
    .map((name) => {
      const type = getNamedType(known[name]!.type);
      return isObjectType(type) ? `${name} { ${Object.keys(type.getFields()).join(' ')} }` : name;
    })
    .join(' ');
}

function selection({ field, values }: Answerer): string {
  const list = (name: string) => (values[name] as string[] | undefined | null) ?? [];
  const best = `best { candidates seeds ${axisFields(list('best'))} }`;
  const group = `unit n runs settings mean sd sem ci95 { low high } min median max diverged failed unfinished duplicates withoutValue
    varying ${best} runKeys(first: $keys) @include(if: $withKeys) { keys total }`;
  if (field === 'aggregate')
    return `metric value goal runs groups { ${axisFields(list('by'))} params ${group} }`;
  return `metric goal runs columns { ${axisFields(list('columns'))} }
    rows { ${axisFields(list('rows'))} cells { state bestInRow bestInColumn group { ${group} } } }`;
}
