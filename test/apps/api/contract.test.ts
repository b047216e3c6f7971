import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { schemaChanges } from '@smallbatch/api';
import { describe, expect, test } from 'vitest';

const file = (name: string): string => readFileSync(resolve(import.meta.dirname, '../../..', name), 'utf8');

test('schema.graphql breaks nothing that docs/graphql/released.graphql has, unless that was deprecated', () => {
  const { breaking, dangerous } = schemaChanges(
    file('docs/graphql/released.graphql'),
    file('schema.graphql'),
  );
  if (dangerous.length > 0) console.info(`changes that may surprise a client:\n${dangerous.join('\n')}`);
  expect(
    breaking,
    'clients of the last release would fail: deprecate first (deprecationReason), release, and remove in a later one',
  ).toEqual([]);
});

const RELEASED = `
  interface Thing { id: ID! }
  type Query { runs(first: Int, old: Int @deprecated, where: Filter): [Run!]! node: Thing oldPage: OldPage @deprecated(reason: "use runs") page: Page }
  type Run implements Thing { id: ID! key: String! name: String legacy: String @deprecated }
  type OldPage { runs: [Run!]! of: OldPart }
  type OldPart { n: Int }
  type Page { n: Int }
  union Result = Run | Page
  type Mutation { change: Result }
  input Filter { key: String old: String @deprecated status: Status }
  enum Status { DONE FAILED LOST @deprecated }
`;
const changes = (from: string, to: string) => {
  expect(RELEASED).toContain(from);
  return schemaChanges(RELEASED, RELEASED.replace(from, to));
};

describe('a change of a schema', () => {
  test('that is none is not told', () => {
    expect(schemaChanges(RELEASED, RELEASED)).toEqual({ breaking: [], dangerous: [] });
  });

  test.each([
    ['removes a field', 'name: String ', '', 'Run.name was removed.'],
    ['removes an argument', 'first: Int, ', '', 'Query.runs arg first was removed.'],
    ['removes an input field', 'input Filter { key: String', 'input Filter {', 'Filter.key was removed.'],
    ['removes an enum value', 'FAILED ', '', 'FAILED was removed from enum type Status.'],
    [
      'gives a field another type',
      ' page: Page }',
      ' page: Run }',
      'Query.page changed type from Page to Run.',
    ],
    ['renames a field', 'key: String! name', 'label: String! name', 'Run.key was removed.'],
    ['makes a field nullable', 'key: String!', 'key: String', 'Run.key changed type from String! to String.'],
    [
      'makes a list hold nulls',
      'runs(first: Int, old: Int @deprecated, where: Filter): [Run!]!',
      'runs(first: Int, old: Int @deprecated, where: Filter): [Run]!',
      'Query.runs changed type from [Run!]! to [Run]!.',
    ],
    [
      'requires an argument',
      'first: Int,',
      'first: Int!,',
      'Query.runs arg first has changed type from Int to Int!.',
    ],
    [
      'adds a required argument',
      'where: Filter)',
      'where: Filter, team: ID!)',
      'A required arg team on Query.runs was added.',
    ],
    [
      'adds a required input field',
      'status: Status }',
      'status: Status team: ID! }',
      'A required field team on input type Filter was added.',
    ],
    ['changes a type', 'name: String ', 'name: Int ', 'Run.name changed type from String to Int.'],
    ['takes a member from a union', 'Run | Page', 'Run', 'Page was removed from union type Result.'],
    [
      'takes an interface from a type',
      'Run implements Thing',
      'Run',
      'Run no longer implements interface Thing.',
    ],
    [
      'changes the type of what is deprecated, and stays',
      'legacy: String',
      'legacy: Int',
      'Run.legacy changed type from String to Int.',
    ],
  ])('that %s is breaking', (_what, from, to, said) => {
    expect(changes(from, to).breaking).toContain(said);
  });

  test.each([
    ['a field', ' legacy: String @deprecated', ''],
    ['an argument', 'old: Int @deprecated, ', ''],
    ['an input field', ' old: String @deprecated', ''],
    ['an enum value', ' LOST @deprecated', ''],
    ['a field, whose types stay', ' oldPage: OldPage @deprecated(reason: "use runs")', ''],
  ])('that removes %s which was deprecated in the release is none', (_what, from, to) => {
    expect(changes(from, to).breaking).toEqual([]);
  });

  test('that removes a deprecated field may take along the types that only it led to, and no others', () => {
    const without = (...types: string[]) =>
      types.reduce(
        (text, type) => text.replace(new RegExp(`type ${type} \\{.*`), ''),
        RELEASED.replace(/oldPage: OldPage @deprecated\(.*?\)/, ''),
      );
    expect(schemaChanges(RELEASED, without('OldPage', 'OldPart')).breaking).toEqual([]);
    expect(
      schemaChanges(RELEASED, without('Page').replace(' page: Page', '').replace(' | Page', '')).breaking,
    ).toEqual(expect.arrayContaining(['Page was removed.', 'Query.page was removed.']));
  });

  test.each([
    ['an enum value', 'DONE FAILED', 'DONE PRUNED FAILED', 'PRUNED was added to enum type Status.'],
    [
      'an optional argument',
      'where: Filter)',
      'where: Filter, last: Int)',
      'An optional arg last on Query.runs was added.',
    ],
    ['a member of a union', 'Run | Page', 'Run | Page | OldPage', 'OldPage was added to union type Result.'],
  ])('that adds %s is dangerous, and not breaking', (_what, from, to, said) => {
    expect(changes(from, to)).toEqual({ breaking: [], dangerous: [said] });
  });
});
