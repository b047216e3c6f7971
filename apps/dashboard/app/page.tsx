import type { Metadata } from 'next';
import { Explore } from '../src/explore/explore';

export const metadata: Metadata = { title: 'Explore' };

export default function Page() {
  return <Explore />;
}
