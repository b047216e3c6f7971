'use client';

import { Anchor, Button, Code, CopyButton, Group, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { useMemo } from 'react';
import { stringify } from 'yaml';
import { definitionOf } from './definition';
import type { RunDetail } from './detail';

/** How to train it again, and to have what it learned. */
export function Repeat({ run }: { run: RunDetail }) {
  const { definition, file } = useMemo(() => {
    const definition = definitionOf(run);
    return { definition, file: stringify(definition) };
  }, [run]);
  const commands = `npx smallbatch runs repeat ${run.key}\nnpx smallbatch runs weights ${run.key}`;
  return (
    <section aria-label="Repeat it">
      <Title order={2} size="h4" mt="lg">
        Repeat it
      </Title>
      <Text size="sm" mb="xs">
        {run.attempts.some(({ worker }) => worker === null)
          ? 'It was reported by a script of its own, which alone can repeat it to the point; the trainer of Smallbatch trains the same configuration.'
          : 'The first command trains it again on this machine and compares every point; the second writes its weights.'}
      </Text>
      <Copied name="commands" text={commands} />
      <Text size="sm" my="xs">
        The same as a sweep file
        {Object.keys(definition).includes('hyper') ? ', with its free parameters' : ''};{' '}
        <Anchor
          component={Link}
          underline="always"
          href={`/sweeps/new?${new URLSearchParams({ definition: JSON.stringify(definition) })}`}
        >
          open it as a new sweep
        </Anchor>{' '}
        to change it.
      </Text>
      <Copied name="sweep file" text={file} />
    </section>
  );
}

function Copied({ name, text }: { name: string; text: string }) {
  return (
    <Group align="start" gap="xs" wrap="nowrap">
      <Code block tabIndex={0} style={{ flex: 1, overflowX: 'auto' }}>
        {text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="xs" variant="default" aria-label={`Copy ${name}`} onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
