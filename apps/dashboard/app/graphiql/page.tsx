import type { Metadata } from 'next';
import { Explorer } from '../../src/graphiql/explorer';

export const metadata: Metadata = { title: 'GraphQL' };

export default function Page() {
  return <Explorer />;
}
