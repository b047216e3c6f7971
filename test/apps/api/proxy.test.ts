import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createToken } from '@smallbatch/db';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { PASSWORD, person } from './browser.ts';
import { HOST, PROGRAMS, startProxy, type TlsProxy } from './proxies.ts';
import { type Answer, type TestApi, testApi } from './server.ts';

interface Sent {
  readonly path: string;
  readonly body?: object | Buffer;
  readonly headers?: Record<string, string>;
  /** Address of loopback that the client has. */
  readonly from?: string;
}

/** Sends one request over TLS, and gives the answer when its head is there. */
function send(
  { port, ca }: TlsProxy,
  { path, body, headers = {}, from = '127.0.0.1' }: Sent,
): Promise<IncomingMessage> {
  const bytes = body && (Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)));
  return new Promise((done, failed) => {
    request(
      {
        host: '127.0.0.1',
        port,
        ca,
        servername: HOST,
        localAddress: from,
        agent: false,
        path,
        method: bytes ? 'POST' : 'GET',
        headers: {
          host: HOST,
          ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
          ...headers,
        },
      },
      done,
    )
      .on('error', failed)
      .end(bytes);
  });
}
async function ask(
  proxy: TlsProxy,
  sent: Sent,
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
  const answer = await send(proxy, sent);
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return { status: answer.statusCode!, headers: answer.headers, text };
}

/** Whose certificate is asked for; a WebSocket hands it on to TLS. */
const NAMED = { servername: HOST } as object;
const ORIGIN = { origin: `https://${HOST}` };
const FORGED = {
  'x-forwarded-for': '203.0.113.9',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': 'evil.example',
  'x-request-id': 'forged',
};

describe.each(['node', 'nginx', 'caddy'] as const)('behind %s with TLS', (kind) => {
  const there = kind === 'node' || PROGRAMS[kind] !== undefined;
  let own: TestApi;
  let proxy: TlsProxy;
  beforeAll(async () => {
    if (!there) return;
    own = await testApi({ trustProxy: true });
    proxy = await startProxy(kind, own.api.port);
  });
  afterAll(() => proxy?.stop());
  beforeEach(({ skip }) =>
    skip(!there, `${kind} is not on this machine: its settings in docs/operating were not tried here`),
  );

  test('a session’s cookie is secure and of this host alone, and its address is the browser’s, whatever that says', async () => {
    const { email, accountId } = await person(own);
    const answer = await ask(proxy, {
      path: '/auth/sign-in',
      body: { email, password: PASSWORD },
      headers: { ...ORIGIN, ...FORGED },
      from: '127.0.0.9',
    });
    expect([answer.status, answer.text]).toEqual([200, '{}']);
    expect(answer.headers['set-cookie']![0]).toMatch(
      /^__Host-smallbatch_session=ses_[^;]+;.* Path=\/;.* HttpOnly; Secure; SameSite=Lax$/,
    );
    const rows = await own.asOwner(
      "SELECT address FROM session WHERE account_id = $1 AND address <> '127.0.0.1'",
      [accountId],
    );
    expect(rows.at(-1)).toEqual({ address: '127.0.0.9' });
    expect(answer.headers['x-request-id']).toMatch(/^[\w-]{32,36}$/);
    const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
    const asked = await ask(proxy, {
      path: '/graphql',
      body: { query: '{ viewer { role } }' },
      headers: { ...ORIGIN, cookie },
    });
    expect(JSON.parse(asked.text).data).toEqual({ viewer: { role: 'MEMBER' } });
  });

  test('a page of elsewhere, or of the same host without TLS, may not ask, also with forged headers', async () => {
    const post = async (origin: string, forged = {}) =>
      (
        await ask(proxy, {
          path: '/graphql',
          body: { query: '{ __typename }' },
          headers: { origin, ...forged },
        })
      ).status;
    expect(await post(`https://${HOST}`, FORGED)).toBe(200);
    expect(await post('https://evil.example', FORGED)).toBe(403);
    expect(await post(`http://${HOST}`, FORGED)).toBe(403);
  });

  test('a WebSocket of our page watches, and one of another page is refused', async () => {
    const { browser } = await person(own);
    const cookie = `__Host-smallbatch_session=${browser.secret}`;
    const { port, ca } = proxy;
    class Socket extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, {
          ca,
          ...NAMED,
          headers: { host: HOST, cookie, ...ORIGIN, ...FORGED },
        });
      }
    }
    const client = createClient({
      url: `wss://127.0.0.1:${port}/graphql`,
      webSocketImpl: Socket,
      retryAttempts: 0,
    });
    let failed: unknown;
    client.subscribe(
      { query: 'subscription { activity { cursor } }' },
      {
        next: () => {},
        error: (error) => {
          failed = error;
        },
        complete: () => {},
      },
    );
    await expect.poll(() => [own.api.watchers(), failed], { timeout: 10_000 }).toEqual([1, undefined]);
    await client.dispose();
    const other = new WebSocket(`wss://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
      ca,
      ...NAMED,
      headers: { host: HOST, cookie, origin: 'https://evil.example', ...FORGED },
    });
    const [error] = await once(other, 'error');
    expect(String(error)).toMatch(/403|502/);
  });

  test('tries of passwords count for the browser’s own address, and no header gets around that', async () => {
    const attempt = (from: string, forged = {}) =>
      ask(proxy, {
        path: '/auth/sign-in',
        body: { email: `${crypto.randomUUID()}@example.org`, password: 'a wrong guess' },
        headers: { ...ORIGIN, ...forged },
        from,
      });
    await Promise.all(Array.from({ length: 101 }, () => attempt('127.0.0.7')));
    const over = await attempt('127.0.0.7', { 'x-forwarded-for': '198.51.100.7' });
    expect([over.status, over.text]).toEqual([429, expect.stringContaining('too many tries')]);
    expect((await attempt('127.0.0.8', { 'x-forwarded-for': '127.0.0.7' })).status).toBe(401);
  });

  test('a part of an upload of 7 MB comes through', async () => {
    const identity = { teamId: own.teamId, memberId: own.memberId };
    const { secret } = await createToken(own.db, { ...identity, name: kind, scopes: ['WORK'] });
    const { status, text } = await ask(proxy, {
      path: '/ingest/points',
      body: Buffer.alloc(7_000_000, '\n'),
      headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${secret}` },
    });
    expect([status, JSON.parse(text)]).toEqual([200, { points: 0, runs: [] }]);
  });

  test('what streams comes part by part, and not at its end', async () => {
    let goOn: () => void = () => {};
    const slow = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/csv' });
      response.write('first\n');
      goOn = () => response.end('last\n');
    });
    await new Promise<void>((done) => slow.listen(0, '127.0.0.1', done));
    const before = await startProxy(kind, (slow.address() as { port: number }).port);
    try {
      const answer = await send(before, { path: '/export/runs.csv' });
      const [first] = (await once(answer, 'data')) as [Buffer];
      expect(String(first)).toBe('first\n');
      goOn();
      const [last] = (await once(answer, 'data')) as [Answer];
      expect(String(last)).toBe('last\n');
      answer.destroy();
    } finally {
      await before.stop();
      slow.closeAllConnections();
      slow.close();
    }
  });
});
