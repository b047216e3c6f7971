// Watch a run until it ends, through lost connections: npx tsx docs/examples/watch.ts own-script-1
import { createClient, watchRun } from '@smallbatch/client';
import { WebSocket } from 'ws';

const client = createClient({
  url: process.env.SMALLBATCH_URL ?? 'http://localhost:4000',
  token: process.env.SMALLBATCH_TOKEN,
  webSocket: WebSocket,
});
const points = new Map<string, number>();
for await (const { reset, curves, run } of watchRun(client, { key: process.argv[2] ?? 'own-script-1' })) {
  if (reset) points.clear();
  for (const { metric, steps } of curves) points.set(metric, (points.get(metric) ?? 0) + steps.length);
  console.log(run.status, ...[...points].map(([metric, count]) => `${metric}: ${count} points`));
}
client.close();
