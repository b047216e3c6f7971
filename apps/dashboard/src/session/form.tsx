'use client';

import { Alert, Button, Container, Stack, Title } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { AuthFault } from './ask';

/** A short form that lets somebody in: what was typed stays when it fails, and why it failed is said. */
export function SessionForm({
  title,
  button,
  onSubmit,
  children,
}: {
  title: string;
  button: string;
  /** → why it failed; undefined: it goes on elsewhere. */
  onSubmit: (fields: Readonly<Record<string, string>>) => Promise<AuthFault | undefined>;
  children: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<AuthFault>();
  return (
    <Container size={420} px={0} py="lg">
      <Title order={1} size="h3" mb="md">
        {title}
      </Title>
      {/* By POST, so that nothing that is typed ever stands in an address, even before the page's scripts are there. */}
      <form
        method="post"
        onSubmit={async (event) => {
          event.preventDefault();
          const fields = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
          setBusy(true);
          const failed = await onSubmit(fields);
          setFault(failed);
          if (failed) setBusy(false);
        }}
      >
        <Stack>
          {children}
          {fault ? (
            <Alert color="red" role="alert" title="That did not work">
              {fault.message}
            </Alert>
          ) : null}
          <Button type="submit" loading={busy}>
            {button}
          </Button>
        </Stack>
      </form>
    </Container>
  );
}
