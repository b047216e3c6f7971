'use client';

import { Anchor, Badge, Table, Text } from '@mantine/core';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { runsHref } from '../filter/filter';
import { graphql, type ResultOf } from '../shell/client';
import { count as written } from '../shell/format';
import { Time } from '../shell/time';
import { runHref, sweepHref } from '../sweep/run-link';
import { ACTIONS } from './actions';

export const AuditFields = graphql(`
  fragment AuditFields on AuditEntry {
    id at who via token address agent action outcome kind key count detail
  }
`);
type Entry = ResultOf<typeof AuditFields>;

const VIA: Readonly<Record<Entry['via'], string>> = {
  SESSION: 'signed in',
  TOKEN: 'by a token',
  LOCAL: 'on this machine',
  OPERATOR: 'by the command line',
  NOBODY: 'not signed in',
};

/** One line for each entry: when, who, what, to what, and where from. */
export function Entries({ entries }: { entries: readonly Entry[] }) {
  return (
    <div className="scroll">
      <Table striped aria-label="What was done" className="number">
        <Table.Thead>
          <Table.Tr>
            {['when', 'who', 'what', 'of what', 'more', 'from'].map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Line key={entry.id} entry={entry} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Line({ entry }: { entry: Entry }) {
  const { at, who, via, token, action, outcome, address, agent, detail } = entry;
  return (
    <Table.Tr data-action={action}>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Time at={at} />
      </Table.Td>
      <Table.Td>
        {who === null ? (
          'nobody known'
        ) : (
          <Anchor component={Link} href={`/audit?${new URLSearchParams({ by: who })}`}>
            {who}
          </Anchor>
        )}
        <Text size="xs" c="dimmed">
          {token === null ? VIA[via] : `by the token ${token}…`}
        </Text>
      </Table.Td>
      <Table.Td>
        {ACTIONS[action]}{' '}
        {outcome === 'REFUSED' ? (
          <Badge variant="default" tt="none">
            refused
          </Badge>
        ) : null}
      </Table.Td>
      <Table.Td>{thing(entry)}</Table.Td>
      <Table.Td style={{ minWidth: 220, maxWidth: 360, overflowWrap: 'anywhere' }}>
        <Text size="xs">{wordsOf(detail)}</Text>
      </Table.Td>
      <Table.Td style={{ maxWidth: 260, overflowWrap: 'anywhere' }}>
        {address ?? '–'}
        <Text size="xs" c="dimmed">
          {agent}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

/** What it was done to, as a link where there is a page of it. */
function thing({ kind, key, count }: Entry): ReactNode {
  if (kind === null) return '–';
  const many = count === null ? null : `${written(count)} ${kind === 'export' ? 'rows' : `${kind}s`}`;
  if (key === null) return many ?? kind;
  const href =
    kind === 'run'
      ? runHref(key)
      : kind === 'sweep'
        ? sweepHref(key)
        : kind === 'member'
          ? runsHref({ member: { eq: key } })
          : undefined;
  return (
    <>
      {kind}{' '}
      {href ? (
        <Anchor component={Link} prefetch={false} href={href}>
          {key}
        </Anchor>
      ) : (
        key
      )}
      {count !== null && count !== 1 ? ` (${kind === 'export' ? many : written(count)})` : null}
    </>
  );
}

/** `role: VIEWER, scopes: ["READ"]`: the values as they were written down. */
const wordsOf = (detail: unknown): string =>
  Object.entries((detail ?? {}) as Record<string, unknown>)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
