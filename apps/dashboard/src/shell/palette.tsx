'use client';

import dynamic from 'next/dynamic';
import { useRouter } from 'next/navigation';
import { useMemo } from 'react';
import { type Command, useCommands, usePaletteAsked } from './commands';
import { PAGES } from './pages';

// Comes when it is first asked for: the first view does without it.
const PaletteList = dynamic(() => import('./palette-list').then((module) => module.PaletteList), {
  ssr: false,
});

/** The commands that are everywhere, and the palette that lists all. */
export function Palette() {
  const router = useRouter();
  const asked = usePaletteAsked();
  const pages = useMemo<Command[]>(
    () => [
      ...PAGES.map(({ href, name, letter }) => ({
        id: `page ${href}`,
        name: `Go to ${name}`,
        group: 'Views',
        keys: `g ${letter}`,
        run: () => router.push(href),
      })),
      {
        id: 'new sweep',
        name: 'New sweep',
        group: 'Views',
        keys: 'n',
        run: () => router.push('/sweeps/new'),
      },
    ],
    [router],
  );
  useCommands(pages);
  return asked > 0 ? <PaletteList asked={asked} /> : null;
}
