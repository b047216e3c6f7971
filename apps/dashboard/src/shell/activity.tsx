'use client';

import { type AnyVariables, createRequest, type DocumentInput } from '@urql/next';
import { usePathname } from 'next/navigation';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef } from 'react';
import { graphql, useQuery } from './client';
import { useWatch } from './live';
import { OUTSIDE } from './pages';

const Activity = graphql(`
  subscription TeamActivity($after: String) {
    activity(after: $after) { cursor events { kind sweep run } }
  }
`);

/** Rises whenever something happened in the team. */
const Version = createContext(0);

/** By key of a question: the version at which it was last asked here. What the server asked was before all that is watched. */
const askedAt = new Map<number, number>();

/** Watches what happens in the team `since` the server began to render, for all questions of the page. */
export function ActivityProvider({ children, since }: { children: ReactNode; since: string | null }) {
  const outside = OUTSIDE.includes(usePathname());
  const after = useMemo(() => (since === null ? {} : { after: since }), [since]);
  const { seen } = useWatch(Activity, outside ? undefined : after, cursorOf, later);
  return <Version value={seen ?? 0}>{children}</Version>;
}
const cursorOf = ({ activity }: { activity: { cursor: string } }): string => activity.cursor;
const later = (
  seen: number | undefined,
  { activity }: { activity: { events: readonly unknown[] } },
): number => (seen ?? 0) + (activity.events.length > 0 ? 1 : 0);

/** A question that is asked again is given this many times the rest that its answer took, and this rest at least. */
const REST = 5;
const LEAST_REST_MS = 1500;

/**
 * A question whose answer follows what happens in the team. `data` is always the answer to these variables, and stays while a newer one
 * is on its way; `useLast` keeps what was shown before while other variables are asked for.
 */
export function useLiveQuery<R, V extends AnyVariables>(args: {
  query: DocumentInput<R, V>;
  variables: V;
  pause?: boolean;
}) {
  const version = useContext(Version);
  const [result, ask] = useQuery<R, V>(args as Parameters<typeof useQuery<R, V>>[0]);
  const asked = useRef({ at: Number.NEGATIVE_INFINITY, took: 0, waiting: false });
  const { fetching } = result;
  const { key } = createRequest(args.query, args.variables);
  const now = useRef(version);
  now.current = version;
  useEffect(() => {
    const { current } = asked;
    if (fetching) askedAt.set(key, now.current);
    if (fetching || !current.waiting) return;
    current.took = performance.now() - current.at;
    current.waiting = false;
  }, [fetching, key]);
  const { pause } = args;
  useEffect(() => {
    const { current } = asked;
    if (pause || version <= (askedAt.get(key) ?? 0)) return;
    const wait = Math.max(LEAST_REST_MS, REST * current.took) - (performance.now() - current.at);
    const timer = setTimeout(
      () => {
        asked.current = { at: performance.now(), took: current.took, waiting: true };
        askedAt.set(key, version);
        ask({ requestPolicy: 'network-only' });
      },
      Math.max(0, wait),
    );
    return () => clearTimeout(timer);
  }, [version, ask, pause, key]);
  const again = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask]);
  // urql hands on the last answer until the next one is there, also that of other variables.
  const mine = result.operation?.key === key;
  return [
    { ...result, data: mine ? result.data : undefined, error: mine ? result.error : undefined },
    again,
  ] as const;
}

/** The last value that there was. */
export function useLast<T>(value: T | undefined): T | undefined {
  const kept = useRef(value);
  if (value !== undefined) kept.current = value;
  return kept.current;
}
