import type { Metadata } from 'next';
import { Invitation } from '../../src/session/invitation';

export const metadata: Metadata = { title: 'Invitation' };

export default function Page() {
  return <Invitation />;
}
