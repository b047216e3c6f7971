'use client';

import { Title } from '@mantine/core';
import { useMemo } from 'react';
import { both } from '../filter/filter';
import { RunTable } from '../runs/run-table';
import { filterOfStates } from './cell-state';
import { useGrid } from './places';

/** The runs that answer its cells; of the states that the grid shows. */
export function SweepRuns({ sweepKey }: { sweepKey: string }) {
  const [{ states }] = useGrid();
  const where = useMemo(() => both({ sweep: { eq: sweepKey } }, filterOfStates(states)), [sweepKey, states]);
  return (
    <section aria-labelledby="sweep-runs">
      <Title order={2} size="h4" mt="lg" id="sweep-runs">
        Runs
      </Title>
      <RunTable where={where} />
    </section>
  );
}
