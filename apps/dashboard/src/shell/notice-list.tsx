'use client';

import '@mantine/notifications/styles.css';
import { Button, Group, Text } from '@mantine/core';
import { Notifications, notifications } from '@mantine/notifications';
import { useEffect, useRef } from 'react';
import type { Notice } from './notice';

/** Long enough to read it and to reach its button by the keyboard. */
const SHOWN_MS = 20_000;

/** Shows each notice once, in order. */
export function NoticeList({ notices }: { notices: readonly Notice[] }) {
  const shown = useRef(0);
  useEffect(() => {
    for (const notice of notices.slice(shown.current)) show(notice);
    shown.current = notices.length;
  }, [notices]);
  return <Notifications position="bottom-right" />;
}

function show({ message, undo, failed }: Notice): void {
  const id = notifications.show({
    withBorder: true,
    autoClose: failed ? false : undo ? SHOWN_MS : SHOWN_MS / 3,
    ...(failed ? { title: 'That did not work', color: 'red', role: 'alert' } : {}),
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
