import type { Metadata } from 'next';
import { RunView } from '../../../src/run/run';

interface Props {
  readonly params: Promise<{ key: string[] }>;
}
const keyOf = async ({ params }: Props): Promise<string> =>
  (await params).key.map(decodeURIComponent).join('/');

export const generateMetadata = async (props: Props): Promise<Metadata> => ({ title: await keyOf(props) });

export default async function Page(props: Props) {
  return <RunView runKey={await keyOf(props)} />;
}
