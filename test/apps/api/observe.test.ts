import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSweep, createToken } from '@smallbatch/db';
import { createClient } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { globalId } from '../../../apps/api/src/builder.ts';
import { Metrics } from '../../../apps/api/src/metrics.ts';
import { readListen } from '../../../apps/api/src/observe.ts';
import { addDataset, addWorker, newRun, newSweep } from '../../packages/db/new-run.ts';
import { type TestApi, testApi } from './server.ts';

const get = (port: number, path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers });

/** Values of metrics by name and labels. */
async function values(port: number): Promise<Record<string, number>> {
  const text = await (await get(port, '/metrics')).text();
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.startsWith('smallbatch_'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('metrics', () => {
  test('are open on loopback, and beyond it or behind a proxy only on an address of their own', async () => {
    expect((await get((await testApi()).api.port, '/metrics')).status).toBe(200);
    for (const mode of [{ host: '0.0.0.0' }, { trustProxy: true }]) {
      const own = await testApi({ ...mode, metricsListen: { host: '127.0.0.1', port: 0 } });
      const identity = { teamId: own.teamId, memberId: own.memberId };
      const { secret } = await createToken(own.db, {
        ...identity,
        name: 'all',
        scopes: ['READ', 'WRITE', 'WORK', 'ADMIN'],
      });
      const refused = await get(own.api.port, '/metrics', { authorization: `Bearer ${secret}` });
      expect(refused.status).toBe(404);
      expect(await refused.text()).toContain('--metrics-listen ADDRESS:PORT');
      const there = await get(own.api.metricsPort!, '/metrics');
      expect([there.status, there.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('text/plain'),
      ]);
      expect(await there.text()).toContain('smallbatch_pool_idle');
      expect((await get(own.api.metricsPort!, '/graphql')).status).toBe(404);
    }
  });

  test('count requests, statements, connections, subscriptions, claims, reports and points', async () => {
    const own = await testApi();
    const { port } = own.api;
    await own.ask('{ viewer { scopes } }');
    await own.ask('{ nonsense');
    await train(own);
    await own.ask('{ sweeps(first: 1) { nodes { key } } }');
    const client = createClient({ url: `ws://127.0.0.1:${port}/graphql`, webSocketImpl: WebSocket });
    const stop = client.subscribe(
      { query: 'subscription { activity { cursor } }' },
      { next: () => {}, error: () => {}, complete: () => {} },
    );
    await expect.poll(() => own.api.watchers()).toBe(1);
    const seen = await values(port);
    expect(seen).toMatchObject({
      'smallbatch_requests_total{route="graphql",status="400"}': 1,
      'smallbatch_request_seconds_count{kind="query",status="200"}': 2,
      'smallbatch_request_seconds_count{kind="mutation",status="200"}': 2,
      'smallbatch_request_seconds_count{kind="none",status="400"}': 1,
      'smallbatch_socket_operations_total{kind="subscription"}': 1,
      smallbatch_claimed_runs_total: 2,
      smallbatch_reports_total: 1,
      smallbatch_points_total: 3,
      smallbatch_internal_errors_total: 0,
      smallbatch_sockets: 1,
      smallbatch_subscriptions: 1,
      smallbatch_pool_waiting: 0,
    });
    expect(seen.smallbatch_statements_total).toBeGreaterThan(10);
    expect(seen.smallbatch_pool_idle! + seen.smallbatch_pool_used!).toBeGreaterThan(0);
    stop();
    await client.dispose();
  });

  test('are those that docs/operating.md tells of', async () => {
    const { db } = await testApi();
    const metrics = new Metrics(db, { sockets: () => 0, watchers: () => 0 });
    metrics.stop();
    const there = (await metrics.registry.getMetricsAsJSON())
      .filter(({ name }) => name.startsWith('smallbatch_'))
      .map(({ name, type }) => `${name} ${type}`);
    const page = readFileSync(join(import.meta.dirname, '../../../docs/operating.md'), 'utf8');
    const told = [...page.matchAll(/^\| `(smallbatch_\w+)` +\| (\w+) +\|/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(told.sort()).toEqual(there.sort());
  });

  /** A worker takes two runs, and reports three points of one, twice. */
  async function train(own: TestApi): Promise<void> {
    const dataset = await addDataset(own.db, own.teamId);
    const owner = { teamId: own.teamId, memberId: own.memberId };
    const runs = [1, 2].map((seed) => newRun(dataset.id, { seed }));
    await createSweep(own.db, newSweep(owner, runs, { name: 'counted' }));
    const worker = globalId('Worker', await addWorker(own.db, owner));
    const { data } = await own.ask(
      'mutation ($input: ClaimRunsInput!) { claimRuns(input: $input) { ... on Bundle { claims { run { id } attempt } } } }',
      { input: { worker, datasets: [dataset.hash], max: 2 } },
    );
    const [{ run, attempt }] = data.claimRuns.claims;
    const report = {
      run: run.id,
      attempt,
      sequence: 1,
      series: [{ metric: 'train_loss', steps: [1, 2, 3], values: [3, 2, 1] }],
    };
    const { data: reported } = await own.ask(
      'mutation ($input: ReportMetricsInput!) { reportMetrics(input: $input) { results { ... on ReportAccepted { duplicate } } } }',
      { input: { reports: [report, report] } },
    );
    expect(reported.reportMetrics.results).toEqual([{ duplicate: false }, { duplicate: true }]);
  }
});

describe('health', () => {
  test('is for everybody, and says nothing else', async () => {
    const own = await testApi({ host: '0.0.0.0' });
    const answers = await Promise.all(
      ['/health/live', '/health/ready'].map(async (path) => (await get(own.api.port, path)).text()),
    );
    expect(answers).toEqual(['{"live":true}', '{"ready":true}']);
  });

  test('is not ready while the database does not answer, and however many ask cost it one connection', async () => {
    const own = await testApi();
    const held = await Promise.all(Array.from({ length: 16 }, () => own.db.pool.connect()));
    const since = performance.now();
    const asked = await Promise.all(
      Array.from({ length: 50 }, async () => (await get(own.api.port, '/health/ready')).status),
    );
    expect(asked).toEqual(Array(50).fill(503));
    expect(performance.now() - since).toBeLessThan(8_000);
    expect(own.db.pool.waitingCount).toBeLessThan(5);
    expect((await get(own.api.port, '/health/live')).status).toBe(200);
    for (const client of held) client.release();
    await expect.poll(async () => (await get(own.api.port, '/health/ready')).status).toBe(200);
  });
});

test('an address to listen on has a port', () => {
  expect(readListen('127.0.0.1:9464')).toEqual({ host: '127.0.0.1', port: 9464 });
  expect(readListen('[::1]:9464')).toEqual({ host: '::1', port: 9464 });
  for (const wrong of ['9464', '127.0.0.1', '127.0.0.1:99999', '::1:9464', 'a b:1'])
    expect(readListen(wrong)).toBeUndefined();
});
