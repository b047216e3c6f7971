'use client';

import '@mantine/spotlight/styles.css';
import { openSpotlight, Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { useRouter } from 'next/navigation';
import { useEffect, useMemo, useState } from 'react';
import { graphql, useQuery } from './client';
import { type Command, useAllCommands, useHelp } from './commands';

const Places = graphql(`
  query PaletteSweeps {
    sweeps(first: 100) { nodes { key name } }
  }
`);

/** Every command of the page, every view, the latest sweeps; a run by its key. Opens whenever `asked` rises. */
export function PaletteList({ asked }: { asked: number }) {
  const router = useRouter();
  const help = useHelp();
  const [query, setQuery] = useState('');
  const [{ data }] = useQuery({ query: Places, variables: {} });
  useEffect(() => {
    if (asked > 0) openSpotlight();
  }, [asked]);
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
      shortcut={null}
      nothingFound="Nothing of that name"
      limit={30}
      scrollable
      searchProps={{ placeholder: 'A command, a view, a sweep, or the key of a run', 'aria-label': 'Go to' }}
    />
  );
}
