import type { Metadata } from 'next';
import { NoSuchPage } from '../src/shell/no-such-page';

export const metadata: Metadata = { title: 'Not found' };

export default function Page() {
  return <NoSuchPage />;
}
