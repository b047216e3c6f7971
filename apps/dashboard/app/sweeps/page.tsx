import { Sweeps } from '../../src/sweep/sweeps';

export default function Page() {
  return <Sweeps />;
}
