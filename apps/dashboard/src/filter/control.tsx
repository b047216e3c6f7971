'use client';

import { Button, Drawer, Popover } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { Loading } from '../shell/state';
import type { RunFilter } from './filter';
import { filterWords } from './words';

const FilterEditor = dynamic(() => import('./editor').then((one) => one.FilterEditor), {
  loading: () => <Loading what="the editor" />,
});

/** A filter in a few words; a click opens it to be changed: beside it, or on a phone over everything. */
export function FilterControl({
  label,
  value,
  words = filterWords(value),
  onChange,
}: {
  label: string;
  value: RunFilter;
  words?: string;
  onChange: (filter: RunFilter) => void;
}) {
  const [opened, setOpened] = useState(false);
  const narrow = useMediaQuery('(max-width: 40em)', false);
  const button = (
    <Button
      variant="default"
      size="compact-md"
      className="part"
      aria-label={`${label}: ${words}`}
      aria-haspopup="dialog"
      aria-expanded={opened}
      onClick={() => setOpened(!opened)}
    >
      {words}
    </Button>
  );
  const editor = opened ? (
    <FilterEditor
      value={value}
      onApply={(filter) => {
        setOpened(false);
        onChange(filter);
      }}
      onClose={() => setOpened(false)}
    />
  ) : null;
  if (narrow)
    return (
      <>
        {button}
        <Drawer opened={opened} onClose={() => setOpened(false)} size="100%" position="bottom" title={label}>
          {editor}
        </Drawer>
      </>
    );
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      trapFocus
      withinPortal
      width={680}
      closeOnClickOutside={false}
    >
      <Popover.Target>{button}</Popover.Target>
      <Popover.Dropdown mah="75vh" style={{ overflowY: 'auto' }} aria-label={label}>
        {editor}
      </Popover.Dropdown>
    </Popover>
  );
}
