import '@mantine/core/styles.css';
import '@fontsource-variable/roboto/wght.css';
import 'uplot/dist/uPlot.min.css';
import '../src/shell/global.css';
import { ColorSchemeScript, mantineHtmlProps } from '@mantine/core';
import type { Metadata } from 'next';
import { headers } from 'next/headers';
import type { ReactNode } from 'react';
import { KeepEarlyClicks } from '../src/shell/early-clicks';
import { RevealAtOnce } from '../src/shell/reveal';
import { Shell } from '../src/shell/shell';
import { watchFrom } from '../src/shell/watch-from';

export const metadata: Metadata = {
  title: { default: 'Smallbatch', template: '%s · Smallbatch' },
  description: 'Accuracy by batch size, batch norm and data set',
};

/** Every page is rendered for its request: with its data, and with the nonce of its scripts. */
export default async function Layout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get('x-nonce') ?? '';
  const since = await watchFrom();
  return (
    <html lang="en" {...mantineHtmlProps}>
      <head>
        <KeepEarlyClicks nonce={nonce} />
        <RevealAtOnce nonce={nonce} />
        <ColorSchemeScript defaultColorScheme="auto" nonce={nonce} />
      </head>
      <body>
        <Shell nonce={nonce} since={since}>
          {children}
        </Shell>
      </body>
    </html>
  );
}
