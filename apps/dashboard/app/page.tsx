import { Suspense } from 'react';
import { Explore } from '../src/explore/explore';

export default function Page() {
  return (
    <Suspense>
      <Explore />
    </Suspense>
  );
}
