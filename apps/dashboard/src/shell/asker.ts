import type { AsyncLocalStorage } from 'node:async_hooks';

declare global {
  /** Of server.mjs, while a page is rendered there: the headers that say who asks. */
  var smallbatchRequest: AsyncLocalStorage<Record<string, string | undefined>> | undefined;
}

/** On the server: where the API is. */
export const apiUrl = (): string => `${process.env.SMALLBATCH_URL ?? 'http://localhost:4000'}/graphql`;

/** On the server: the headers that make a question that of the one who asks for the page. */
export function asker(): Record<string, string> {
  const { cookie, authorization, team } = globalThis.smallbatchRequest?.getStore() ?? {};
  return {
    ...(cookie ? { cookie } : {}),
    ...(authorization ? { authorization } : {}),
    ...(team ? { 'x-smallbatch-team': team } : {}),
  };
}
