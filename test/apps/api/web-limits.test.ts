import { once } from 'node:events';
import { connect } from 'node:net';
import { schema } from '@smallbatch/api';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Browser, PASSWORD, person } from './browser.ts';
import { testApi } from './server.ts';

const own = await testApi({
  host: '0.0.0.0',
  requestLimits: { headersMs: 300, requestMs: 600, checkMs: 50 },
});
const { port } = own.api;
const owner = await person(own, 'OWNER');

/** Says these parts with a pause between each; → the first line of the answer, and how long it took, when the connection ends. */
async function say(parts: readonly string[], pauseMs = 0): Promise<{ status: string; ms: number }> {
  const since = performance.now();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  const closed = new Promise((done) => socket.once('close', done));
  for (const part of parts) {
    if (socket.destroyed) break;
    socket.write(part);
    if (pauseMs > 0) await Promise.race([closed, new Promise((next) => setTimeout(next, pauseMs))]);
  }
  await Promise.race([
    closed,
    new Promise((_, reject) => setTimeout(reject, 5000, new Error('it waits on'))),
  ]);
  return { status: answer.split('\r\n', 1)[0]!, ms: performance.now() - since };
}

describe('a request', () => {
  test('whose headers come slowly is not waited for', async () => {
    const slow = ['GET /health/live HTTP/1.1\r\n', ...Array.from({ length: 100 }, (_, i) => `X-${i}: a\r\n`)];
    const { status, ms } = await say(slow, 20);
    expect(status).toBe('HTTP/1.1 408 Request Timeout');
    expect(ms).toBeLessThan(1500);
  });

  test.each(['/graphql', '/auth/sign-in', '/export/runs.csv', '/ingest/points'])(
    'whose body comes slowly is not waited for: %s',
    async (path) => {
      const type = path.startsWith('/ingest') ? 'application/x-ndjson' : 'application/json';
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: smallbatch_session=${owner.browser.secret}\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\n`;
      const { ms } = await say([head, ...Array.from({ length: 100 }, () => '{')], 20);
      expect(ms).toBeGreaterThan(500);
      expect(ms).toBeLessThan(2000);
    },
  );

  test('that says nothing at all, or a WebSocket on which nobody says who asks, is closed', async () => {
    expect((await say([])).ms).toBeLessThan(1500);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    expect((await once(socket, 'close'))[0]).toBe(4408);
  });

  test('with headers that are too large, or too many, is refused', async () => {
    const with_ = (headers: string) =>
      say([`GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`]);
    expect((await with_(`X-Large: ${'a'.repeat(20_000)}\r\n`)).status).toBe(
      'HTTP/1.1 431 Request Header Fields Too Large',
    );
    const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a\r\n`).join('');
    expect((await with_(many(300))).status).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    expect((await with_(many(150))).status).toBe('HTTP/1.1 200 OK');
  });

  test('of another form than HTTP’s ends its connection and nothing else', async () => {
    for (const text of [
      '\0\0\0\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    ])
      expect((await say([text])).status).toBe('HTTP/1.1 400 Bad Request');
    expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
  });

  test('with a body that is too large is refused by every route', async () => {
    const { browser } = owner;
    for (const [path, bytes] of [
      ['/auth/sign-in', 20_000],
      ['/export/runs.csv', 1_100_000],
      ['/graphql', 1_100_000],
    ] as const) {
      const { status } = await browser.copy().post(path, { query: 'a'.repeat(bytes) });
      expect([400, 413], path).toContain(status);
    }
  });

  test('with many parameters, or one that is given often, is refused', async () => {
    const { browser } = owner;
    const many = Array.from({ length: 500 }, (_, i) => `p${i}=1`).join('&');
    expect((await browser.get(`/export/runs.csv?${many}`)).body.errors[0].message).toContain(
      'unknown parameter',
    );
    const often = Array.from({ length: 500 }, () => 'where={}').join('&');
    expect((await browser.get(`/export/runs.csv?${often}`)).body.errors[0].message).toContain(
      'given 500 times',
    );
    for (const query of ['upload=a&upload=b', 'upload[a]=b', 'upload[]=b', 'upload[__proto__][x]=b', ''])
      expect((await browser.get(`/ingest/points?${query}`)).status, query).toBe(400);
  });
});

describe('passwords', () => {
  test('and secrets are no arguments of GraphQL, where one document could try many by aliases', () => {
    const guessed = Object.values(schema.getTypeMap()).flatMap((type) =>
      'getFields' in type
        ? Object.values(type.getFields()).flatMap((field) =>
            ('args' in field ? field.args : [field]).map(({ name }: { name: string }) => name),
          )
        : [],
    );
    expect(guessed.length).toBeGreaterThan(200);
    expect(guessed.filter((name) => /password|secret|^token$|^old$/i.test(name))).toEqual([]);
  });

  test('links and tokens of one document are as many as it may have root fields', async () => {
    const { browser, key } = await person(own, 'OWNER');
    const links = async () => (await own.asOwner('SELECT FROM password_link')).length;
    const ask = (count: number) =>
      browser.ask(
        `mutation { ${Array.from({ length: count }, (_, i) => `a${i}: passwordLink(member: "${key}") { __typename }`).join(' ')} }`,
      );
    const before = await links();
    expect(await ask(21)).toBe('QUERY_TOO_COMPLEX');
    expect(await links()).toBe(before);
    await ask(20);
    expect(await links()).toBe(before + 20);
  });

  test('are tried ten times for an address, however the address is written and whatever a request says of itself', async () => {
    const { email } = await person(own);
    const statuses: number[] = [];
    for (let i = 0; i < 13; i++) {
      const written = i % 2 === 0 ? email.toUpperCase() : email;
      const headers = { 'x-forwarded-for': `203.0.113.${i}`, 'user-agent': String(i) };
      statuses.push(
        (await new Browser(own.api).post('/auth/sign-in', { email: written, password: 'wrong' }, headers))
          .status,
      );
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429, 429]);
    expect((await new Browser(own.api).post('/auth/sign-in', { email, password: PASSWORD })).status).toBe(
      429,
    );
  });
});
