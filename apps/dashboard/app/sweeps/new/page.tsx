import { NewSweep } from '../../../src/sweep/new-sweep';

export const metadata = { title: 'New sweep' };

export default function Page() {
  return <NewSweep />;
}
