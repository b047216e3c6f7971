import { RunView } from '../../../src/run/run';

export default async function Page({ params }: { params: Promise<{ key: string[] }> }) {
  return <RunView runKey={(await params).key.map(decodeURIComponent).join('/')} />;
}
