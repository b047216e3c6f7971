import { cacheExchange, createClient, fetchExchange, mapExchange, ssrExchange } from '@urql/next';
import { apiUrl, asker } from './asker';
import { OUTSIDE } from './pages';

export { graphql, type ResultOf, type SchemaType, type VariablesOf } from '@smallbatch/client';
export { useQuery } from './use-query';

const onServer = typeof window === 'undefined';

/**
 * One client for the page: questions over HTTP. On the server a page waits for its answers and hands them on, so that the first view
 * is whole and the browser does not ask again; there it asks the API as the one who asks for the page.
 */
export function makeClient() {
  const ssr = ssrExchange({ isClient: !onServer });
  const client = createClient({
    url: onServer ? apiUrl() : `${window.location.origin}/graphql`,
    preferGetMethod: false,
    suspense: onServer,
    fetchOptions: () => (onServer ? { headers: asker() } : {}),
    exchanges: [
      cacheExchange,
      mapExchange({ onError: ({ graphQLErrors }) => signIn(graphQLErrors) }),
      ssr,
      fetchExchange,
    ],
  });
  return { client, ssr };
}

function signIn(errors: readonly { readonly extensions: { readonly code?: unknown } }[]): void {
  if (!onServer && errors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED')) leadToSignIn();
}

let leaving = false;
/** Somebody signs out or goes to another team: that the connections of before end is no news then. → to stay after all. */
export function leave(): () => void {
  leaving = true;
  return () => {
    leaving = false;
  };
}

/** Who is not signed in (any more) where one has to be is led to the page for it, and from there back. */
export function leadToSignIn(): void {
  const { pathname, search } = window.location;
  if (!leaving && !OUTSIDE.includes(pathname))
    window.location.assign(`/sign-in?${new URLSearchParams({ to: pathname + search })}`);
}
