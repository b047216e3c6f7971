'use client';

import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';

/** Asks for a name; a refusal is said beside it, and what was typed stays. */
export function NameForm({
  label,
  before,
  onName,
  onCancel,
}: {
  label: string;
  before: string;
  /** → why the name is refused. */
  onName: (name: string) => Promise<string | undefined>;
  onCancel: () => void;
}) {
  const [name, setName] = useState(before);
  const [problem, setProblem] = useState<string>();
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        if (name.trim()) setProblem(await onName(name.trim()));
      }}
    >
      <Stack gap="xs">
        <TextInput
          label={label}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          error={problem}
          data-autofocus
          autoFocus
        />
        <Group gap="xs">
          <Button type="submit" size="xs" disabled={!name.trim()}>
            Save
          </Button>
          <Button size="xs" variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
