'use client';

import { Button, Group, NativeSelect, Table, Text, TextInput } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useState } from 'react';
import { graphql, type SchemaType, useQuery } from '../shell/client';
import { tell, warn } from '../shell/notice';
import { Failed } from '../shell/state';
import { Time } from '../shell/time';
import { Part } from './part';
import { ShownOnce } from './shown-once';

type Role = SchemaType<'Role'>;
/** From the least to the most. */
export const ROLES: readonly Role[] = ['VIEWER', 'MEMBER', 'MAINTAINER', 'OWNER'];

const InvitationsQuery = graphql(`
  query Invitations {
    invitations { id role email name createdBy { key } expiresAt usedAt revokedAt }
  }
`);
const Invite = graphql(`
  mutation Invite($role: Role!, $email: String, $name: String) {
    invite(role: $role, email: $email, name: $name) {
      __typename
      ... on InvitationMade { link }
      ... on InvalidInput { message }
    }
  }
`);
const Revoke = graphql(`
  mutation RevokeInvitation($id: ID!) {
    revokeInvitation(id: $id) {
      __typename
      ... on NotFound { message }
    }
  }
`);

/** An owner makes links by which people come into the team, and ends those that nobody has used. */
export function Invitations() {
  const [{ data, error }, again] = useQuery({ query: InvitationsQuery });
  const [, invite] = useMutation(Invite);
  const [, revoke] = useMutation(Revoke);
  const [link, setLink] = useState<string>();
  const anew = () => again({ requestPolicy: 'network-only' });
  if (error && !data) return <Failed message={error.message} again={anew} />;
  const open = (data?.invitations ?? []).filter(
    ({ usedAt, revokedAt, expiresAt }) => !usedAt && !revokedAt && Date.parse(expiresAt) > Date.now(),
  );
  return (
    <Part title="Invitations" id="invitations">
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const fields = Object.fromEntries(new FormData(form)) as Record<'name' | 'email' | 'role', string>;
          const { name, email, role } = fields;
          const { data, error } = await invite({
            role: role as Role,
            name: name.trim() || null,
            email: email.trim() || null,
          });
          const result = data?.invite;
          if (result?.__typename !== 'InvitationMade')
            return warn(result?.message ?? error?.message ?? 'nobody was invited');
          setLink(`${window.location.origin}${result.link}`);
          form.reset();
          anew();
        }}
      >
        <Group align="end">
          <TextInput label="Name" name="name" placeholder="may be left out" />
          <TextInput label="E-mail address" name="email" placeholder="may be left out" />
          <NativeSelect
            label="Role"
            name="role"
            defaultValue="MEMBER"
            data={ROLES.map((role) => ({ value: role, label: role.toLowerCase() }))}
          />
          <Button type="submit" variant="default">
            Make a link
          </Button>
        </Group>
      </form>
      {link ? (
        <ShownOnce
          title="Give this link to the person; it is shown this once"
          what="link"
          text={link}
          onClose={() => setLink(undefined)}
        />
      ) : null}
      {open.length > 0 ? (
        <Table striped aria-label="Open invitations" w="auto">
          <Table.Thead>
            <Table.Tr>
              {['for', 'role', 'by', 'good until', 'end it'].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {open.map(({ id, role, email, name, createdBy, expiresAt }) => (
              <Table.Tr key={id}>
                <Table.Th scope="row">{name ?? email ?? 'anyone'}</Table.Th>
                <Table.Td>{role.toLowerCase()}</Table.Td>
                <Table.Td>{createdBy?.key ?? 'the command line'}</Table.Td>
                <Table.Td>
                  <Time at={expiresAt} />
                </Table.Td>
                <Table.Td>
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={async () => {
                      const { data, error } = await revoke({ id });
                      const result = data?.revokeInvitation;
                      if (error) warn(error.message);
                      else if (result?.__typename === 'NotFound') warn(result.message);
                      else tell(`Nobody joins by the link for ${name ?? email ?? 'anyone'} any more.`);
                      anew();
                    }}
                  >
                    End it
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : (
        <Text size="sm" mt="xs">
          No invitation is open.
        </Text>
      )}
    </Part>
  );
}
