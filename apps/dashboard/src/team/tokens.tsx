'use client';

import { Button, Checkbox, Code, Group, NativeSelect, Table, Text, TextInput } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useState } from 'react';
import { graphql, type ResultOf, type SchemaType, useQuery } from '../shell/client';
import { tell, warn } from '../shell/notice';
import { Failed } from '../shell/state';
import { Time } from '../shell/time';
import { Confirm } from './confirm';
import { Part } from './part';
import { ShownOnce } from './shown-once';

type Scope = SchemaType<'Scope'>;

const TokensQuery = graphql(`
  query Tokens {
    viewer { scopes member { key } }
    tokens { id name prefix scopes createdAt expiresAt lastUsedAt revokedAt member { key } }
  }
`);
type Token = ResultOf<typeof TokensQuery>['tokens'][number];
const CreateToken = graphql(`
  mutation CreateToken($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
    result: createToken(name: $name, scopes: $scopes, expiresAt: $expiresAt) {
      __typename
      ... on CreateTokenSuccess { secret }
      ... on InvalidInput { message }
    }
  }
`);
const RotateToken = graphql(`
  mutation RotateToken($id: ID!) {
    result: rotateToken(id: $id) {
      __typename
      ... on TokenRotated { secret minutes }
      ... on InvalidInput { message }
      ... on NotFound { message }
    }
  }
`);
const RevokeToken = graphql(`
  mutation RevokeToken($id: ID!) {
    result: revokeToken(id: $id) {
      __typename
      ... on NotFound { message }
    }
  }
`);

const SAYS: Readonly<Record<Scope, string>> = {
  READ: 'read: ask and export',
  WRITE: 'write: create and change too',
  WORK: 'work: claim runs and report, nothing else',
  ADMIN: 'admin: everything that the role may',
};
const DAYS = { '30': 'in 30 days', '90': 'in 90 days', '365': 'in a year', '': 'never' } as const;
const DAY_MS = 86_400_000;

/** Tokens of one's own, and for an owner those of everyone: made, rotated and revoked. */
export function Tokens() {
  const [{ data, error }, again] = useQuery({ query: TokensQuery });
  const [, create] = useMutation(CreateToken);
  const [secret, setSecret] = useState<string>();
  const [scopes, setScopes] = useState<Scope[]>([]);
  const anew = () => again({ requestPolicy: 'network-only' });
  if (error && !data) return <Failed message={error.message} again={anew} />;
  const good = (data?.tokens ?? []).filter(
    ({ revokedAt, expiresAt }) => !revokedAt && (!expiresAt || Date.parse(expiresAt) > Date.now()),
  );
  return (
    <Part title="Tokens" id="tokens">
      <Text size="sm" mb="xs">
        A token lets a script or a worker act for you, in this team.
      </Text>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const { name, days } = Object.fromEntries(new FormData(form)) as Record<'name' | 'days', string>;
          const expiresAt = days === '' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
          const { data, error } = await create({ name: name.trim(), scopes, expiresAt });
          const result = data?.result;
          if (result?.__typename !== 'CreateTokenSuccess')
            return warn(result?.message ?? error?.message ?? 'no token was made');
          setSecret(result.secret);
          setScopes([]);
          form.reset();
          anew();
        }}
      >
        <Group align="end">
          <TextInput label="What it is for" name="name" required maxLength={80} />
          <Checkbox.Group
            label="What it may do"
            value={scopes}
            onChange={(chosen) => setScopes(chosen as Scope[])}
          >
            <Group mih={36}>
              {(data?.viewer.scopes ?? []).map((scope) => (
                <Checkbox key={scope} value={scope} label={scope.toLowerCase()} title={SAYS[scope]} />
              ))}
            </Group>
          </Checkbox.Group>
          <NativeSelect
            label="It ends"
            name="days"
            defaultValue="90"
            data={Object.entries(DAYS).map(([value, label]) => ({ value, label }))}
          />
          <Button type="submit" variant="default" disabled={scopes.length === 0}>
            Make a token
          </Button>
        </Group>
      </form>
      {secret ? (
        <ShownOnce
          title="The token; it is shown this once. Give it to scripts and workers as SMALLBATCH_TOKEN"
          what="token"
          text={secret}
          onClose={() => setSecret(undefined)}
        />
      ) : null}
      {good.length > 0 ? (
        <div className="scroll">
          <Table striped aria-label="Tokens" w="auto" mt="xs" className="nowrap">
            <Table.Thead>
              <Table.Tr>
                {['for', 'of', 'begins with', 'may', 'made', 'ends', 'last used', ''].map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {good.map((token) => (
                <Row key={token.id} token={token} anew={anew} onSecret={setSecret} />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      ) : (
        <Text size="sm" mt="xs">
          There is no token that can be used.
        </Text>
      )}
    </Part>
  );
}

function Row({
  token,
  anew,
  onSecret,
}: {
  token: Token;
  anew: () => void;
  onSecret: (secret: string) => void;
}) {
  const { id, name, prefix, scopes, createdAt, expiresAt, lastUsedAt, member } = token;
  const [asking, ask] = useState<'rotate' | 'revoke'>();
  const [, rotate] = useMutation(RotateToken);
  const [, revoke] = useMutation(RevokeToken);
  const rotateIt = async (): Promise<void> => {
    const { data, error } = await rotate({ id });
    const result = data?.result;
    anew();
    if (result?.__typename !== 'TokenRotated')
      return warn(result?.message ?? error?.message ?? 'nothing was changed');
    onSecret(result.secret);
    tell(`The old secret of ${name} is good for ${result.minutes} minutes more.`);
  };
  const revokeIt = async (): Promise<void> => {
    const { data, error } = await revoke({ id });
    anew();
    if (error) return warn(error.message);
    if (data?.result.__typename === 'NotFound') return warn(data.result.message);
    tell(`${name} is revoked.`);
  };
  return (
    <Table.Tr>
      <Table.Th scope="row">{name}</Table.Th>
      <Table.Td>{member.key}</Table.Td>
      <Table.Td>
        <Code>{prefix}…</Code>
      </Table.Td>
      <Table.Td>{scopes.map((scope) => scope.toLowerCase()).join(', ')}</Table.Td>
      <Table.Td>
        <Time at={createdAt} />
      </Table.Td>
      <Table.Td>{expiresAt ? <Time at={expiresAt} /> : 'never'}</Table.Td>
      <Table.Td>{lastUsedAt ? <Time at={lastUsedAt} /> : 'never'}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Rotate ${name}`}
            onClick={() => ask('rotate')}
          >
            Rotate …
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Revoke ${name}`}
            onClick={() => ask('revoke')}
          >
            Revoke …
          </Button>
        </Group>
        {asking === 'rotate' ? (
          <Confirm
            title={`A new secret for ${name}`}
            button="Make a new secret"
            onClose={() => ask(undefined)}
            onConfirm={() => void rotateIt()}
          >
            What uses it for {member.key} has to change over to the new secret within an hour; then the old
            one ends.
          </Confirm>
        ) : null}
        {asking === 'revoke' ? (
          <Confirm
            title={`Revoke ${name}?`}
            button={`Revoke ${name}`}
            red
            onClose={() => ask(undefined)}
            onConfirm={() => void revokeIt()}
          >
            Scripts and workers that use it for {member.key} stop at once, and it cannot be brought back.
          </Confirm>
        ) : null}
      </Table.Td>
    </Table.Tr>
  );
}
