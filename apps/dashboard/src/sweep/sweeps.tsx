'use client';

import { Anchor, Button, Group, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import Link from 'next/link';
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useEffect, useState } from 'react';
import { Whose } from '../filter/whose';
import { Choice } from '../question/controls';
import { ReadsOnly, useViewer } from '../session/viewer';
import { useLast, useLiveQuery } from '../shell/activity';
import { graphql, type SchemaType } from '../shell/client';
import { count } from '../shell/format';
import { Empty, Failed, HowToBegin, Loading } from '../shell/state';
import { SweepLine, SweepTable } from './sweep-table';

const PAGE = 50;

const SweepList = graphql(
  `
    query SweepList($where: SweepFilter, $first: Int, $after: String, $last: Int, $before: String) {
      members { key name }
      sweeps(where: $where, first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { ...SweepLine }
      }
    }
  `,
  [SweepLine],
);

const STATUSES = ['RUNNING', 'WAITING', 'PAUSED', 'DONE', 'CANCELLED'] as const;
/** The list in the URL. */
const LIST = {
  /** Key of a member. */
  by: parseAsString,
  status: parseAsStringLiteral(STATUSES),
  search: parseAsString,
  after: parseAsString,
  before: parseAsString,
};

/** All sweeps of the team, or one's own: who, when, how far, what it cost. */
export function Sweeps() {
  const [{ by, status, search, after, before }, set] = useQueryStates(LIST, { history: 'push' });
  const [typed, setTyped] = useState(search ?? '');
  const find = useDebouncedCallback(
    (text: string) => void set({ search: text || null, ...FROM_FRONT }, { history: 'replace' }),
    300,
  );
  const { key: me, mayWrite } = useViewer();
  // As it was written in addresses before; for everybody who opens one it meant somebody else.
  useEffect(() => {
    if (by === 'me' && me !== undefined) void set({ by: me }, { history: 'replace' });
  }, [by, me, set]);
  const where: SchemaType<'SweepFilter'> = {
    ...(by ? { member: { eq: by } } : {}),
    ...(status ? { status: [status] } : {}),
    ...(search ? { search } : {}),
  };
  const page = before ? { last: PAGE, before } : { first: PAGE, after };
  const [{ data, error, fetching }, again] = useLiveQuery({
    query: SweepList,
    variables: { where, ...page },
    pause: by === 'me',
  });
  const shown = useLast(data);
  const filtered = Boolean(by || status || search);
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          Sweeps
        </Title>
        {mayWrite ? (
          <Button component={Link} href="/sweeps/new">
            New sweep
          </Button>
        ) : (
          <ReadsOnly what="make sweeps" />
        )}
      </Group>
      <Group my="sm" align="flex-end">
        <TextInput
          aria-label="Search sweeps"
          placeholder="name, key, tag or note"
          value={typed}
          onChange={({ currentTarget }) => {
            setTyped(currentTarget.value);
            find(currentTarget.value);
          }}
        />
        <span className="sentence">
          <Whose
            value={by}
            what="sweeps"
            members={shown?.members ?? []}
            onChange={(by) => void set({ by, ...FROM_FRONT })}
          />
          ,{' '}
          <Choice
            label="Status"
            value={status ?? 'ANY'}
            options={[
              { value: 'ANY', name: 'wherever they stand' },
              ...STATUSES.map((value) => ({ value, name: value.toLowerCase() })),
            ]}
            onChange={(value) => void set({ status: value === 'ANY' ? null : value, ...FROM_FRONT })}
          />
        </span>
      </Group>
      {error ? (
        <Failed message={error.message} again={again} />
      ) : !shown ? (
        <Loading what="the sweeps" />
      ) : shown.sweeps.totalCount === 0 ? (
        filtered ? (
          <Empty title="No sweep matches">
            <Anchor component={Link} href="/sweeps" underline="always">
              All sweeps
            </Anchor>
          </Empty>
        ) : (
          <HowToBegin />
        )
      ) : (
        <div aria-busy={fetching}>
          <SweepTable sweeps={shown.sweeps.nodes} />
          <Group my="sm">
            <Text size="sm" className="number" role="status">
              {count(shown.sweeps.nodes.length)} of {count(shown.sweeps.totalCount)} sweeps, the newest first
            </Text>
            <Button
              size="xs"
              variant="default"
              disabled={!shown.sweeps.pageInfo.hasPreviousPage}
              onClick={() => void set({ before: shown.sweeps.pageInfo.startCursor, after: null })}
            >
              Newer
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={!shown.sweeps.pageInfo.hasNextPage}
              onClick={() => void set({ after: shown.sweeps.pageInfo.endCursor, before: null })}
            >
              Older
            </Button>
          </Group>
        </div>
      )}
    </>
  );
}
const FROM_FRONT = { after: null, before: null };
