'use client';

import '@mantine/spotlight/styles.css';
import { openSpotlight, Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { useRouter } from 'next/navigation';
import { useEffect, useMemo, useState } from 'react';
import { hrefOf } from '../view/view';
import { graphql, useQuery } from './client';
import { type Command, openHelp, useAllCommands } from './commands';

const Places = graphql(`
  query PaletteSweeps {
    sweeps(first: 100) { nodes { key name } }
    savedViews { key name page query member { name } }
  }
`);

/** Every command of the page, every view, the latest sweeps; a run by its key. Opens whenever `asked` rises. */
export function PaletteList({ asked }: { asked: number }) {
  const router = useRouter();
  const [query, setQuery] = useState('');
  const [{ data }] = useQuery({ query: Places, variables: {}, requestPolicy: 'cache-and-network' });
  useEffect(() => {
    if (asked > 0) openSpotlight();
  }, [asked]);
  const all = useAllCommands();
  const groups = useMemo<SpotlightActionGroupData[]>(() => {
    const typed = query.trim();
    const sweeps = data?.sweeps.nodes ?? [];
    const entries: Command[] = [
      ...all,
      { id: 'keys', name: 'Keys', group: 'Help', run: openHelp },
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
  }, [all, data, query, router]);
  return (
    <Spotlight
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      attributes={{ content: { 'aria-label': 'Go to' } }}
      nothingFound="Nothing of that name"
      limit={30}
      scrollable
      searchProps={{ placeholder: 'A command, a view, a sweep, or the key of a run', 'aria-label': 'Go to' }}
    />
  );
}
