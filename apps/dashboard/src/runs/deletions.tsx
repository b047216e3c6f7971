'use client';

import { Button, Modal, Table, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useViewer } from '../session/viewer';
import { graphql, useQuery } from '../shell/client';
import { useCommands } from '../shell/commands';
import { count } from '../shell/format';
import { Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';
import { useRestore } from './restore';

const DeletionList = graphql(`
  query DeletionList {
    deletions { key deletedAt purgedAfter runs restorable member { name } }
  }
`);

/** What was deleted in the last day, and the way back. */
export function Deletions({ onRestored }: { onRestored: () => void }) {
  const [opened, setOpened] = useState(false);
  useCommands(
    useMemo(
      () => [{ id: 'deleted runs', name: 'Deleted runs', group: 'Runs', run: () => setOpened(true) }],
      [],
    ),
  );
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        Deleted …
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Deleted runs" size="lg">
        <List onRestored={onRestored} />
      </Modal>
    </>
  );
}

function List({ onRestored }: { onRestored: () => void }) {
  const [{ data, error }, again] = useQuery({
    query: DeletionList,
    variables: {},
    requestPolicy: 'network-only',
  });
  const { mayWrite } = useViewer();
  const restore = useRestore(() => {
    again({ requestPolicy: 'network-only' });
    onRestored();
  });
  if (error) return <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />;
  if (!data) return <Loading what="what was deleted" />;
  if (data.deletions.length === 0) return <Text>Nothing was deleted in the last 24 hours.</Text>;
  return (
    <div className="scroll">
      <Table aria-label="Deleted runs" className="number">
        <Table.Thead>
          <Table.Tr>
            {['runs', 'deleted', 'by', 'can be brought back until', ''].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.deletions.map(({ key, runs, restorable, deletedAt, purgedAfter, member }) => (
            <Table.Tr key={key}>
              <Table.Td>
                {count(runs)}
                {restorable < runs ? `, ${count(restorable)} still deleted` : ''}
              </Table.Td>
              <Table.Td>
                <Time at={deletedAt} />
              </Table.Td>
              <Table.Td>{member?.name ?? '–'}</Table.Td>
              <Table.Td>
                <Time at={purgedAfter} />
              </Table.Td>
              <Table.Td>
                <Button
                  disabled={!mayWrite || restorable === 0}
                  size="compact-sm"
                  variant="default"
                  onClick={() => void restore(key)}
                >
                  Bring back
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
