import { Suspense } from 'react';
import { Runs } from '../../src/run/runs';

export default function Page() {
  return (
    <Suspense>
      <Runs />
    </Suspense>
  );
}
