'use client';

import { Alert, Button, Code, Loader, Stack, Text, Title } from '@mantine/core';
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

export function HowToBegin() {
  return (
    <Empty title="No runs yet">
      <Text>Write a sweep file and create it; the workers that are running take it from there:</Text>
      <Code block>npx smallbatch sweep create my-sweep.yaml</Code>
    </Empty>
  );
}
