import type { Metadata } from 'next';
import { Pivot } from '../../src/pivot/pivot';

export const metadata: Metadata = { title: 'Table' };

export default function Page() {
  return <Pivot />;
}
