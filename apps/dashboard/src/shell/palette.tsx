'use client';

import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { useRouter } from 'next/navigation';
import { useMemo, useState } from 'react';
import { hrefOf } from '../view/view';
import { graphql, useQuery } from './client';
import { type Command, useAllCommands, useCommands, useHelp } from './commands';
import { PAGES } from './pages';

const Places = graphql(`
  query PaletteSweeps {
    sweeps(first: 100) { nodes { key name } }
    savedViews { key name page query member { name } }
  }
`);

/** Ctrl K: every command of the page, every view, the latest sweeps; a run by its key. */
export function Palette() {
  const router = useRouter();
  const help = useHelp();
  const [query, setQuery] = useState('');
  const [opened, setOpened] = useState(false);
  const [{ data }] = useQuery({ query: Places, pause: !opened, requestPolicy: 'cache-and-network' });
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
  const all = useAllCommands();
  const groups = useMemo<SpotlightActionGroupData[]>(() => {
    const typed = query.trim();
    const sweeps = data?.sweeps.nodes ?? [];
    const entries: Command[] = [
      ...all,
      { id: 'keys', name: 'Keys', group: 'Help', run: help },
      ...(/^\S+\/\S+$/.test(typed)
        ? [{ id: 'run', name: `Run ${typed}`, group: 'Runs', run: () => router.push(`/runs/${typed}`) }]
        : []),
      ...(data?.savedViews ?? []).map((view) => ({
        id: `view ${view.key}`,
        name: `View ${view.name}, ${view.page.toLowerCase()}, of ${view.member.name}`,
        group: 'Saved views',
        run: () => router.push(hrefOf(view)),
      })),
      ...sweeps.map(({ key }) => ({
        id: `sweep ${key}`,
        name: `Sweep ${key}`,
        group: 'Sweeps',
        run: () => router.push(`/sweeps/${encodeURIComponent(key)}`),
      })),
    ];
    return [...new Set(entries.map(({ group }) => group))].map((group) => ({
      group,
      actions: entries
        .filter((entry) => entry.group === group)
        .map(({ id, name, keys, run }) => ({
          id,
          label: name,
          ...(keys ? { description: keys } : {}),
          onClick: run,
        })),
    }));
  }, [all, data, query, router, help]);
  return (
    <Spotlight
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      onSpotlightOpen={() => setOpened(true)}
      shortcut={['mod + K', '/']}
      nothingFound="Nothing of that name"
      limit={30}
      scrollable
      searchProps={{ placeholder: 'A command, a view, a sweep, or the key of a run', 'aria-label': 'Go to' }}
    />
  );
}
