import type { Metadata } from 'next';
import { Password } from '../../src/session/password';

export const metadata: Metadata = { title: 'Password' };

export default function Page() {
  return <Password />;
}
