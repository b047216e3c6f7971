import { createPasswordLink } from '@smallbatch/db';
import { createClient } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { Browser, PASSWORD, person } from './browser.ts';
import { logLines } from './log-lines.ts';
import { testApi } from './server.ts';

const WHO = '{ viewer { role } }';

describe('a cookie', () => {
  test('that came over TLS is of this host alone, and no other opens anything there', async () => {
    const own = await testApi({ trustProxy: true });
    const { email } = await person(own);
    const tls = {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'lab.example.org',
      origin: 'https://lab.example.org',
    };
    const browser = new Browser(own.api);
    expect(await browser.post('/auth/sign-in', { email, password: PASSWORD }, tls)).toMatchObject({
      status: 200,
    });
    expect(browser.set[0]).toMatch(
      /^__Host-smallbatch_session=ses_[^;]+; Max-Age=2592000; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(await browser.ask(WHO, tls)).toHaveProperty('viewer');
    // The dashboard asks for the page that it renders, without the proxy's headers.
    expect(await browser.ask(WHO)).toHaveProperty('viewer');
    const planted = new Browser(own.api);
    planted.cookies.set('smallbatch_session', browser.secret);
    expect(await planted.ask(WHO, tls)).toBe('UNAUTHENTICATED');
    const page = { ...tls, origin: 'http://lab.example.org' };
    expect((await browser.post('/auth/sign-out', {}, page)).status).toBe(403);
    expect((await browser.post('/auth/sign-out', {}, tls)).status).toBe(200);
    expect(browser.cookies.size).toBe(0);
  });

  test('is a plain one where no proxy is trusted, whatever a request says', async () => {
    const own = await testApi({ host: '0.0.0.0' });
    const { email, accountId } = await person(own);
    const browser = new Browser(own.api);
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
    await browser.post('/auth/sign-in', { email, password: PASSWORD }, headers);
    expect(browser.set[0]).toMatch(/^smallbatch_session=/);
    const rows = await own.asOwner('SELECT address FROM session WHERE account_id = $1', [accountId]);
    expect(JSON.stringify(rows)).not.toContain('203.0.113.9');
  });

  test('names the browser by what the trusted proxy itself has added', async () => {
    const own = await testApi({ trustProxy: true });
    const { email, accountId } = await person(own);
    const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.4' };
    await new Browser(own.api).post('/auth/sign-in', { email, password: PASSWORD }, headers);
    const rows = await own.asOwner(
      "SELECT address, agent FROM session WHERE account_id = $1 AND method = 'PASSWORD'",
      [accountId],
    );
    expect(rows).toEqual([{ address: '198.51.100.4', agent: 'a test' }]);
  });

  test('gets a new secret after a day, when a page asks and not when the dashboard does for it', async () => {
    const own = await testApi({ host: '0.0.0.0' });
    const { browser, accountId } = await person(own);
    const age = (by: string) =>
      own.asOwner('UPDATE session SET rotated_at = now() - $2::interval WHERE account_id = $1', [
        accountId,
        by,
      ]);
    const old = browser.copy();
    const ask = { method: 'POST', body: JSON.stringify({ query: WHO }) };
    const json = { 'content-type': 'application/json' };
    await age('25 hours');
    const rendered = await browser.fetch('/graphql', { ...ask, headers: json });
    expect([rendered.status, browser.set]).toEqual([200, []]);
    expect(await browser.ask(WHO)).toHaveProperty('viewer');
    expect(browser.set[0]).toMatch(/^smallbatch_session=ses_.*HttpOnly/);
    expect(browser.secret).not.toBe(old.secret);
    expect(await old.ask(WHO)).toHaveProperty('viewer');
    await age('61 seconds');
    expect([await old.ask(WHO), await browser.ask(WHO)]).toEqual(['UNAUTHENTICATED', expect.anything()]);
  });
});

describe('the local owner', () => {
  test('is there on loopback until somebody can sign in, and again when nobody can', async () => {
    const own = await testApi();
    const nobody = new Browser(own.api);
    const scopes = () => nobody.ask('{ viewer { scopes session { id } } }');
    expect(await scopes()).toEqual({
      viewer: { scopes: ['READ', 'WRITE', 'WORK', 'ADMIN'], session: null },
    });
    const { browser, accountId } = await person(own, 'OWNER');
    await expect.poll(scopes, { timeout: 5000 }).toBe('UNAUTHENTICATED');
    expect(await browser.ask(WHO)).toEqual({ viewer: { role: 'OWNER' } });
    await own.asOwner('UPDATE account SET disabled_at = now() WHERE id = $1', [accountId]);
    await expect.poll(scopes, { timeout: 5000 }).toHaveProperty('viewer');
  });

  test('is nobody who says something wrong; a session that is left over of another server is taken away', async () => {
    const own = await testApi();
    const browser = new Browser(own.api);
    expect(await browser.ask(WHO, { authorization: 'Bearer sb_wrong' })).toBe('UNAUTHENTICATED');
    expect(await browser.ask(WHO, { authorization: 'Basic abc' })).toBe('UNAUTHENTICATED');
    browser.cookies.set('smallbatch_session', 'ses_of_another_server');
    expect(await browser.ask(WHO)).toBe('UNAUTHENTICATED');
    expect(browser.cookies.size).toBe(0);
    expect(await browser.ask(WHO)).toEqual({ viewer: { role: 'OWNER' } });
  });

  test('is not there beyond loopback, nor behind a proxy, whoever may sign in', async () => {
    for (const options of [{ host: '0.0.0.0' }, { trustProxy: true }]) {
      const own = await testApi(options);
      expect(await new Browser(own.api).ask(WHO)).toBe('UNAUTHENTICATED');
    }
  });
});

describe('a WebSocket', () => {
  /** Watches the team with the cookies of a browser; says how the connection ended. */
  function watch(port: number, browser: Browser): { began: Promise<unknown>; ended: Promise<number> } {
    const cookie = `smallbatch_session=${browser.secret}`;
    class WithCookie extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { headers: { cookie, origin: `http://127.0.0.1:${port}` } });
      }
    }
    let ended: (code: number) => void;
    let began: (value: unknown) => void;
    const promises = {
      began: new Promise((done) => {
        began = done;
      }),
      ended: new Promise<number>((done) => {
        ended = done;
      }),
    };
    const client = createClient({
      url: `ws://127.0.0.1:${port}/graphql`,
      webSocketImpl: WithCookie,
      retryAttempts: 0,
      on: {
        connected: () => began(true),
        closed: (event) => ended((event as { code: number }).code),
      },
    });
    client.subscribe(
      { query: 'subscription { activity { cursor } }' },
      { next: () => {}, error: () => {}, complete: () => {} },
    );
    return promises;
  }

  test('acts for the session of its cookie, also when that has another secret, and ends with it', async () => {
    const own = await testApi({ host: '0.0.0.0', socketLimits: { checkMs: 50 } });
    const { browser, accountId } = await person(own);
    const { began, ended } = watch(own.api.port, browser);
    await began;
    await expect.poll(() => own.api.watchers()).toBe(1);
    await own.asOwner(
      "UPDATE session SET hash = sha256('another'), rotated_at = now() WHERE account_id = $1",
      [accountId],
    );
    expect(await browser.ask(WHO)).toBe('UNAUTHENTICATED');
    const still = await Promise.race([ended, new Promise((done) => setTimeout(done, 500, 'still there'))]);
    expect(still).toBe('still there');
    await own.asOwner('UPDATE session SET revoked_at = now() WHERE account_id = $1', [accountId]);
    expect(await ended).toBe(4403);
  });

  test('without a session is closed', async () => {
    const own = await testApi({ host: '0.0.0.0' });
    expect(await watch(own.api.port, new Browser(own.api)).ended).toBe(4403);
  });
});

describe('on loopback', () => {
  test('a WebSocket under another host name is refused, as a page has it whose name was bound to this machine anew', async () => {
    const own = await testApi();
    const open = (host: string) =>
      new Promise<string>((done) => {
        const socket = new WebSocket(`ws://127.0.0.1:${own.api.port}/graphql`, 'graphql-transport-ws', {
          headers: { host, origin: `http://${host}` },
        });
        socket.once('open', () => done('open')).once('error', ({ message }) => done(message));
        socket.once('open', () => socket.close());
      });
    expect(await open(`localhost:${own.api.port}`)).toBe('open');
    expect(await open(`rebound.example:${own.api.port}`)).toContain('403');
    expect(await open(`localhost.example:${own.api.port}`)).toContain('403');
  });
});

describe('the log', () => {
  test('has no password, link, cookie or token in it, also when everything fails', async () => {
    const { lines, logger } = logLines();
    const own = await testApi({ host: '0.0.0.0', logger });
    const { browser, email, memberId } = await person(own, 'OWNER');
    const link = await createPasswordLink(own.db, { teamId: own.teamId, memberId }, null);
    const secrets = [
      PASSWORD,
      browser.secret,
      (link as { secret: string }).secret,
      'sb_a_token',
      'the wrong one',
    ];
    await own.asOwner('ALTER TABLE account RENAME COLUMN password TO passwort');
    const [, , secret] = secrets;
    const answers = [
      await browser.post('/auth/sign-in', { email, password: PASSWORD }),
      await browser.post('/auth/password', { secret, password: 'the wrong one' }),
      await browser.post('/auth/password', { old: PASSWORD, password: 'the wrong one' }),
    ];
    for (const { status, body } of answers)
      expect([status, body.error]).toEqual([
        500,
        { code: 'INTERNAL', message: expect.stringMatching(/^internal error; the log has it under [\w-]+$/) },
      ]);
    await own.asOwner('ALTER TABLE session RENAME COLUMN hash TO hasch');
    await browser.ask(WHO, { authorization: 'Bearer sb_a_token' });
    await browser.ask(WHO);
    const sent = await browser.fetch('/auth/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"password": "${PASSWORD}"`,
    });
    expect(sent.status).toBe(400);
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const one of secrets) expect(lines.join('')).not.toContain(one);
  });

  test('leaves out what could be a secret, wherever it stands', () => {
    const { lines, logger } = logLines();
    logger.error({
      password: 'p1',
      input: { secret: 'p2' },
      req: { headers: { cookie: 'p3', authorization: 'p4' } },
    });
    logger.error({
      res: { headers: { 'set-cookie': 'p5' } },
      err: Object.assign(new Error('no'), { body: 'p6' }),
    });
    expect(lines).toHaveLength(2);
    for (const secret of ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'])
      expect(lines.join('')).not.toContain(`"${secret}"`);
  });
});
