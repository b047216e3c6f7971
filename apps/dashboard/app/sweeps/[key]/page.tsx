import { SweepView } from '../../../src/sweep/sweep';

export default async function Page({ params }: { params: Promise<{ key: string }> }) {
  return <SweepView sweepKey={decodeURIComponent((await params).key)} />;
}
