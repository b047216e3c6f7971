'use client';

import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';

/** Long enough to read it and to reach its button by the keyboard. */
const SHOWN_MS = 20_000;

/** Says what was done. With `undo`, one button takes it back. */
export function tell(message: string, undo?: { readonly name: string; readonly run: () => void }): void {
  const id = notifications.show({
    autoClose: undo ? SHOWN_MS : SHOWN_MS / 3,
    withBorder: true,
    message: undo ? (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            notifications.hide(id);
            undo.run();
          }}
        >
          {undo.name}
        </Button>
      </Group>
    ) : (
      message
    ),
  });
}

/** Says what went wrong and what to do; stays until it is closed. */
export function warn(message: string): void {
  notifications.show({
    message,
    title: 'That did not work',
    color: 'red',
    autoClose: false,
    withBorder: true,
    role: 'alert',
  });
}
