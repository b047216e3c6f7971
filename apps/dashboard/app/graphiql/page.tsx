import { Explorer } from '../../src/shell/graphiql';

export default function Page() {
  return <Explorer />;
}
