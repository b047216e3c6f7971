'use client';

import './team.css';
import { Button, Group, Text } from '@mantine/core';
import { parseAsArrayOf, parseAsStringLiteral, useQueryState } from 'nuqs';
import { useState } from 'react';
import { Choices } from '../question/controls';
import { graphql, useQuery } from '../shell/client';
import { useWatch } from '../shell/live';
import { Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';
import { type Event, EventFields, EventSentence, KINDS } from './event';
import { Part } from './part';

const Page = graphql(
  `
  query Feed($kinds: [EventKind!], $after: String) {
    activity(first: 20, kinds: $kinds, after: $after) {
      edges { cursor node { ...EventFields } }
      pageInfo { hasNextPage endCursor }
      watchFrom
    }
  }
`,
  [EventFields],
);
const Watch = graphql(
  `
  subscription FeedWatch($after: String) {
    activity(after: $after) { cursor events { ...EventFields } }
  }
`,
  [EventFields],
);

const GROUPS = Object.keys(KINDS);
const SHOWN = parseAsArrayOf(parseAsStringLiteral(GROUPS)).withDefault([]);
/** Events that came while the page is open and are kept in it; earlier ones are in the list after a reload. */
const KEPT = 500;

/** What happened in the team: the newest first, live, older ones a page at a time. */
export function Feed() {
  const [groups, setGroups] = useQueryState('activity', SHOWN);
  const kinds = groups.flatMap((group) => KINDS[group] ?? []);
  return (
    <Part title="What happened" id="activity">
      <Group gap="xs" mb="xs">
        <Choices
          label="Kinds of events"
          values={groups}
          options={GROUPS.map((value) => ({ value, name: value }))}
          words={groups.length > 0 ? `Only ${groups.join(', ')}` : 'All kinds'}
          onChange={(groups) => void setGroups(groups.length > 0 ? groups : null)}
        />
      </Group>
      <List key={kinds.join()} kinds={kinds.length > 0 ? kinds : null} />
    </Part>
  );
}

function List({ kinds }: { kinds: Event['kind'][] | null }) {
  const [{ data, error }, again] = useQuery({ query: Page, variables: { kinds } });
  const [from] = useState(() => ({ watch: undefined as string | undefined }));
  // The list is asked for once; what comes after it, the subscription brings.
  from.watch ??= data?.activity.watchFrom;
  const { seen, problem } = useWatch(
    Watch,
    from.watch === undefined ? undefined : { after: from.watch },
    ({ activity }) => activity.cursor,
    (seen: readonly Event[] | undefined, { activity }) =>
      [...activity.events.toReversed(), ...(seen ?? [])].slice(0, KEPT),
  );
  const [older, setOlder] = useState<readonly string[]>([]);
  if (error) return <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />;
  if (!data) return <Loading what="what happened" />;
  const { edges, pageInfo } = data.activity;
  const live = (seen ?? []).filter(({ kind }) => !kinds || kinds.includes(kind));
  const more = (after: string | null) => setOlder([...older, after!]);
  return (
    <>
      {problem ? <Text role="alert">New events do not come: {problem}. Reload the page.</Text> : null}
      <ol className="feed" aria-live="polite" aria-label="What happened" data-testid="feed">
        {live.map((event) => (
          <Item key={`${event.at} ${event.kind} ${event.run ?? event.worker ?? event.sweep}`} event={event} />
        ))}
        {edges.map(({ cursor, node }) => (
          <Item key={cursor} event={node} />
        ))}
        {older.map((after, i) => (
          <Older key={after} kinds={kinds} after={after} last={i === older.length - 1} more={more} />
        ))}
      </ol>
      {live.length + edges.length === 0 ? (
        <Text>{kinds ? 'Nothing of these kinds in 30 days.' : 'Nothing happened in the last 30 days.'}</Text>
      ) : null}
      {older.length === 0 && pageInfo.hasNextPage ? (
        <MoreButton onClick={() => more(pageInfo.endCursor)} />
      ) : null}
    </>
  );
}

function Older({
  kinds,
  after,
  last,
  more,
}: {
  kinds: Event['kind'][] | null;
  after: string;
  last: boolean;
  more: (after: string | null) => void;
}) {
  const [{ data, error }, again] = useQuery({ query: Page, variables: { kinds, after } });
  if (error)
    return (
      <li>
        <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />
      </li>
    );
  if (!data) return <li>Loading …</li>;
  const { edges, pageInfo } = data.activity;
  return (
    <>
      {edges.map(({ cursor, node }) => (
        <Item key={cursor} event={node} />
      ))}
      {last ? (
        <li>
          {pageInfo.hasNextPage ? (
            <MoreButton onClick={() => more(pageInfo.endCursor)} />
          ) : (
            <Text size="sm">That is all of the last 30 days.</Text>
          )}
        </li>
      ) : null}
    </>
  );
}

const MoreButton = ({ onClick }: { onClick: () => void }) => (
  <Button size="compact-sm" variant="default" onClick={onClick}>
    Older
  </Button>
);

const Item = ({ event }: { event: Event }) => (
  <li data-kind={event.kind}>
    <span className="when">
      <Time at={event.at} />
    </span>{' '}
    <EventSentence event={event} />
  </li>
);
