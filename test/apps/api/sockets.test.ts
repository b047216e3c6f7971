import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client, createClient, graphql, watchRun, watchSweep } from '@smallbatch/client';
import {
  type Claimed,
  claimRuns,
  createSweep,
  createToken,
  reportMetrics,
  revokeToken,
} from '@smallbatch/db';
import { TRAINER_VERSION } from '@smallbatch/program';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { addDataset, addWorker, newRun, newSweep } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

let own: TestApi;
let owner: { teamId: string; memberId: string };
let dataset: { id: string; hash: string };
let worker: string;
const clients: Client[] = [];
const connect = (token?: string): Client => {
  const client = createClient({ url: own.api.url, webSocket: WebSocket, ...(token ? { token } : {}) });
  clients.push(client);
  return client;
};
beforeAll(async () => {
  own = await testApi({
    socketLimits: {
      waitingMs: 500,
      waitingBytes: 2_000_000,
      farewellMs: 30_000,
      subscriptions: 40,
      idleMs: 1500,
      checkMs: 200,
    },
  });
  owner = { teamId: own.teamId, memberId: own.memberId };
  dataset = await addDataset(own.db, own.teamId);
  worker = await addWorker(own.db, owner, 'trainer');
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

let seed = 0;
const create = (n: number) => {
  const bundleKey = `bundle ${seed}`;
  const cells = Array.from({ length: n }, () => newRun(dataset.id, { bundleKey, seed: seed++ }));
  return createSweep(own.db, newSweep(owner, cells));
};
const claim = (sweepId: string) =>
  claimRuns(own.db, {
    ...owner,
    workerId: worker,
    datasets: [dataset.hash],
    trainerVersion: TRAINER_VERSION,
    max: 1,
    leaseSeconds: 60,
    sweepId,
  });
const report = (run: Claimed, sequence: number, steps: number[], metric = 'test_accuracy') =>
  reportMetrics(own.db, own.teamId, [
    { ...run, sequence, series: [{ metric, steps, values: steps.map((step) => step / 100) }] },
  ]);
const failure = async (messages: AsyncIterator<unknown>): Promise<ApiError> => {
  const error = await messages.next().then(
    () => new Error('a message came'),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error;
};
/** A connection of the bare protocol. */
async function bare(): Promise<WebSocket> {
  const socket = new WebSocket(`${own.api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  return socket;
}

test('a reader that stops reading is cut off with a code, and has the rest by its cursor', async () => {
  const sweep = await create(1);
  const [run] = await claim(sweep.id);
  const many = Array.from({ length: 20_000 }, (_, i) => i + 1);
  await report(run!, 1, many);
  const socket = await bare();
  const query = `subscription { runMetrics(key: "${sweep.key}/1") { cursor curves { metric steps values wallTimes epochs samplesSeen } } }`;
  for (let id = 0; id < 30; id++)
    socket.send(JSON.stringify({ type: 'subscribe', id: String(id), payload: { query } }));
  const [first] = await once(socket, 'message');
  const { cursor } = JSON.parse(String(first)).payload.data.runMetrics;
  let bytes = 0;
  socket.on('message', (data) => {
    bytes += String(data).length;
  });
  // Nothing is read any more; the server goes on for others.
  (socket as unknown as { _socket: { pause(): void; resume(): void } })._socket.pause();
  const other = watchRun(connect(), { key: `${sweep.key}/1`, names: ['late'] });
  await other.next();
  for (let n = 2; n <= 6; n++) {
    await report(run!, n, [n], 'late');
    while ((await other.next()).value.curves.length === 0);
  }
  await other.return!();
  // Longer than bytes may wait.
  await sleep(1500);
  const closed = once(socket, 'close');
  (socket as unknown as { _socket: { resume(): void } })._socket.resume();
  const [code, reason] = await closed;
  expect(code).toBe(4490);
  expect(String(reason)).toContain('slow reader');
  // Of what was asked for, 30 times half a megabyte and more, little was ever buffered.
  expect(bytes).toBeLessThan(30 * 500_000);
  const rest = watchRun(connect(), { key: `${sweep.key}/1`, after: cursor });
  const { value } = await rest.next();
  expect(value).toMatchObject({ reset: false, curves: [{ metric: 'late', steps: [2, 3, 4, 5, 6] }] });
  await rest.return!();
});

test('more subscriptions than a connection may have, and a document over the limits', async () => {
  const sweep = await create(1);
  const client = connect();
  const all = Array.from({ length: 40 }, () => watchSweep(client, { key: sweep.key }));
  await Promise.all(all.map((messages) => messages.next()));
  const refused = await failure(watchSweep(client, { key: sweep.key }));
  expect(refused).toMatchObject({ code: 'TOO_MANY_SUBSCRIPTIONS' });
  await all[0]!.return!();
  await sleep(100);
  const again = watchSweep(client, { key: sweep.key });
  await again.next();
  await Promise.all([...all, again].map((messages) => messages.return!()));
  const deep = `subscription { sweepProgress(key: "x") { sweep ${'{ runs { nodes { sweep '.repeat(6)} { key } ${'} } }'.repeat(6)} } }`;
  expect(await failure(connect().subscribe(graphql(deep as never) as never))).toMatchObject({
    code: 'QUERY_TOO_COMPLEX',
  });
});

test('a connection on which nothing is asked is closed with a code, and one that watches is not', async () => {
  const sweep = await create(1);
  const watching = watchSweep(connect(), { key: sweep.key });
  await watching.next();
  const socket = await bare();
  const [code, reason] = await once(socket, 'close');
  expect(code).toBe(4491);
  expect(String(reason)).toContain('idle');
  expect(own.api.watchers()).toBe(1);
  await watching.return!();
});

test('who watches with a token that is revoked is sent away, and told', async () => {
  const sweep = await create(1);
  const { id, secret } = await createToken(own.db, { ...owner, name: 't', scopes: ['READ'] });
  const messages = watchSweep(connect(secret), { key: sweep.key });
  await messages.next();
  await revokeToken(own.db, { teamId: own.teamId, id });
  expect(await failure(messages)).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await failure(watchSweep(connect('sb_wrong'), { key: sweep.key }))).toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});
