'use client';

import { Button, Modal, Table, Text } from '@mantine/core';
import { useMutation } from '@urql/next';
import { graphql, useQuery } from '../shell/client';
import { tell, warn } from '../shell/notice';
import { Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';

const SessionsQuery = graphql(`
  query Sessions { sessions { id agent address method createdAt lastSeenAt current } }
`);
const RevokeSession = graphql(`
  mutation RevokeSession($id: ID!) {
    result: revokeSession(id: $id) {
      __typename
      ... on NotFound { message }
    }
  }
`);

/** Where one is signed in, and how to end that. */
export function Sessions({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Where you are signed in" size="xl">
      <List />
    </Modal>
  );
}

function List() {
  const [{ data, error }, again] = useQuery({ query: SessionsQuery, requestPolicy: 'network-only' });
  const [, revoke] = useMutation(RevokeSession);
  const anew = () => again({ requestPolicy: 'network-only' });
  if (error) return <Failed message={error.message} again={anew} />;
  if (!data) return <Loading what="your sessions" />;
  return (
    <div className="scroll">
      <Table striped aria-label="Sessions">
        <Table.Thead>
          <Table.Tr>
            {['browser', 'from', 'since', 'last used', ''].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.sessions.map(({ id, agent, address, createdAt, lastSeenAt, current }) => (
            <Table.Tr key={id}>
              <Table.Th scope="row" style={{ overflowWrap: 'anywhere' }}>
                {agent || 'unknown'}
              </Table.Th>
              <Table.Td>{address}</Table.Td>
              <Table.Td>
                <Time at={createdAt} />
              </Table.Td>
              <Table.Td>
                <Time at={lastSeenAt} />
              </Table.Td>
              <Table.Td>
                {current ? (
                  <Text size="sm">this one</Text>
                ) : (
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={async () => {
                      const { data, error } = await revoke({ id });
                      if (error) warn(error.message);
                      else if (data?.result.__typename === 'NotFound') warn(data.result.message);
                      else tell('Nobody is signed in there any more.');
                      anew();
                    }}
                  >
                    End it
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
