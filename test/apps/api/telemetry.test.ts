import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { startTelemetry } from '../../../apps/api/src/telemetry/telemetry.ts';
import { testDatabase } from '../../database.ts';
import { type Answer, testApi } from './server.ts';

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

const spans: Span[] = [];
const bodies: string[] = [];
let receiver: Server;
beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    bodies.push(`${request.url} ${text}`);
    for (const { scopeSpans } of (JSON.parse(text) as Answer).resourceSpans)
      for (const { spans: some } of scopeSpans) spans.push(...some);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as { port: number };
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${port}`;
  process.env.OTEL_BSP_SCHEDULE_DELAY = '50';
});
afterAll(() => {
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  delete process.env.OTEL_BSP_SCHEDULE_DELAY;
  receiver.close();
});

/** A server whose spans are sent to the receiver. */
async function traced() {
  const database = await testDatabase();
  const db = await database.open();
  const telemetry = await startTelemetry(db, process.env);
  return { ...(await testApi({ db, telemetry })), asOwner: database.asOwner };
}
const called = (name: string | RegExp) => spans.filter((span) => span.name.match(name));
const attribute = (span: Span, key: string) => {
  const value = span.attributes.find((one) => one.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
};

test('one request is a trace: the request, its operation, its statements by name, within the trace of who asks', async () => {
  const own = await traced();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const { data, errors } = await own.ask(
    'query Traced($key: String!) { run(key: $key) { key } sweeps(first: 1) { totalCount } }',
    { key: 'a value that nobody else may see' },
    { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  );
  expect([errors, data]).toEqual([[], { run: null, sweeps: { totalCount: 0 } }]);
  await expect.poll(() => called(/^POST \/graphql$/).length, { timeout: 5000 }).toBe(1);
  const [request] = called(/^POST \/graphql$/);
  expect(request).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331' });
  expect(attribute(request!, 'http.response.status_code')).toBe(200);
  const [operation] = called(/^query Traced$/);
  expect(operation).toMatchObject({ traceId, parentSpanId: request!.spanId });
  const statements = spans.filter((span) => attribute(span, 'db.system.name') === 'postgresql');
  expect(statements.length).toBeGreaterThan(0);
  for (const one of statements) expect(one).toMatchObject({ traceId, parentSpanId: operation!.spanId });
  expect(statements.map(({ name }) => name)).toContain('sweepPage');
});

test('no value, secret or text of SQL is in a span', async () => {
  const own = await traced();
  await own.ask('query ($key: String!) { run(key: $key) { key } }', { key: 'VALUE-of-somebody' }, {});
  await own.ask('{ viewer { scopes } }', {}, { authorization: 'Bearer sb_SECRET-token' });
  await fetch(`http://127.0.0.1:${own.api.port}/auth/ways?secret=inv_SECRET-link`);
  await own.asOwner('ALTER TABLE sweep RENAME COLUMN key TO schluessel');
  await own.ask('query Failing { sweeps { nodes { key } } }');
  await expect.poll(() => called(/Failing/).length, { timeout: 5000 }).toBe(1);
  await expect.poll(() => called(/^GET \/auth$/).length, { timeout: 5000 }).toBe(1);
  const failed = spans.filter((span) => attribute(span, 'error.type') !== undefined);
  expect(failed.map((span) => attribute(span, 'error.type'))).toContain('42703');
  expect(bodies.join('\n')).toMatch(/^\/v1\/traces .*"smallbatch"/m);
  for (const secret of ['SECRET', 'VALUE', 'FROM', 'schluessel'])
    expect(bodies.join('\n')).not.toContain(secret);
});

test('an operation by WebSocket is a trace too', async () => {
  const own = await traced();
  const client = createClient({ url: `ws://127.0.0.1:${own.api.port}/graphql`, webSocketImpl: WebSocket });
  const query = 'query BySocket { sweeps(first: 1) { totalCount } }';
  for await (const answer of client.iterate({ query })) expect(answer.errors).toBeUndefined();
  await client.dispose();
  await expect.poll(() => called('BySocket').length, { timeout: 5000 }).toBe(1);
  const [operation] = called('BySocket');
  expect(called('sweepPage').some(({ parentSpanId }) => parentSpanId === operation!.spanId)).toBe(true);
});

test('what is not asked for is not loaded', () => {
  const root = join(import.meta.dirname, '../../..');
  const code = `
    const { startTelemetry } = await import('${root}/apps/api/src/telemetry/telemetry.ts');
    const loaded = () => Object.keys(process.getBuiltinModule('module')._cache).filter((path) => path.includes('opentelemetry')).length;
    const none = await startTelemetry({ onQuery: () => () => {} }, {});
    const before = loaded();
    await startTelemetry({ onQuery: () => () => {} }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    console.log(JSON.stringify([none === undefined, before, loaded() > 0]));
    process.exit(0)`;
  const said = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--conditions=source', '--input-type=module', '-e', code],
    { cwd: root, encoding: 'utf8', env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: '' } },
  );
  expect(JSON.parse(said)).toEqual([true, 0, true]);
});
