import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createClient, graphql, watchActivity, watchRun, watchSweep } from '@smallbatch/client';
import { afterAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ReportMetrics } from '../../packages/client/src/reporter/documents.ts';
import { testDatabase } from '../database.ts';
import { addDataset } from '../packages/db/new-run.ts';

const database = await testDatabase();
const { db, ...owner } = await database.openOwned();
await addDataset(db, owner.teamId);

const apis: ChildProcess[] = [];
afterAll(async () => {
  for (const api of apis) await kill(api);
});
async function kill(api: ChildProcess): Promise<void> {
  if (api.exitCode !== null || api.signalCode !== null) return;
  api.kill('SIGKILL');
  await once(api, 'exit');
}
async function startApi(): Promise<{ api: ChildProcess; port: number; url: string }> {
  const api = fork(join(import.meta.dirname, '../../apps/api/dist/main.js'), {
    env: { ...process.env, DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  apis.push(api);
  const [{ listening }] = (await once(api, 'message')) as [{ listening: string }];
  const port = Number(new URL(listening).port);
  return { api, port, url: `http://127.0.0.1:${port}` };
}

/** What stands before several processes: connections go to `port`; without one they are refused. */
async function balancer(): Promise<{ url: string; port: number | undefined; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    if (!balanced.port) return void incoming.destroy();
    const outgoing = connectTo(balanced.port, '127.0.0.1');
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  const balanced: Awaited<ReturnType<typeof balancer>> = {
    url: '',
    port: undefined,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  balanced.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return balanced;
}

const Create = graphql(`
  mutation Create($input: CreateRunInput!) {
    createRun(input: $input) { __typename ... on CreateRunSuccess { claim { attempt run { id key } } } }
  }
`);
const CreateSweep = graphql(`
  mutation CreateWatched($definition: JSON!) {
    createSweep(definition: $definition) { ... on CreateSweepSuccess { sweep { key } } }
  }
`);
const Cancel = graphql(`mutation CancelWatched($key: String!) { cancelSweep(key: $key) { __typename } }`);
const Finish = graphql(`
  mutation FinishWatched($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }
`);

test('what is watched through one process is written through others, and outlives the killing of each, without loss or repetition', async () => {
  const [a, b] = await Promise.all([startApi(), startApi()]);
  const front = await balancer();
  front.port = a.port;
  const watcher = createClient({ url: front.url, webSocket: WebSocket });
  const throughB = createClient({ url: b.url });

  const activity = watchActivity(watcher);
  await activity.next();
  const events: string[] = [];
  const noting = (async () => {
    for await (const message of activity)
      events.push(...message.events.map(({ kind, run, sweep }) => `${kind} ${run ?? sweep}`));
  })();
  const { createSweep } = await throughB.mutate(CreateSweep, {
    definition: {
      name: 'watched',
      dataset: ['shapes'],
      model: 'resnet8',
      axes: { seed: [1, 2, 3] },
      fixed: { epochs: 1, batchSize: 4, baseLearningRate: 0.01 },
    },
  });
  const sweep = (createSweep as { sweep: { key: string } }).sweep.key;
  const cells = new Map<number, string>();
  const sweepMessages = watchSweep(watcher, { key: sweep });
  const resets: boolean[] = [];
  const drawing = (async () => {
    for await (const { changed, reset } of sweepMessages) {
      if (reset) resets.push(reset);
      changed.positions.forEach((position, i) => void cells.set(position, changed.statuses[i]!));
    }
  })();
  const axes = { model: 'resnet8', batchSize: 2, baseLearningRate: 0.02, epochs: 1 };
  const made = await throughB.mutate(Create, { input: { name: 'own', dataset: 'shapes', axes } });
  const { attempt, run } = (
    made.createRun as unknown as { claim: { attempt: number; run: { id: string; key: string } } }
  ).claim;
  const report = async (through: { url: string }, sequence: number) => {
    const series = [{ metric: 'test_accuracy', steps: [sequence], values: [sequence / 10] }];
    const input = { reports: [{ run: run.id, attempt, sequence, series }] };
    const { reportMetrics } = await createClient(through).mutate(ReportMetrics, { input });
    expect(reportMetrics.results).toMatchObject([{ __typename: 'ReportAccepted' }]);
  };
  const messages = watchRun(watcher, { key: run.key });
  expect((await messages.next()).value).toMatchObject({ reset: true, curves: [] });
  const steps: number[] = [];
  const reads = async (step: number) => {
    while (!steps.includes(step)) {
      const { value, done } = await messages.next();
      expect(done).toBe(false);
      expect(value.reset).toBe(false);
      steps.push(...value.curves.flatMap((curve: { steps: number[] }) => curve.steps));
    }
  };

  // Written through another process than the one that is watched.
  await report(b, 1);
  await reads(1);
  // Killed when it has acknowledged and not yet told anybody.
  await report(b, 2);
  await kill(b.api);
  await reads(2);
  await report(a, 3);
  await reads(3);

  // The watched one is killed; what happens before the client has found the next is not lost.
  front.port = undefined;
  await kill(a.api);
  const c = await startApi();
  await report(c, 4);
  await createClient({ url: c.url }).mutate(Cancel, { key: sweep });
  await report(c, 5);
  front.port = c.port;
  await reads(5);
  await report(c, 6);
  await reads(6);
  const end = { run: run.id, attempt, sequence: 6, outcome: 'DONE' as const };
  await createClient({ url: c.url }).mutate(Finish, {
    input: { runs: [{ ...end, step: 6, samplesSeen: 12, deviceSeconds: 1 }] },
  });
  let status = '';
  for await (const message of messages) {
    expect(message.curves).toEqual([]);
    ({ status } = message.run);
  }
  expect(status).toBe('DONE');
  expect(steps).toEqual([1, 2, 3, 4, 5, 6]);

  const wanted = [
    `SWEEP_CREATED ${sweep}`,
    `RUN_CREATED ${run.key}`,
    `SWEEP_CANCELLED ${sweep}`,
    ...[1, 2, 3].map((position) => `RUN_CANCELLED ${sweep}/${position}`),
    `RUN_DONE ${run.key}`,
  ];
  for (let tries = 0; events.length < wanted.length && tries < 500; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(events).toEqual(wanted);
  expect([...cells]).toEqual([1, 2, 3].map((position) => [position, 'CANCELLED']));
  expect(resets).toEqual([true]);
  await Promise.all([activity.return!(), sweepMessages.return!()]);
  await Promise.all([noting, drawing]);
  watcher.close();
  front.close();
});
