import type { Metadata } from 'next';
import { Audit } from '../../src/audit/audit';

export const metadata: Metadata = { title: 'What was done' };

export default function Page() {
  return <Audit />;
}
