'use client';

import { Button, Table, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { count } from '../shell/format';

/** Rows that are shown at first, and with each press of the button. */
const PART = 200;

/** A table that may have thousands of rows: it says how many there are, and shows more on request. */
export function LongTable<T>({
  label,
  header,
  rows,
  row,
}: {
  label: string;
  header: readonly string[];
  rows: readonly T[];
  row: (one: T) => ReactNode;
}) {
  const [shown, setShown] = useState(PART);
  return (
    <>
      <div className="scroll">
        <Table striped aria-label={label} className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              {header.map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{rows.slice(0, shown).map(row)}</Table.Tbody>
        </Table>
      </div>
      {rows.length > shown ? (
        <>
          <Text size="sm" my="xs">
            {count(shown)} of {count(rows.length)} rows.
          </Text>
          <Button variant="default" size="xs" onClick={() => setShown(shown + PART)}>
            Show {count(Math.min(PART, rows.length - shown))} more
          </Button>
        </>
      ) : null}
    </>
  );
}
