import '@mantine/core/styles.css';
import 'uplot/dist/uPlot.min.css';
import '../src/shell/global.css';
import { ColorSchemeScript, mantineHtmlProps } from '@mantine/core';
import type { Metadata } from 'next';
import type { ReactNode } from 'react';
import { Shell } from '../src/shell/shell';

export const metadata: Metadata = {
  title: 'Smallbatch',
  description: 'Accuracy by batch size, batch norm and data set',
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" {...mantineHtmlProps}>
      <head>
        <ColorSchemeScript defaultColorScheme="auto" />
      </head>
      <body>
        <Shell>{children}</Shell>
      </body>
    </html>
  );
}
