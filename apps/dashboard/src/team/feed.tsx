'use client';

import './team.css';
import { Button, Group, Text } from '@mantine/core';
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { useState } from 'react';
import { Whose } from '../filter/whose';
import { Choices } from '../question/controls';
import { useViewer } from '../session/viewer';
import { graphql, useQuery } from '../shell/client';
import { useWatch } from '../shell/live';
import { Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';
import { type Event, EventFields, EventSentence, KINDS } from './event';
import { Part } from './part';

const Page = graphql(
  `
  query Feed($kinds: [EventKind!], $member: String, $mentioned: String, $after: String) {
    activity(first: 20, kinds: $kinds, member: $member, mentioned: $mentioned, after: $after) {
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
const SHOWN = {
  activity: parseAsArrayOf(parseAsStringLiteral(GROUPS)).withDefault([]),
  /** Key of the member whose doing is shown. */
  by: parseAsString,
  /** Key of the member who is named in a note. */
  mentioned: parseAsString,
};
interface Shown {
  readonly kinds: Event['kind'][] | null;
  readonly member: string | null;
  readonly mentioned: string | null;
}
/** Events that came while the page is open and are kept in it; earlier ones are in the list after a reload. */
const KEPT = 500;

/** What happened in the team: the newest first, live, older ones a page at a time. */
export function Feed() {
  const [{ activity: groups, by, mentioned }, set] = useQueryStates(SHOWN);
  const { key: me } = useViewer();
  const kinds = groups.flatMap((group) => KINDS[group] ?? []);
  return (
    <Part title="What happened" id="activity">
      <Group gap="xs" mb="xs">
        <span className="sentence">
          <Choices
            label="Kinds of events"
            values={groups}
            options={GROUPS.map((value) => ({ value, name: value }))}
            words={groups.length > 0 ? `Only ${groups.join(', ')}` : 'All kinds'}
            onChange={(groups) => void set({ activity: groups.length > 0 ? groups : null })}
          />{' '}
          of <Whose value={by} what="events" onChange={(by) => void set({ by })} />
        </span>
        {mentioned !== null ? (
          <Button
            size="compact-md"
            variant="light"
            aria-pressed
            onClick={() => void set({ mentioned: null })}
          >
            Mentions of {mentioned === me ? 'me' : mentioned} alone
          </Button>
        ) : me === undefined ? null : (
          <Button
            size="compact-md"
            variant="default"
            aria-pressed={false}
            onClick={() => void set({ mentioned: me })}
          >
            Mentions of me
          </Button>
        )}
      </Group>
      <List
        key={JSON.stringify([kinds, by, mentioned])}
        shown={{ kinds: kinds.length > 0 ? kinds : null, member: by, mentioned }}
      />
    </Part>
  );
}

function List({ shown }: { shown: Shown }) {
  const [{ data, error }, again] = useQuery({ query: Page, variables: { ...shown } });
  const { kinds, member, mentioned } = shown;
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
  const live = (seen ?? []).filter(
    (event) =>
      (!kinds || kinds.includes(event.kind)) &&
      (member === null || event.member === member) &&
      (mentioned === null || event.mentioned === mentioned),
  );
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
          <Older key={after} shown={shown} after={after} last={i === older.length - 1} more={more} />
        ))}
      </ol>
      {live.length + edges.length === 0 ? (
        <Text>
          {kinds || member !== null || mentioned !== null
            ? 'Nothing of these kinds in 30 days.'
            : 'Nothing happened in the last 30 days.'}
        </Text>
      ) : null}
      {older.length === 0 && pageInfo.hasNextPage ? (
        <MoreButton onClick={() => more(pageInfo.endCursor)} />
      ) : null}
    </>
  );
}

function Older({
  shown,
  after,
  last,
  more,
}: {
  shown: Shown;
  after: string;
  last: boolean;
  more: (after: string | null) => void;
}) {
  const [{ data, error }, again] = useQuery({ query: Page, variables: { ...shown, after } });
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
