'use client';

import { createClient as createSocket } from 'graphql-ws';
import { cacheExchange, createClient, fetchExchange, subscriptionExchange } from 'urql';

export { graphql, type ResultOf } from '@smallbatch/client';

/** Whether live updates arrive; shown at the top of every page. */
export type Connection = 'connecting' | 'live' | 'lost';
const listeners = new Set<(state: Connection) => void>();
let state: Connection = 'connecting';
const become = (next: Connection): void => {
  state = next;
  for (const listener of listeners) listener(next);
};
export const connectionState = {
  get: (): Connection => state,
  subscribe(listener: (state: Connection) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** One client for the page: queries over HTTP, live updates over one WebSocket that connects again by itself. */
export function makeClient() {
  const origin = typeof window === 'undefined' ? 'http://localhost' : window.location.origin;
  const socket =
    typeof window === 'undefined'
      ? undefined
      : createSocket({
          url: `${origin.replace(/^http/, 'ws')}/graphql`,
          retryAttempts: Number.POSITIVE_INFINITY,
          shouldRetry: () => true,
          on: {
            connected: () => become('live'), // 1000: nothing is watched any more, which is no loss.
            closed: (event) => become((event as { code?: number }).code === 1000 ? 'connecting' : 'lost'),
          },
        });
  return createClient({
    url: `${origin}/graphql`,
    preferGetMethod: false,
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (operation) => ({
          subscribe: (sink) => ({
            unsubscribe: socket
              ? socket.subscribe(
                  { query: operation.query ?? '', variables: operation.variables ?? {} },
                  sink as never,
                )
              : () => {},
          }),
        }),
      }),
    ],
  });
}
