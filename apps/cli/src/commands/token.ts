import { graphql, type ResultOf } from '@smallbatch/client';
import { Command, InvalidArgumentError } from 'commander';
import { connect } from '../api.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type ApiOptions, listOf, type ReadOptions, withFormat, withUrl } from './options.ts';

const SCOPES = ['READ', 'WRITE', 'WORK', 'ADMIN'] as const;
type Scope = (typeof SCOPES)[number];

const Tokens = graphql(`
  query Tokens { tokens { id name prefix scopes createdAt expiresAt lastUsedAt revokedAt member { key } } }
`);
type Row = ResultOf<typeof Tokens>['tokens'][number];

const Create = graphql(`
  mutation CreateToken($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
    createToken(name: $name, scopes: $scopes, expiresAt: $expiresAt) {
      __typename
      ... on CreateTokenSuccess { secret token { prefix } }
      ... on InvalidInput { message problems { message allowed } }
    }
  }
`);
const Revoke = graphql(`
  mutation RevokeToken($id: ID!) {
    revokeToken(id: $id) { __typename ... on TokenRevoked { token { name prefix } } ... on NotFound { message } }
  }
`);

const day = (at: unknown) => String(at).slice(0, 16).replace('T', ' ');
const columns: Column<Row>[] = [
  { name: 'prefix', value: ({ prefix }) => prefix },
  { name: 'name', value: ({ name }) => name },
  { name: 'scopes', value: ({ scopes }) => scopes.join(' ').toLowerCase() },
  { name: 'member', value: ({ member }) => member.key },
  { name: 'createdAt', title: 'created', value: ({ createdAt }) => createdAt, show: day },
  { name: 'lastUsedAt', title: 'last used', value: ({ lastUsedAt }) => lastUsedAt, show: day },
  { name: 'expiresAt', title: 'expires', value: ({ expiresAt }) => expiresAt, show: day },
  { name: 'revokedAt', title: 'revoked', value: ({ revokedAt }) => revokedAt, show: day },
];

export function tokenCommand(): Command {
  const token = new Command('token').description('Tokens for workers and scripts.');
  withUrl(token.command('create <name>').description('Make a token and print it, this once.'))
    .requiredOption('--scopes <scopes>', 'read, write, work, admin; several with commas', listOf(readScope))
    .option('--expires <when>', 'a date such as 2027-01-31, or days such as 30d', readDate)
    .action(create);
  withFormat(token.command('list').description('Tokens of the team, without their secrets.')).action(list);
  withUrl(token.command('revoke <prefix>').description('Revoke a token by its prefix (or name).')).action(
    revoke,
  );
  return token;
}

async function create(
  name: string,
  options: ApiOptions & { scopes: Scope[]; expires?: Date },
): Promise<void> {
  const { createToken } = await connect(options).mutate(Create, {
    name,
    scopes: options.scopes,
    expiresAt: options.expires?.toISOString() ?? null,
  });
  if (createToken.__typename === 'InvalidInput') {
    const problems = createToken.problems.map(
      ({ message, allowed }) => `${plain(message)} (allowed: ${plain(allowed)})`,
    );
    throw new Problem(problems.join('\n') || plain(createToken.message));
  }
  note('shown this once; give it to workers and scripts as SMALLBATCH_TOKEN:');
  process.stdout.write(`${createToken.secret}\n`);
}

async function list(options: ReadOptions): Promise<void> {
  const { tokens } = await connect(options).query(Tokens, {});
  print(columns, tokens, options.format);
}

async function revoke(given: string, options: ApiOptions): Promise<void> {
  const client = connect(options);
  const { tokens } = await client.query(Tokens, {});
  const living = tokens.filter(({ revokedAt }) => revokedAt === null);
  const found = living.filter(({ prefix, name }) => prefix === given || name === given);
  const [token] = found;
  if (!token)
    throw new Problem(`unknown token "${plain(given)}": "smallbatch token list" names those that there are`);
  if (found.length > 1)
    throw new Problem(`${found.length} tokens are named "${plain(given)}": give the prefix of one`, 2);
  const { revokeToken } = await client.mutate(Revoke, { id: token.id });
  if (revokeToken.__typename === 'NotFound') throw new Problem(plain(revokeToken.message));
  note(`revoked ${plain(token.name)} (${token.prefix}…)`);
}

function readScope(text: string): Scope {
  const scope = SCOPES.find((one) => one === text.toUpperCase());
  if (scope) return scope;
  throw new InvalidArgumentError('read, write, work, admin are allowed.');
}

function readDate(text: string): Date {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const date = days ? new Date(Date.now() + Number(days) * 86_400_000) : new Date(text);
  if (Number.isNaN(date.getTime()) || date.getTime() <= Date.now()) {
    throw new InvalidArgumentError('a date in the future, or days such as 30d, is allowed.');
  }
  return date;
}
