import { graphql, type ResultOf, Unreachable } from '@smallbatch/client';
import { Command, InvalidArgumentError } from 'commander';
import { apiUrl, connect } from '../api.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { type DatabaseOptions, inviteInDatabase, resetInDatabase } from './member-database.ts';
import { type ApiOptions, type ReadOptions, withFormat, withUrl } from './options.ts';

const ROLES = ['OWNER', 'MAINTAINER', 'MEMBER', 'VIEWER'] as const;
type Role = (typeof ROLES)[number];

const Members = graphql(
  `query TeamMembers { members { key name role account { email } createdAt lastRunAt } }`,
);
type Row = ResultOf<typeof Members>['members'][number];
const Invite = graphql(`
  mutation Invite($role: Role!, $email: String, $name: String) {
    invite(role: $role, email: $email, name: $name) {
      __typename
      ... on InvitationMade { link }
      ... on InvalidInput { message problems { message } }
    }
  }
`);
const ChangeRole = graphql(`
  mutation ChangeRole($member: String!, $role: Role!) {
    changeRole(member: $member, role: $role) {
      __typename
      ... on RoleChanged { member { key role } }
      ... on LastOwner { message }
      ... on NotFound { message }
    }
  }
`);
const Remove = graphql(`
  mutation RemoveMember($member: String!) {
    removeMember(member: $member) {
      __typename
      ... on MemberRemoved { member { key } }
      ... on LastOwner { message }
      ... on NotFound { message }
    }
  }
`);
const Reset = graphql(`
  mutation PasswordLink($member: String!) {
    passwordLink(member: $member) {
      __typename
      ... on PasswordLinkMade { link }
      ... on InvalidInput { message problems { message } }
      ... on NotFound { message }
    }
  }
`);

const day = (at: unknown) => String(at).slice(0, 16).replace('T', ' ');
const columns: Column<Row>[] = [
  { name: 'key', value: ({ key }) => key },
  { name: 'name', value: ({ name }) => name },
  { name: 'role', value: ({ role }) => role.toLowerCase() },
  { name: 'email', title: 'e-mail', value: ({ account }) => account.email },
  { name: 'createdAt', title: 'since', value: ({ createdAt }) => createdAt, show: day },
  { name: 'lastRunAt', title: 'last run', value: ({ lastRunAt }) => lastRunAt, show: day },
];

export function memberCommand(): Command {
  const member = new Command('member').description('People of the team, and how they come in.');
  const add = member
    .command('add <name>')
    .description('Invite somebody: prints a link that lets one person in, this once.')
    .option('--role <role>', 'owner, maintainer, member, viewer', readRole, 'MEMBER')
    .option('--email <address>', 'suggested as e-mail address');
  withDatabase(withUrl(add)).action(addMember);
  withFormat(member.command('list').description('Members of the team.')).action(list);
  withUrl(member.command('role <key> <role>').description('Give a member another role.')).action(changeRole);
  withUrl(member.command('remove <key>').description('Take a member out of the team; the runs stay.')).action(
    remove,
  );
  const reset = member
    .command('reset <key>')
    .description('Print a link by which a member sets a new password, this once.');
  withDatabase(withUrl(reset)).action(resetPassword);
  return member;
}

/** What works where nobody can be asked yet, or any more: in the database itself. */
const withDatabase = (command: Command): Command =>
  command
    .option('--database', 'in the database itself (DATABASE_URL, else the home), without asking the API')
    .option('--home <dir>', 'the home of the embedded database (default: SMALLBATCH_HOME, else .smallbatch)')
    .option('--team <key>', 'in the database: the team (default: local); a new one begins with an owner');

async function addMember(
  name: string,
  options: DatabaseOptions & { role: Role; email?: string },
): Promise<void> {
  const { role, email } = options;
  const url = apiUrl(options.url);
  const secret = await inviteInDatabase({ name, role, email }, options);
  if (secret !== undefined) return give(`${url}/invitation#${secret}`, inviting(name, role));
  apiAlone(options);
  const { invite } = await connect(options)
    .mutate(Invite, { role, name, email: email ?? null })
    .catch(orFirst);
  if (invite.__typename === 'InvalidInput') throw new Problem(problems(invite), 2);
  give(url + invite.link, inviting(name, role));
}

/** Before its first owner a server beyond loopback does not start, and so cannot be asked. */
function orFirst(error: unknown): never {
  if (!(error instanceof Unreachable)) throw error;
  throw new Problem(
    `${plain(error.message)} The first owner of a new installation comes from its database: on its machine, add --database`,
  );
}

async function resetPassword(key: string, options: DatabaseOptions): Promise<void> {
  const says = `give this to ${plain(key)} alone: it sets a new password, once, within a day`;
  const url = apiUrl(options.url);
  if (options.database) return give(`${url}/password#${await resetInDatabase(key, options)}`, says);
  apiAlone(options);
  const { passwordLink } = await connect(options).mutate(Reset, { member: key });
  if (passwordLink.__typename === 'InvalidInput') throw new Problem(problems(passwordLink));
  if (passwordLink.__typename === 'NotFound') throw new Problem(plain(passwordLink.message));
  give(url + passwordLink.link, says);
}

async function list(options: ReadOptions): Promise<void> {
  const { members } = await connect(options).query(Members, {});
  print(columns, members, options.format);
}

async function changeRole(key: string, given: string, options: ApiOptions): Promise<void> {
  const role = readRole(given);
  const { changeRole: changed } = await connect(options).mutate(ChangeRole, { member: key, role });
  if (changed.__typename !== 'RoleChanged') throw new Problem(plain(changed.message));
  note(`${plain(changed.member.key)} is ${changed.member.role.toLowerCase()} now`);
}

async function remove(key: string, options: ApiOptions): Promise<void> {
  const { removeMember } = await connect(options).mutate(Remove, { member: key });
  if (removeMember.__typename !== 'MemberRemoved') throw new Problem(plain(removeMember.message));
  note(`removed ${plain(removeMember.member.key)}; the runs stay`);
}

/** A link goes to stdout alone, so that a script can take it. */
function give(link: string, says: string): void {
  note(`${says}:`);
  process.stdout.write(`${link}\n`);
}

const inviting = (name: string, role: Role): string =>
  `give this to ${plain(name)} alone: it lets one person in as ${role.toLowerCase()}, within a week`;

function apiAlone({ team }: DatabaseOptions): void {
  if (team === undefined) return;
  throw new Problem(
    `unsupported --team ${plain(team)}: the API adds to the team of SMALLBATCH_TOKEN; for another one give --database`,
    2,
  );
}

const problems = (invalid: { message: string; problems: { message: string }[] }): string =>
  plain(invalid.problems.map(({ message }) => message).join('\n') || invalid.message);

function readRole(text: string): Role {
  const role = ROLES.find((one) => one === text.toUpperCase());
  if (role) return role;
  throw new InvalidArgumentError('owner, maintainer, member, viewer are allowed.');
}
