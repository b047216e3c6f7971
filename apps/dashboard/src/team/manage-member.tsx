'use client';

import { Button, Menu, NativeSelect, Text } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useState } from 'react';
import { graphql, type ResultOf, type SchemaType } from '../shell/client';
import { count } from '../shell/format';
import { tell, warn } from '../shell/notice';
import { Confirm } from './confirm';
import { ROLES } from './invitations';
import type { MemberFields } from './members';

type Role = SchemaType<'Role'>;
type Member = ResultOf<typeof MemberFields>;

const ChangeRole = graphql(`
  mutation ChangeRole($member: String!, $role: Role!) {
    result: changeRole(member: $member, role: $role) {
      __typename
      ... on LastOwner { message }
      ... on NotFound { message }
    }
  }
`);
const RemoveMember = graphql(`
  mutation RemoveMember($member: String!) {
    result: removeMember(member: $member) {
      __typename
      ... on LastOwner { message }
      ... on NotFound { message }
    }
  }
`);
const PasswordLink = graphql(`
  mutation PasswordLink($member: String!) {
    result: passwordLink(member: $member) {
      __typename
      ... on PasswordLinkMade { link }
      ... on InvalidInput { message }
      ... on NotFound { message }
    }
  }
`);
const DisableAccount = graphql(`
  mutation DisableAccount($member: String!) {
    result: disableAccount(member: $member) {
      __typename
      ... on LastOwner { message }
      ... on InvalidInput { message }
      ... on NotFound { message }
    }
  }
`);
const EnableAccount = graphql(`
  mutation EnableAccount($member: String!) {
    result: enableAccount(member: $member) {
      __typename
      ... on LastOwner { message }
      ... on InvalidInput { message }
      ... on NotFound { message }
    }
  }
`);

interface Answer {
  readonly data?: { readonly result: { readonly __typename: string; readonly message?: string } } | undefined;
  readonly error?: { readonly message: string } | undefined;
}

/** What an owner may do with a member. Each is asked once more, with what is lost. */
export function ManageMember({
  member,
  again,
  onLink,
}: {
  member: Member;
  again: () => void;
  /** A link to set a password was made. */
  onLink: (link: string, name: string) => void;
}) {
  const { key, name, role, disabledAt, runningRuns } = member;
  const [asking, ask] = useState<'role' | 'link' | 'disable' | 'remove'>();
  const [next, setNext] = useState<Role>(role);
  const [, changeRole] = useMutation(ChangeRole);
  const [, remove] = useMutation(RemoveMember);
  const [, makeLink] = useMutation(PasswordLink);
  const [, disable] = useMutation(DisableAccount);
  const [, enable] = useMutation(EnableAccount);
  const who = `${name} (${key})`;
  const say = ({ data, error }: Answer, done: string): void => {
    const why = error?.message ?? data?.result.message;
    if (why !== undefined) warn(why);
    else tell(done);
    again();
  };
  const link = async (): Promise<void> => {
    const { data, error } = await makeLink({ member: key });
    const result = data?.result;
    if (result?.__typename === 'PasswordLinkMade')
      return onLink(`${window.location.origin}${result.link}`, name);
    warn(result?.message ?? error?.message ?? 'no link was made');
  };
  const close = () => ask(undefined);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="compact-xs" variant="default" aria-label={`Manage ${key}`}>
            Manage
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            onClick={() => {
              setNext(role);
              ask('role');
            }}
          >
            Change the role …
          </Menu.Item>
          <Menu.Item onClick={() => ask('link')}>Make a link to set a password …</Menu.Item>
          {disabledAt === null ? (
            <Menu.Item onClick={() => ask('disable')}>Disable the account …</Menu.Item>
          ) : (
            <Menu.Item
              onClick={() =>
                void enable({ member: key }).then((answer) => say(answer, `${who} can sign in again.`))
              }
            >
              Enable the account
            </Menu.Item>
          )}
          <Menu.Item onClick={() => ask('remove')}>Remove from the team …</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking === 'role' ? (
        <Confirm
          title={`Another role for ${who}`}
          button={`Make ${name} ${next.toLowerCase()}`}
          onClose={close}
          onConfirm={() =>
            void changeRole({ member: key, role: next }).then((answer) =>
              say(answer, `${who} is ${next.toLowerCase()} now.`),
            )
          }
        >
          <NativeSelect
            label="Role"
            value={next}
            onChange={({ currentTarget }) => setNext(currentTarget.value as Role)}
            data={ROLES.map((one) => ({ value: one, label: one.toLowerCase() }))}
          />
          <Text size="sm" mt="xs">
            It holds at once, for all sessions and tokens of {name} in this team. What the new role does not
            have they can no longer do.
          </Text>
        </Confirm>
      ) : null}
      {asking === 'link' ? (
        <Confirm
          title={`A link for ${who}`}
          button="Make the link"
          onClose={close}
          onConfirm={() => void link()}
        >
          Whoever has the link sets the password of {name}, once, within a day. When that is done all sessions
          of {name} end, in every team.
        </Confirm>
      ) : null}
      {asking === 'disable' ? (
        <Confirm
          title={`Disable the account of ${who}?`}
          button={`Disable ${name}`}
          red
          onClose={close}
          onConfirm={() =>
            void disable({ member: key }).then((answer) => say(answer, `The account of ${who} is disabled.`))
          }
        >
          {name} is signed out everywhere and cannot sign in, in any team, until the account is enabled again.
          Open links are of no use any more, and tokens rest: workers that use them stop.{' '}
          {runningWords(runningRuns)} All runs stay.
        </Confirm>
      ) : null}
      {asking === 'remove' ? (
        <Confirm
          title={`Remove ${who} from the team?`}
          button={`Remove ${name}`}
          red
          onClose={close}
          onConfirm={() =>
            void remove({ member: key }).then((answer) => say(answer, `${who} is not in the team any more.`))
          }
        >
          {name} sees nothing of this team any more. Their tokens here are revoked for good, and invitations
          and links that they made end. {runningWords(runningRuns)} All runs, sweeps and views stay, under
          their name.
        </Confirm>
      ) : null}
    </>
  );
}

const runningWords = (runs: number): string =>
  runs === 0
    ? 'No run of theirs is being trained.'
    : `${count(runs)} ${runs === 1 ? 'run' : 'runs'} of theirs are being trained; where their own token does it, that ends.`;
