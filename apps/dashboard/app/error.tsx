'use client';

import { Button, Code, Group, Text, Title } from '@mantine/core';

/** A fault of ours while a view was drawn: the rest of the page stays, and the address has all that was chosen. */
export default function Fault({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <div role="alert">
      <Title order={1} size="h3" mb="sm">
        This view could not be drawn
      </Title>
      <Text mb="sm">
        It is a fault of the dashboard, not of your runs; nothing is lost, and the address still has what you
        chose.
      </Text>
      <Code block mb="md">
        {error.digest ? `${error.digest} (the log has it under this number)` : error.message}
      </Code>
      <Group>
        <Button onClick={reset}>Draw it again</Button>
        <Button variant="default" component="a" href="/">
          Explore from the beginning
        </Button>
      </Group>
    </div>
  );
}
