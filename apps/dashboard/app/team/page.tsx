import type { Metadata } from 'next';
import { Team } from '../../src/team/team';

export const metadata: Metadata = { title: 'Team' };

export default function Page() {
  return <Team />;
}
