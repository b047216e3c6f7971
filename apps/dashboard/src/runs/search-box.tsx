'use client';

import { TextInput } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { RunFilter } from '../filter/filter';
import { useCommands } from '../shell/commands';

const REST_MS = 300;

/** The filter's `search`: every word occurs in a run's key, tags, note or the name of its sweep. */
export function SearchBox({ where, onChange }: { where: RunFilter; onChange: (where: RunFilter) => void }) {
  const said = typeof where.search === 'string' ? where.search : '';
  const [text, setText] = useState(said);
  const sent = useRef(said);
  const box = useRef<HTMLInputElement>(null);
  const latest = useRef({ where, onChange });
  latest.current = { where, onChange };
  useEffect(() => {
    if (said === sent.current) return;
    // It was changed elsewhere: by the editor, or by going back.
    sent.current = said;
    setText(said);
  }, [said]);
  useEffect(() => {
    if (text.trim() === sent.current.trim()) return;
    const timer = setTimeout(() => {
      sent.current = text.trim();
      const { search: _, ...rest } = latest.current.where;
      latest.current.onChange(text.trim() ? { ...rest, search: text.trim() } : rest);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useCommands(
    useMemo(
      () => [
        { id: 'search runs', name: 'Search runs', group: 'Runs', keys: 's', run: () => box.current?.focus() },
      ],
      [],
    ),
  );
  return (
    <TextInput
      ref={box}
      type="search"
      aria-label="Search runs"
      placeholder="key, tag, note or sweep"
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      w={240}
    />
  );
}
