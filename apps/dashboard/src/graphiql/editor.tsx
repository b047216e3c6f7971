'use client';

import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { useComputedColorScheme } from '@mantine/core';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { parseAsString, useQueryStates } from 'nuqs';
import { useEffect, useMemo, useState } from 'react';
import type { Example } from './examples';
import { Examples, ExamplesOffered } from './examples-pane';

const URL_PARTS = { query: parseAsString, variables: parseAsString };

/** GraphiQL itself: the question of the URL in a tab of its own, and the question of the open tab in the URL. */
export function Editor({ examples }: { examples: readonly Example[] }) {
  const scheme = useComputedColorScheme('light');
  const [shared, share] = useQueryStates(URL_PARTS, { history: 'replace' });
  // What is typed goes into the URL, not back into the editor.
  const [given] = useState(shared);
  const fetcher = useMemo(() => {
    const { origin } = window.location;
    return createGraphiQLFetcher({
      url: `${origin}/graphql`,
      wsClient: createClient({ url: `${origin.replace(/^http/, 'ws')}/graphql`, lazy: true }),
    });
  }, []);
  // GraphiQL begins with its panes closed, whichever is named to it; its own button opens one.
  useEffect(() => {
    const timer = setTimeout(() =>
      document.querySelector<HTMLElement>('.graphiql-sidebar [aria-label="Show Examples"]')?.click(),
    );
    return () => clearTimeout(timer);
  }, []);
  return (
    <ExamplesOffered value={examples}>
      <GraphiQL
        fetcher={fetcher}
        forcedTheme={scheme}
        plugins={PLUGINS}
        defaultQuery={examples[0]!.query}
        {...(given.query === null ? {} : { query: given.query })}
        {...(given.variables === null ? {} : { variables: given.variables })}
        onTabChange={({ tabs, activeTabIndex }) => {
          const { query, variables } = tabs[activeTabIndex]!;
          // GraphiQL says so while it renders.
          queueMicrotask(
            () => void share({ query: query || null, variables: variables?.trim() ? variables : null }),
          );
        }}
      />
    </ExamplesOffered>
  );
}
const PLUGINS = [Examples];
