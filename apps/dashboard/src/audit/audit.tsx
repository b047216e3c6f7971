'use client';

import { Anchor, Button, Group, Text, TextInput, Title } from '@mantine/core';
import Link from 'next/link';
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useMemo } from 'react';
import { Choice, Choices } from '../question/controls';
import { useLast } from '../shell/activity';
import { graphql, useQuery } from '../shell/client';
import { count } from '../shell/format';
import { Empty, Failed, Loading } from '../shell/state';
import { ACTION_NAMES, ACTIONS } from './actions';
import { AuditFields, Entries } from './entries';

const PAGE = 50;
const Who = graphql(`query AuditWho { viewer { may } members(left: true) { key name role leftAt } }`);
const AuditPage = graphql(
  `
  query AuditPage($by: String, $action: [AuditAction!], $outcome: AuditOutcome, $since: DateTime, $until: DateTime, $first: Int, $after: String, $last: Int, $before: String) {
    audit(by: $by, action: $action, outcome: $outcome, since: $since, until: $until, first: $first, after: $after, last: $last, before: $before) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes { ...AuditFields }
    }
  }
`,
  [AuditFields],
);

const OUTCOMES = ['DONE', 'REFUSED'] as const;
/** The view in the URL; days are whole ones in UTC. */
const VIEW = {
  by: parseAsString,
  action: parseAsArrayOf(parseAsStringLiteral(ACTION_NAMES)),
  outcome: parseAsStringLiteral(OUTCOMES),
  since: parseAsString,
  until: parseAsString,
  after: parseAsString,
  before: parseAsString,
};
const FROM_FRONT = { after: null, before: null };
const NOTHING = {};
const DAY_MS = 86_400_000;

const dayStart = (day: string | null, days = 0): string | null => {
  const at = day && /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at + days * DAY_MS).toISOString();
};

/** Who did what in the team, when and from where: for owners. */
export function Audit() {
  const [{ data, error }, again] = useQuery({ query: Who, variables: NOTHING });
  if (error && !data) return <Failed message={error.message} again={again} />;
  if (!data) return <Loading what="what was done" />;
  const { viewer, members } = data;
  return (
    <>
      <Title order={1} size="h3">
        What was done
      </Title>
      {viewer.may.includes('SEE_AUDIT') ? (
        <Listed members={members} />
      ) : (
        <Empty title="Owners of the team see this">
          <Text>
            Ask one of them:{' '}
            {members
              .filter(({ role, leftAt }) => role === 'OWNER' && !leftAt)
              .map(({ name }) => name)
              .join(', ')}
            .
          </Text>
        </Empty>
      )}
    </>
  );
}

function Listed({ members }: { members: readonly { readonly key: string; readonly name: string }[] }) {
  const [view, set] = useQueryStates(VIEW, { history: 'push' });
  const { by, outcome, since, until, after, before } = view;
  const action = view.action?.length ? view.action : null;
  const filter = { by, action, outcome, since: dayStart(since), until: dayStart(until, 1) };
  const key = JSON.stringify([filter, after, before]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all of it
  const variables = useMemo(
    () => ({ ...filter, ...(before ? { last: PAGE, before } : { first: PAGE, after }) }),
    [key],
  );
  const [{ data, error, fetching }, again] = useQuery({ query: AuditPage, variables });
  const shown = useLast(data);
  const filtered = Boolean(by || action || outcome || since || until);
  return (
    <>
      <Group my="sm" align="flex-end">
        <span className="sentence">
          by{' '}
          <Choice
            label="Who"
            value={by ?? ''}
            options={[
              { value: '', name: 'anybody' },
              ...members.map(({ key, name }) => ({ value: key, name })),
            ]}
            onChange={(value) => void set({ by: value || null, ...FROM_FRONT })}
          />
          ,{' '}
          <Choice
            label="Outcome"
            value={outcome ?? 'ANY'}
            options={[
              { value: 'ANY', name: 'done or refused' },
              { value: 'DONE', name: 'done' },
              { value: 'REFUSED', name: 'refused' },
            ]}
            onChange={(value) => void set({ outcome: value === 'ANY' ? null : value, ...FROM_FRONT })}
          />
          ,{' '}
          <Choices
            label="What"
            values={view.action ?? []}
            options={ACTION_NAMES.map((value) => ({ value, name: ACTIONS[value] }))}
            words={action ? action.map((one) => ACTIONS[one]).join(', ') : 'whatever it was'}
            onChange={(values) => void set({ action: values.length > 0 ? values : null, ...FROM_FRONT })}
          />
        </span>
        <Day label="From (UTC)" value={since} onChange={(since) => void set({ since, ...FROM_FRONT })} />
        <Day label="To (UTC)" value={until} onChange={(until) => void set({ until, ...FROM_FRONT })} />
        <Text size="sm">
          Export{' '}
          {(['csv', 'ndjson'] as const).map((format, i) => (
            <span key={format}>
              {i > 0 ? ', ' : ''}
              <Anchor
                size="sm"
                href={exportHref(format, filter)}
                download={`audit.${format}`}
                underline="always"
              >
                {format.toUpperCase()}
              </Anchor>
            </span>
          ))}
        </Text>
      </Group>
      {error ? (
        <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />
      ) : !shown ? (
        <Loading what="what was done" />
      ) : shown.audit.totalCount === 0 ? (
        <Empty title={filtered ? 'Nothing of this was done' : 'Nothing was done yet'}>
          {filtered ? (
            <Anchor component={Link} href="/audit" underline="always">
              All that was done
            </Anchor>
          ) : null}
        </Empty>
      ) : (
        <div aria-busy={fetching}>
          <Entries entries={shown.audit.nodes} />
          <Group my="sm">
            <Text size="sm" className="number" role="status">
              {count(shown.audit.nodes.length)} of {count(shown.audit.totalCount)} entries, the newest first
            </Text>
            <Button
              size="xs"
              variant="default"
              disabled={!shown.audit.pageInfo.hasPreviousPage}
              onClick={() => void set({ before: shown.audit.pageInfo.startCursor, after: null })}
            >
              Newer
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={!shown.audit.pageInfo.hasNextPage}
              onClick={() => void set({ after: shown.audit.pageInfo.endCursor, before: null })}
            >
              Older
            </Button>
          </Group>
        </div>
      )}
    </>
  );
}

function Day({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | null;
  onChange: (value: string | null) => void;
}) {
  return (
    <TextInput
      type="date"
      label={label}
      size="xs"
      value={value ?? ''}
      onChange={({ currentTarget }) => onChange(currentTarget.value || null)}
    />
  );
}

function exportHref(format: 'csv' | 'ndjson', filter: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filter))
    if (value !== null && value !== undefined)
      search.set(name, Array.isArray(value) ? value.join(',') : String(value));
  return `/export/audit.${format}${search.size > 0 ? `?${search}` : ''}`;
}
