import { Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** A part of the page under its heading; its address ends with its id. */
export function Part({ title, id, children }: { title: string; id: string; children: ReactNode }) {
  return (
    <section aria-labelledby={id}>
      <Title order={2} size="h5" mt="lg" mb="xs" id={id}>
        {title}
      </Title>
      {children}
    </section>
  );
}
