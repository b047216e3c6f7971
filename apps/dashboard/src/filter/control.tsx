'use client';

import { Button, Group, Popover, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { EVERYTHING, parseAsFilter, type RunFilter } from './filter';
import { filterWords } from './words';

/** A filter in a few words; a click opens it to be changed. */
export function FilterControl({
  label,
  value,
  onChange,
}: {
  label: string;
  value: RunFilter;
  onChange: (filter: RunFilter) => void;
}) {
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('');
  const typed = parseAsFilter.parse(text);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus withinPortal>
      <Popover.Target>
        <Button
          variant="default"
          size="compact-md"
          className="part"
          aria-label={`${label}: ${filterWords(value)}`}
          onClick={() => {
            setText(JSON.stringify(value, null, 2));
            setOpened(true);
          }}
        >
          {filterWords(value)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Textarea
            label="RunFilter as JSON"
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            autosize
            minRows={4}
            miw={320}
            error={typed ? null : 'not a JSON object'}
          />
          <Text size="sm">{typed ? filterWords(typed) : ''}</Text>
          <Group>
            <Button
              size="xs"
              disabled={!typed}
              onClick={() => {
                if (typed) onChange(typed);
                setOpened(false);
              }}
            >
              Apply
            </Button>
            <Button size="xs" variant="default" onClick={() => onChange(EVERYTHING)}>
              Everyone's runs
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
