import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Browser, person } from './browser.ts';
import { testApi } from './server.ts';

const own = await testApi({ host: '0.0.0.0' });
const { port } = own.api;
const here = `http://127.0.0.1:${port}`;
const owner = await person(own, 'OWNER');
const cookie = `smallbatch_session=${owner.browser.secret}`;

/** Pages of elsewhere, and what pretends to be a page of here. */
const FOREIGN = [
  'https://evil.example',
  'null',
  `http://127.0.0.1:${port + 1}`,
  `http://127.0.0.1.evil.example:${port}`,
  `http://127.0.0.1:${port}@evil.example`,
  'file://',
  'no address',
];

describe('a page of another origin, in a browser that is signed in here,', () => {
  test.each([
    ['POST', '/graphql'],
    ['POST', '/export/runs.csv'],
    ['GET', '/export/runs.csv'],
    ['GET', '/export/audit.csv'],
    ['POST', '/auth/sign-in'],
    ['POST', '/auth/sign-out'],
    ['POST', '/auth/team'],
    ['POST', '/auth/invitation'],
    ['POST', '/auth/password'],
    ['POST', '/ingest/points'],
    ['GET', '/ingest/points?upload=a'],
  ])('is refused by %s %s, and answered with nothing that it could read', async (method, path) => {
    for (const origin of FOREIGN) {
      const response = await fetch(here + path, {
        method,
        headers: { origin, cookie, 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: '{"query":"{ viewer { role } }"}' } : {}),
      });
      expect([response.status, response.headers.get('access-control-allow-origin')], origin).toEqual([
        403,
        null,
      ]);
    }
    // It is still signed in.
    expect(await owner.browser.ask('{ viewer { role } }')).toEqual({ viewer: { role: 'OWNER' } });
  });

  test('opens no WebSocket; one of this origin, or of no page, does', async () => {
    const open = async (origin?: string): Promise<string> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
        headers: { cookie, ...(origin === undefined ? {} : { origin }) },
      });
      const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => String(statusCode));
      socket.on('error', () => {});
      const result = await Promise.race([once(socket, 'open').then(() => 'open'), refused]);
      socket.terminate();
      return result;
    };
    for (const origin of FOREIGN) expect(await open(origin), origin).toBe('403');
    expect(await open(here)).toBe('open');
    expect(await open()).toBe('open');
  });

  test('is not let through by asking first', async () => {
    for (const path of ['/graphql', '/export/runs.csv', '/auth/sign-in', '/ingest/points']) {
      const { status, headers } = await fetch(here + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://evil.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
      const allows = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect(allows, `${path} ${status}`).toEqual([]);
    }
  });

  test('cannot send what is read as JSON without asking first', async () => {
    for (const path of ['/graphql', '/auth/sign-out', '/ingest/points'])
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=a',
      ]) {
        const response = await fetch(here + path, {
          method: 'POST',
          headers: { cookie, 'content-type': type },
          body: '{"query":"{ viewer { role } }"}',
        });
        // Signing out needs nothing of a body: where it comes from decides, and every browser says that of a POST.
        if (path !== '/auth/sign-out') expect(response.status, `${path} ${type}`).toBeGreaterThanOrEqual(400);
      }
  });
});

describe('an answer', () => {
  test('of the API runs nothing, stands in no frame, and is of no other site’s page', async () => {
    const browser = owner.browser.copy();
    await browser.post('/auth/sign-in', { email: owner.email, password: 'wrong password' });
    for (const path of [
      '/graphql',
      '/export/runs.csv',
      '/export/nothing',
      '/auth/ways',
      '/ingest/points',
      '/health/live',
      '/metrics',
      '/nothing',
      '/%E0%A4%A',
    ]) {
      const { headers } = await fetch(here + path);
      expect(headers.get('content-security-policy'), path).toBe(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('x-frame-options'), path).toBe('DENY');
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy'), path).toBe('same-origin');
      expect(headers.get('x-powered-by'), path).toBeNull();
      expect(headers.get('content-type'), path).not.toMatch(/html/);
    }
  });

  test('of a page has the policy of the page, and not that of the API; until there is one, a page that runs nothing', async () => {
    const pages = createServer((_request, response) => {
      response.setHeader('Content-Security-Policy', "script-src 'nonce-1'; frame-ancestors 'none'");
      response.end('a page');
    });
    await new Promise<void>((done) => pages.listen(0, '127.0.0.1', done));
    const target = `http://127.0.0.1:${(pages.address() as { port: number }).port}`;
    const shown = await testApi({ dashboardUrl: target });
    const page = await fetch(shown.api.url);
    expect(page.headers.get('content-security-policy')).toBe("script-src 'nonce-1'; frame-ancestors 'none'");
    pages.closeAllConnections();
    await new Promise((done) => pages.close(done));
    const starting = await fetch(shown.api.url);
    expect(starting.status).toBe(503);
    expect(starting.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
  });
});

test('nobody is led to another site: addresses that are no path of here become the first page', async () => {
  const bad = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    '/a\r\nLocation: https://evil.example',
    '/\t/evil.example',
    'evil',
  ];
  for (const to of bad) {
    const response = await new Browser(own.api).fetch(`/auth/oidc/start?${new URLSearchParams({ to })}`);
    // Without a provider there is nothing; with one, test/apps/api/oidc.test.ts follows it.
    expect([response.status, response.headers.get('location')], to).toEqual([404, null]);
  }
  const { safePath } = await import('../../../apps/api/src/session/oidc.ts');
  for (const to of bad) expect(safePath(to), to).toBe('/');
  expect(safePath(['/a', '/b'])).toBe('/');
  expect(safePath('/runs?where=%7B%7D#a')).toBe('/runs?where=%7B%7D#a');
});
