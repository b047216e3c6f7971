'use client';

import {
  ActionIcon,
  Anchor,
  Badge,
  Container,
  createTheme,
  Group,
  MantineProvider,
  Text,
  useMantineColorScheme,
} from '@mantine/core';
import { useMounted } from '@mantine/hooks';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { type ReactNode, useState, useSyncExternalStore } from 'react';
import { Provider } from 'urql';
import { connectionState, makeClient } from './client';

const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 5 },
  fontFamily: 'system-ui, sans-serif',
  headings: { fontFamily: 'system-ui, sans-serif' },
});
const PAGES = [
  ['/', 'Explore'],
  ['/sweeps', 'Sweeps'],
  ['/runs', 'Runs'],
  ['/graphiql', 'GraphQL'],
] as const;

export function Shell({ children }: { children: ReactNode }) {
  const [client] = useState(makeClient);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Provider value={client}>
        <NuqsAdapter>
          <a className="skip" href="#main">
            Skip to content
          </a>
          <Header />
          <Container size="xl" component="main" id="main" py="md">
            {children}
          </Container>
        </NuqsAdapter>
      </Provider>
    </MantineProvider>
  );
}

function Header() {
  const path = usePathname();
  const { setColorScheme, colorScheme: chosen } = useMantineColorScheme();
  // The server does not know the reader's choice: it is shown once the page is there.
  const mounted = useMounted();
  const colorScheme = mounted ? chosen : 'auto';
  const live = useSyncExternalStore(
    connectionState.subscribe,
    connectionState.get,
    () => 'connecting' as const,
  );
  const next = { auto: 'light', light: 'dark', dark: 'auto' } as const;
  return (
    <Container size="xl" component="header" pt="sm">
      <Group justify="space-between">
        <Group component="nav" aria-label="Pages" gap="lg">
          <Text fw={800}>Smallbatch</Text>
          {PAGES.map(([href, name]) => {
            const here = href === '/' ? path === '/' : path.startsWith(href);
            return (
              <Anchor
                key={href}
                component={Link}
                href={href}
                {...(here ? { 'aria-current': 'page' as const, fw: 700, underline: 'always' as const } : {})}
              >
                {name}
              </Anchor>
            );
          })}
        </Group>
        <Group gap="xs">
          <span role="status">
            {live === 'lost' ? <Badge variant="default">disconnected, trying again</Badge> : null}
          </span>
          <ActionIcon
            variant="default"
            aria-label={`Colours: ${colorScheme}. Change`}
            onClick={() => setColorScheme(next[colorScheme])}
          >
            {colorScheme === 'dark' ? '☾' : colorScheme === 'light' ? '☀' : '◐'}
          </ActionIcon>
        </Group>
      </Group>
    </Container>
  );
}
