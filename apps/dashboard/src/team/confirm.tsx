import { Button, Group, Modal, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Asks once more before something is done, and says what that does. What does no harm has the focus. */
export function Confirm({
  title,
  button,
  red = false,
  onClose,
  onConfirm,
  children,
}: {
  title: string;
  button: string;
  red?: boolean;
  onClose: () => void;
  onConfirm: () => void;
  children: ReactNode;
}) {
  return (
    <Modal opened onClose={onClose} title={title}>
      <Text component="div" mb="md">
        {children}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          Leave it as it is
        </Button>
        <Button
          {...(red ? { color: 'red' } : {})}
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {button}
        </Button>
      </Group>
    </Modal>
  );
}
