'use client';

import {
  ActionIcon,
  Anchor,
  Badge,
  Button,
  Container,
  Group,
  Text,
  useMantineColorScheme,
} from '@mantine/core';
import { useMounted } from '@mantine/hooks';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { Person } from '../session/person';
import { openHelp, openPalette } from './commands';
import { clock } from './format';
import { Icon } from './icon';
import { useConnection } from './live';
import { OUTSIDE, PAGES } from './pages';

const NEXT_SCHEME = { auto: 'light', light: 'dark', dark: 'auto' } as const;

export function Header() {
  const path = usePathname();
  const { setColorScheme, colorScheme: chosen } = useMantineColorScheme();
  // The server does not know the reader's choice: it is shown once the page is there.
  const colorScheme = useMounted() ? chosen : 'auto';
  const inside = !OUTSIDE.includes(path);
  return (
    <Container fluid component="header" px="lg" pt="sm">
      <Group justify="space-between">
        <Group component="nav" aria-label="Pages" gap="md">
          <Text fw={800}>Smallbatch</Text>
          {(inside ? PAGES : []).map(({ href, name }) => {
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
          {inside ? (
            <>
              <ConnectionNotice />
              <Person />
              <Button size="compact-sm" variant="default" onClick={openPalette} aria-keyshortcuts="Control+K">
                Go to … <kbd className="key">Ctrl K</kbd>
              </Button>
              <ActionIcon
                variant="default"
                aria-label="Keys and help"
                aria-keyshortcuts="?"
                onClick={openHelp}
              >
                ?
              </ActionIcon>
            </>
          ) : null}
          <ActionIcon
            variant="default"
            aria-label={`Colours: ${colorScheme}. Change`}
            onClick={() => setColorScheme(NEXT_SCHEME[colorScheme])}
          >
            <Icon sign={colorScheme === 'dark' ? 'moon' : colorScheme === 'light' ? 'sun' : 'half'} />
          </ActionIcon>
        </Group>
      </Group>
    </Container>
  );
}

/** Says when what is shown is no longer of now, and when it is again. */
function ConnectionNotice() {
  const connection = useConnection();
  return (
    <span role="status" data-testid="connection">
      {connection.state === 'lost' ? (
        <Badge variant="default" tt="none">
          disconnected since {clock(connection.since)}, trying again
        </Badge>
      ) : connection.state === 'catching up' ? (
        <Badge variant="default" tt="none">
          connected again, catching up
        </Badge>
      ) : connection.state === 'caught up' ? (
        <Badge variant="default" tt="none">
          caught up
        </Badge>
      ) : null}
    </span>
  );
}
