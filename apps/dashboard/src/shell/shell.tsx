'use client';

import { Container, createTheme, MantineProvider } from '@mantine/core';
import { UrqlProvider } from '@urql/next';
import { usePathname } from 'next/navigation';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { Fragment, type ReactNode, Suspense, useState } from 'react';
import { ActivityWatch } from './activity';
import { makeClient } from './client';
import { Keys } from './commands';
import { Alive, useNoMoreEarlyClicks } from './early-clicks';
import { FONT } from './font';
import { Header } from './header';
import { Notices } from './notice';
import { OUTSIDE } from './pages';
import { Palette } from './palette';
import { Loading } from './state';

const theme = createTheme({
  primaryColor: 'blue',
  // White text is readable on it, in both themes.
  primaryShade: 8,
  respectReducedMotion: true,
  fontFamily: FONT,
  headings: { fontFamily: FONT },
  components: {
    // Colour alone does not tell a link from the text around it.
    Anchor: { defaultProps: { underline: 'always' } },
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
  },
});

/** What pages of a team have, and those outside of any do not. */
const Inside = ({ children }: { children: ReactNode }) => (OUTSIDE.includes(usePathname()) ? null : children);

/**
 * A view as it came from the server, and as soon as it is alive the same made anew from the answers that came with it: questions of a
 * view that was only brought to life are given back to what they were by React when they change (urql decides that while it renders),
 * and so are asked without an end, or never again.
 */
function View({ children }: { children: ReactNode }) {
  const [alive, setAlive] = useState(false);
  return (
    <Suspense fallback={<Loading what="this view" />}>
      <Fragment key={alive ? 'made here' : 'from the server'}>
        {children}
        <Alive onAlive={setAlive} />
      </Fragment>
    </Suspense>
  );
}

/** What every page stands in. */
export function Shell({ children, nonce }: { children: ReactNode; nonce: string }) {
  const [{ client, ssr }] = useState(makeClient);
  useNoMoreEarlyClicks();
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <UrqlProvider client={client} ssr={ssr} nonce={nonce}>
        <NuqsAdapter>
          <Inside>
            <ActivityWatch />
          </Inside>
          <a className="skip" href="#main">
            Skip to content
          </a>
          <Header />
          <Container fluid component="main" id="main" px="lg" py="md">
            <View>{children}</View>
          </Container>
          <Inside>
            <Palette />
            <Keys />
          </Inside>
          <Notices />
        </NuqsAdapter>
      </UrqlProvider>
    </MantineProvider>
  );
}
