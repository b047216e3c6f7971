'use client';

import { Button } from '@mantine/core';
import { useMutation } from '@urql/next';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useViewer } from '../session/viewer';
import { graphql } from '../shell/client';
import { count } from '../shell/format';
import { tell, warn } from '../shell/notice';

export const CreateSweep = graphql(`
  mutation CreateSweep($definition: JSON!) {
    createSweep(definition: $definition) {
      __typename
      ... on CreateSweepSuccess { created reused sweep { id key } }
      ... on InvalidInput { message problems { path value message allowed } }
    }
  }
`);

/** All sweeps of a preset as they are, one after the other; what was made before one fails stays, and is said. */
export function CreateAll({ preset, sweeps }: { preset: string; sweeps: readonly unknown[] }) {
  const router = useRouter();
  const [busy, setBusy] = useState(false);
  const [, create] = useMutation(CreateSweep);
  const { mayWrite } = useViewer();
  const run = async () => {
    setBusy(true);
    let [made, created, reused] = [0, 0, 0];
    for (const definition of sweeps) {
      const { data, error } = await create({ definition });
      const answer = data?.createSweep;
      if (answer?.__typename !== 'CreateSweepSuccess') {
        const [first] = answer?.problems ?? [];
        warn(
          `${made} of ${sweeps.length} sweeps were made. The next was refused: ${first ? `${first.message}; allowed: ${first.allowed}` : error?.message}`,
        );
        break;
      }
      made++;
      created += answer.created;
      reused += answer.reused;
    }
    setBusy(false);
    if (made === sweeps.length) {
      tell(`${count(made)} sweeps of ${preset}: ${count(created)} runs to train, ${count(reused)} reused.`);
      router.push(`/sweeps?${new URLSearchParams({ search: preset })}`);
    }
  };
  return (
    <Button variant="default" disabled={!mayWrite} loading={busy} onClick={() => void run()}>
      Create all {count(sweeps.length)} as they are
    </Button>
  );
}
