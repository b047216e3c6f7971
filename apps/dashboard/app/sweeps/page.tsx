import { Sweeps } from '../../src/sweep/sweeps';

export const metadata = { title: 'Sweeps' };

export default function Page() {
  return <Sweeps />;
}
