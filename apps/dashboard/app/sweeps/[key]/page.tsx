import type { Metadata } from 'next';
import { SweepView } from '../../../src/sweep/sweep';

type Params = { params: Promise<{ key: string }> };

export async function generateMetadata({ params }: Params): Promise<Metadata> {
  return { title: decodeURIComponent((await params).key) };
}

export default async function Page({ params }: Params) {
  return <SweepView sweepKey={decodeURIComponent((await params).key)} />;
}
