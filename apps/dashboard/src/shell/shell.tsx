'use client';

import { Container, createTheme, MantineProvider } from '@mantine/core';
import { UrqlProvider } from '@urql/next';
import { usePathname } from 'next/navigation';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { createContext, type ReactNode, Suspense, useEffect, useState } from 'react';
import { ActivityProvider } from './activity';
import { makeClient } from './client';
import { Keys } from './commands';
import { DoEarlyClick, useNoMoreEarlyClicks } from './early-clicks';
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
 * Changes once the frame is alive, which makes the browser draw a view that is still on its way itself, and ask its questions: those of a
 * view that React only brings to life are given back to what they were when they change later (urql decides that while it renders).
 */
const Alive = createContext(false);

/** What every page stands in. */
export function Shell(props: { children: ReactNode; nonce: string; since: string | null }) {
  const { children, nonce, since } = props;
  const [{ client, ssr }] = useState(makeClient);
  useNoMoreEarlyClicks();
  const [alive, setAlive] = useState(false);
  useEffect(() => setAlive(true), []);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <UrqlProvider client={client} ssr={ssr} nonce={nonce}>
        <NuqsAdapter>
          <Alive value={alive}>
            <ActivityProvider since={since}>
              <a className="skip" href="#main">
                Skip to content
              </a>
              <Header />
              <Container fluid component="main" id="main" px="lg" py="md">
                <Suspense fallback={<Loading what="this view" />}>
                  {children}
                  <DoEarlyClick />
                </Suspense>
              </Container>
              <Inside>
                <Palette />
                <Keys />
              </Inside>
              <Notices />
            </ActivityProvider>
          </Alive>
        </NuqsAdapter>
      </UrqlProvider>
    </MantineProvider>
  );
}
