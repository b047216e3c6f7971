'use client';

import { Button, Code, Table, Text } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useEffect } from 'react';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { tell, warn } from '../shell/notice';
import { Time } from '../shell/time';
import { kindWords } from './kinds';

export const DeliveryFields = graphql(`
  fragment DeliveryFields on WebhookDelivery {
    id kind status createdAt tries triedAt nextTryAt httpStatus error body
  }
`);
type Delivery = ResultOf<typeof DeliveryFields>;

const Again = graphql(`
  mutation Redeliver($id: ID!) { redeliver(id: $id) { __typename ... on NotFound { message } } }
`);

/** How often what waits is looked at. */
const LOOK_MS = 2000;
/** What waits for a later try than this is not looked at so often: reload. */
const SOON_MS = 60_000;

/** What an address was told last, how that went, and the way to tell it again. */
export function Deliveries({ deliveries, again }: { deliveries: readonly Delivery[]; again: () => void }) {
  const [, redeliver] = useMutation(Again);
  const soon = deliveries.some(
    ({ status, nextTryAt }) => status === 'WAITING' && Date.parse(nextTryAt ?? '') - Date.now() < SOON_MS,
  );
  useEffect(() => {
    if (!soon) return;
    const timer = setInterval(again, LOOK_MS);
    return () => clearInterval(timer);
  }, [soon, again]);
  if (deliveries.length === 0) return <Text size="sm">It was told nothing yet.</Text>;
  return (
    <div className="scroll">
      <Table striped aria-label="Last deliveries" w="auto" className="number">
        <Table.Thead>
          <Table.Tr>
            {['of', 'when', 'how it went', 'tries', 'what is sent', 'again'].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {deliveries.map((one) => (
            <Table.Tr key={one.id} data-status={one.status}>
              <Table.Th scope="row">{kindWords(one.kind)}</Table.Th>
              <Table.Td>
                <Time at={one.createdAt} />
              </Table.Td>
              <Table.Td>
                <HowItWent delivery={one} />
              </Table.Td>
              <Table.Td>{count(one.tries)}</Table.Td>
              <Table.Td>
                <details>
                  <summary>JSON</summary>
                  <Code block tabIndex={0} style={{ maxWidth: 480 }}>
                    {JSON.stringify(JSON.parse(one.body), null, 2)}
                  </Code>
                </details>
              </Table.Td>
              <Table.Td>
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={async () => {
                    const { data, error } = await redeliver({ id: one.id });
                    const result = data?.redeliver;
                    if (error) warn(error.message);
                    else if (result?.__typename === 'NotFound') warn(result.message);
                    else tell('It is sent again, with the same id.');
                    again();
                  }}
                >
                  Send again
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function HowItWent({ delivery: { status, httpStatus, error, nextTryAt } }: { delivery: Delivery }) {
  if (status === 'DELIVERED') return <>arrived ({httpStatus})</>;
  if (status === 'GIVEN_UP') return <>given up: {error}</>;
  return (
    <>
      {error ?? 'on its way'}
      {error && nextTryAt ? (
        <>
          ; tried again <Time at={nextTryAt} />
        </>
      ) : null}
    </>
  );
}
