import type { Role } from '@smallbatch/db';
import { ACTIONS, type Action, RIGHTS, ROLE_SCOPES } from './rights.ts';
import { NODES, ROUTES, RULES } from './rules.ts';

const ROLES = Object.keys(ROLE_SCOPES) as Role[];

/** A table with its columns in line, as people would write it. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const [first, ...rest] = all;
  return [line(first!), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;
const fieldsOf = (action: Action): string =>
  Object.entries(RULES)
    .filter(([, asks]) => asks === action)
    .map(([name]) => code(name.split('.')[1]!))
    .join(', ');

/** docs/rights.md: who may do what, written from the tables that decide it. */
export function rightsPage(): string {
  const actions = ACTIONS.map((action) => [
    code(action),
    RIGHTS[action].says,
    ...ROLES.map((role) => (RIGHTS[action].roles.includes(role) ? 'yes' : '–')),
    RIGHTS[action].scopes.join(', ') || 'no token',
  ]);
  return `# Rights

Written by \`npm run generate\` from \`apps/api/src/rights.ts\` and \`apps/api/src/rules.ts\`; edit those. Who comes in, and how:
[people.md](people.md). What each field and route answers to whom, as tried: [the matrix](../test/apps/api/rights-matrix.md).

A member has a role in each of their teams. \`viewer { may }\` answers what a request may do, \`mayChange\` of a run and a sweep whether
it may change that one.

${alignedTable(['action', 'lets one', ...ROLES, 'a token needs one of'], actions)}

A token may do what its scopes say and its member's role allows, of the two the less. The scopes that a role has:

${alignedTable(
  ['role', 'scopes'],
  ROLES.map((role) => [code(role), ROLE_SCOPES[role].join(', ')]),
)}

A token of the scope WORK alone claims and reports for the whole team. Of what it is handed it sees the runs and their data sets,
and follows no other edge.

## One's own, and others'

- A run is of who created it, a sweep's runs of who created the sweep, or added their seeds. Views and tokens are of who made them.
- Who is a member may create things anywhere, and change their own. Tags and notes on others' runs and sweeps are changes of
  these, and so for maintainers and owners. What is named alone and is another's answers \`NotYours\`, which says whose it is.
- A change of many runs, by a filter or by keys, reaches those of one's own; how many of others were left as they were is \`others\`
  of its answer. Where all of them are others', it answers \`NotYours\`, and nothing is changed.
- A deletion gives everybody their own runs back, and maintainers and owners all of them.
- Pausing, cancelling and retrying a sweep reaches all runs that answer its cells, also those that were taken from others; a run that
  another sweep wants goes on.
- What is locked survives everybody's deletion, an owner's too, until it is unlocked: by whose it is, or a maintainer or an owner.
- A thing of another team is not found, by its key as by its id.

What is deleted is gone from every answer at once, can be brought back for a day, and is then removed from the disk.

## Fields

${alignedTable(
  ['action', 'root fields of GraphQL'],
  ACTIONS.filter((action) => fieldsOf(action)).map((action) => [code(action), fieldsOf(action)]),
)}

${alignedTable(
  ['found by its id (`node`)', 'asks for'],
  [...Object.entries(NODES).map(([name, action]) => [code(name), code(action)]), ['any other', code('read')]],
)}

## Routes

\`anyone\`: nobody has to say who they are. \`session\`: who is signed in, in whichever team. \`secret\`: who has the secret of a link, or
is signed in. \`fields\`: as the table above says of each.

${alignedTable(
  ['route', 'asks for'],
  Object.entries(ROUTES).map(([name, rule]) => [code(name), code(rule)]),
)}

## To add a right

A new action is a row of the table in \`apps/api/src/rights.ts\`: what it lets one do, the roles, the scopes (such as \`audit\`, for owners,
with the scope ADMIN). A new field or route names its action in \`apps/api/src/rules.ts\`; without that the server does not start. Then
\`npm run generate\`, and \`npx vitest run test/apps/api/rights-matrix.test.ts -u\` writes the matrix anew: what has changed is in its diff.
`;
}
