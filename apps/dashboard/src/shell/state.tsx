'use client';

import { Alert, Anchor, Button, Code, Loader, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function Loading({ what }: { what: string }) {
  return (
    <Stack align="center" py="xl" role="status">
      <Loader />
      <Text c="dimmed">Loading {what} …</Text>
    </Stack>
  );
}

export function Failed({ message, again }: { message: string; again?: () => void }) {
  return (
    <Alert color="red" title="That did not work" role="alert" my="md">
      <Text mb="sm">{message.replace(/^\[(GraphQL|Network)\] /, '')}</Text>
      {again ? (
        <Button variant="default" onClick={again}>
          Try again
        </Button>
      ) : null}
    </Alert>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Stack align="center" py="xl" gap="xs">
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

/** What to do where there is nothing to see yet; or, with a filter, that it matches nothing. */
export function HowToBegin({ filtered = false }: { filtered?: boolean }) {
  if (filtered)
    return (
      <Empty title="No runs match">
        <Text>Take a condition away, or see everyone's runs.</Text>
      </Empty>
    );
  return (
    <Empty title="No runs yet">
      <Text>
        Make the first sweep{' '}
        <Anchor href="/sweeps/new" underline="always">
          here
        </Anchor>
        , or from a file; the workers that are running take it from there:
      </Text>
      <Code block>npx smallbatch sweep create my-sweep.yaml</Code>
    </Empty>
  );
}
