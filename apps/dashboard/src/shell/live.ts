'use client';

import type { DocumentInput } from '@urql/next';
import { stringifyDocument } from '@urql/next';
import { type Client, createClient } from 'graphql-ws';
import { useEffect, useRef, useState } from 'react';
import { leadToSignIn } from './client';
import { makeStore, useStore } from './store';

/** `lost`: nothing that is shown is of later than `since`. `catching up`: connected again, what was missed is on its way. */
export type Connection =
  | { readonly state: 'connecting' | 'live' | 'caught up' }
  | { readonly state: 'lost' | 'catching up'; readonly since: Date };

const START: Connection = { state: 'connecting' };
const CAUGHT_UP_SHOWN_MS = 5000;
/** After this long without a message there was nothing to catch up with. */
const SILENCE_MS = 3000;
/** Never more than this between two tries: a network that came back is noticed soon. */
const LONGEST_WAIT_MS = 5000;

const connection = makeStore<Connection>(START);
/** Subscriptions that have not had a message since the connection came back. */
const behind = new Set<object>();
let wake: () => void = () => {};

function arrived(subscription: object): void {
  behind.delete(subscription);
  if (connection.get().state !== 'catching up' || behind.size > 0) return;
  connection.set({ state: 'caught up' });
  later(() => connection.set({ state: 'live' }), CAUGHT_UP_SHOWN_MS);
}

/** What the last connection waits for; a newer state does not wait for it any more. */
let waiting: ReturnType<typeof setTimeout> | undefined;
function later(then: () => void, ms: number): void {
  clearTimeout(waiting);
  waiting = setTimeout(then, ms);
}

export const useConnection = (): Connection => useStore(connection, START);

const open = new Set<object>();
let socket: Client | undefined;

/** How the API closes a connection whose token or session is not valid any more. */
const FORBIDDEN = 4403;
/** One WebSocket for the page, which connects again by itself for as long as something is watched. */
function theSocket(): Client {
  socket ??= createClient({
    url: `${window.location.origin.replace(/^http/, 'ws')}/graphql`,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    keepAlive: 10_000,
    retryWait: (tries) =>
      new Promise((resolve) => {
        const timer = setTimeout(
          resolve,
          Math.min(LONGEST_WAIT_MS, 250 * 2 ** tries) * (0.5 + Math.random() / 2),
        );
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    on: {
      connected: () => {
        const before = connection.get();
        if (before.state !== 'lost') return connection.set({ state: 'live' });
        for (const subscription of open) behind.add(subscription);
        connection.set({ state: 'catching up', since: before.since });
        // Where nothing was missed no message comes; what was missed would have begun to come by now.
        later(() => {
          behind.clear();
          arrived(open);
        }, SILENCE_MS);
      },
      closed: (event) => {
        const { code } = event as { code?: number };
        // Nothing is watched any more, which is no loss.
        if (code === 1000) return;
        // The session has ended, or the person is no member any more.
        if (code === FORBIDDEN) return leadToSignIn();
        const before = connection.get();
        const since = before.state === 'lost' || before.state === 'catching up' ? before.since : new Date();
        clearTimeout(waiting);
        connection.set({ state: 'lost', since });
      },
    },
  });
  return socket;
}

if (typeof window !== 'undefined') {
  window.addEventListener('online', () => wake());
  // A cable that was pulled is not told to a socket; the browser knows.
  window.addEventListener('offline', () => socket?.terminate());
}

/**
 * Watches with a cursor: after a lost connection the subscription goes on from the last message that came, so that nothing is lost and
 * nothing is shown twice. → what `reduce` made of all messages so far, and whether the API said that there are no more. Without `variables`
 * nothing is watched. Other variables begin anew.
 */
export function useWatch<R, V extends { after?: string | null | undefined }, S>(
  document: DocumentInput<R, V>,
  variables: V | undefined,
  cursorOf: (data: R) => string,
  reduce: (seen: S | undefined, data: R) => S,
): Watched<S> {
  const key = variables && JSON.stringify(variables);
  const [state, setState] = useState<{ key: string } & Watched<S>>();
  const latest = useRef({ cursorOf, reduce });
  latest.current = { cursorOf, reduce };
  useEffect(() => {
    if (key === undefined) return;
    // Sent as it is at the moment of each connection.
    const going = JSON.parse(key) as V & Record<string, unknown>;
    const mine = {};
    open.add(mine);
    let stopped = false;
    let now: Watched<S> = NOTHING_YET;
    const show = (news: Partial<Watched<S>>): void => {
      now = { ...now, ...news };
      setState({ key, ...now });
    };
    const stop = theSocket().subscribe<R>(
      { query: stringifyDocument(document as never), variables: going },
      {
        next: ({ data, errors }) => {
          if (errors) show({ problem: errors[0]!.message });
          if (!data) return;
          going.after = latest.current.cursorOf(data);
          show({ seen: latest.current.reduce(now.seen, data), problem: undefined });
          arrived(mine);
        },
        error: (problem) => show({ problem: messageOf(problem), ended: true }),
        complete: () => {
          if (!stopped) show({ ended: true });
          arrived(mine);
        },
      },
    );
    return () => {
      stopped = true;
      stop();
      open.delete(mine);
      arrived(mine);
    };
  }, [key, document]);
  return state !== undefined && state.key === key ? state : NOTHING_YET;
}

interface Watched<S> {
  readonly seen: S | undefined;
  readonly problem: string | undefined;
  readonly ended: boolean;
}
const NOTHING_YET = { seen: undefined, problem: undefined, ended: false };

const messageOf = (problem: unknown): string =>
  Array.isArray(problem)
    ? (problem as { message: string }[])[0]!.message
    : problem instanceof Error
      ? problem.message
      : 'the live connection was closed';
