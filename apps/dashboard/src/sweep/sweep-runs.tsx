'use client';

import { Title } from '@mantine/core';
import { RunTable } from '../run/runs';
import type { Sweep } from './sweep';

/** The runs that answer its cells. */
export function SweepRuns({ sweep }: { sweep: Sweep }) {
  return (
    <>
      <Title order={2} size="h4" mt="lg">
        Runs
      </Title>
      <RunTable filter={{ sweep: sweep.key }} refresh={sweep.progress.done} />
    </>
  );
}
