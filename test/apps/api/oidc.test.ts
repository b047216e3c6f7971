import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { grantOf, readOidc, safePath } from '../../../apps/api/src/session/oidc.ts';
import { Browser, PASSWORD, person } from './browser.ts';
import { CLIENT, logIn, startProvider } from './provider.ts';
import { testApi } from './server.ts';

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

const port = await freePort();
const { issuer } = await startProvider([`http://127.0.0.1:${port}/auth/oidc/callback`]);
const ENV = {
  SMALLBATCH_OIDC_ISSUER: issuer,
  SMALLBATCH_OIDC_CLIENT_ID: CLIENT.id,
  SMALLBATCH_OIDC_CLIENT_SECRET: CLIENT.secret,
  SMALLBATCH_OIDC_NAME: 'The Lab',
  SMALLBATCH_OIDC_DOMAINS: 'example.org=MEMBER',
  SMALLBATCH_OIDC_GROUPS: 'crew=VIEWER,chiefs=MAINTAINER',
};
const own = await testApi({ host: '0.0.0.0', port, oidc: readOidc(ENV) });
const owner = await person(own, 'OWNER');
let browser: Browser;
beforeEach(() => {
  browser = new Browser({ port });
});

const WHO = '{ viewer { member { key name } role session { method } } }';
/** Begins in the browser, and logs in at the provider; the path that it sends the browser back to. */
async function come(login: string, to = '/runs?x=1'): Promise<string> {
  const started = await browser.fetch(`/auth/oidc/start?to=${encodeURIComponent(to)}`);
  expect(started.status).toBe(302);
  const back = new URL(await logIn(started.headers.get('location')!, login));
  return back.pathname + back.search;
}
const location = async (path: string) => (await browser.fetch(path)).headers.get('location');

describe('signing in by a provider', () => {
  test('makes account and member of a verified address of a domain, and finds them again', async () => {
    expect(await browser.get('/auth/ways')).toMatchObject({ body: { oidc: { name: 'The Lab' } } });
    expect(await location(await come('grace'))).toBe('/runs?x=1');
    expect(browser.set.find((text) => text.startsWith('smallbatch_session='))).toMatch(
      /HttpOnly; SameSite=Lax/,
    );
    expect([...browser.cookies.keys()]).toEqual(['smallbatch_session']);
    const who = {
      viewer: {
        member: { key: 'grace-hopper', name: 'Grace Hopper' },
        role: 'MEMBER',
        session: { method: 'OIDC' },
      },
    };
    expect(await browser.ask(WHO)).toEqual(who);
    browser = new Browser({ port });
    await browser.fetch(await come('grace'));
    expect(await browser.ask(WHO)).toEqual(who);
    expect(await own.asOwner("SELECT FROM account WHERE lower(email) = 'grace@example.org'")).toHaveLength(1);
  });

  test('gives the most that one of the groups has', async () => {
    await browser.fetch(await come('grouped'));
    expect(await browser.ask(WHO)).toMatchObject({ viewer: { role: 'MAINTAINER' } });
  });

  test.each(['unverified', 'elsewhere'])('refuses who has neither, and leaves nothing: %s', async (login) => {
    const before = await own.asOwner('SELECT id FROM account');
    expect(await location(await come(login, '/x'))).toBe('/sign-in?error=OIDC_REFUSED&to=%2Fx');
    expect(browser.cookies.size).toBe(0);
    expect(await own.asOwner('SELECT id FROM account')).toEqual(before);
  });

  test('lets in who has neither and is a member already, by the verified address, whose password then goes', async () => {
    const joan = await person(own, 'VIEWER');
    await own.asOwner("UPDATE account SET email = 'Joan@Elsewhere.org' WHERE id = $1", [joan.accountId]);
    await browser.fetch(await come('elsewhere'));
    expect(await browser.ask(WHO)).toMatchObject({ viewer: { member: { key: joan.key }, role: 'VIEWER' } });
    expect(await joan.browser.ask(WHO)).toBe('UNAUTHENTICATED');
    const form = { email: 'joan@elsewhere.org', password: PASSWORD };
    expect((await new Browser({ port }).post('/auth/sign-in', form)).status).toBe(401);
  });

  test('does not take an account whose address the provider has not verified', async () => {
    const mallory = await person(own, 'OWNER');
    await own.asOwner("UPDATE account SET email = 'mallory@example.org' WHERE id = $1", [mallory.accountId]);
    expect(await location(await come('unverified'))).toMatch(/^\/sign-in\?error=OIDC_REFUSED/);
    expect(await mallory.browser.ask(WHO)).toHaveProperty('viewer');
  });

  test('is of the browser that began it, once', async () => {
    const back = await come('grace');
    const mine = browser;
    for (const other of [new Browser({ port }), await begun()]) {
      browser = other;
      expect(await location(back)).toMatch(/^\/sign-in\?error=OIDC_FAILED/);
      expect(browser.secret).toBe('');
    }
    browser = mine;
    expect(await location(back)).toBe('/runs?x=1');
    expect(await location(back)).toMatch(/^\/sign-in\?error=OIDC_FAILED/);
  });

  test.each([
    ['another state', (url: URL) => url.searchParams.set('state', 'x')],
    ['another code', (url: URL) => url.searchParams.set('code', 'x')],
    ['another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example.org')],
    ['no code', (url: URL) => url.searchParams.delete('code')],
  ])('fails with %s', async (_what, change) => {
    const back = new URL(await come('grace'), issuer);
    change(back);
    expect(await location(back.pathname + back.search)).toMatch(/^\/sign-in\?error=OIDC_FAILED/);
    expect(browser.cookies.size).toBe(0);
  });

  test('fails with a cookie in which the page to go to was changed', async () => {
    const back = await come('grace');
    const [secret] = browser.cookies.get('smallbatch_oidc')!.split('.');
    browser.cookies.set('smallbatch_oidc', `${secret}.${Buffer.from('/other').toString('base64url')}`);
    expect(await location(back)).toMatch(/^\/sign-in\?error=OIDC_FAILED/);
  });

  test('asks the provider with PKCE, state and nonce, none of which is the cookie’s secret', async () => {
    const started = await browser.fetch('/auth/oidc/start');
    const { searchParams } = new URL(started.headers.get('location')!);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `http://127.0.0.1:${port}/auth/oidc/callback`,
    });
    const [secret] = browser.cookies.get('smallbatch_oidc')!.split('.');
    expect(browser.set[0]).toMatch(/Max-Age=600; Path=\/; .*HttpOnly; SameSite=Lax/);
    expect([...searchParams.values()].join()).not.toContain(secret);
  });

  test('never lets somebody who was taken out come back by themselves', async () => {
    await browser.fetch(await come('grace'));
    await owner.browser.ask('mutation { removeMember(member: "grace-hopper") { __typename } }');
    expect(await browser.ask(WHO)).toBe('UNAUTHENTICATED');
    expect(await location(await come('grace'))).toMatch(/^\/sign-in\?error=OIDC_REFUSED/);
  });

  test('says that it failed where the provider does not answer, and works when it does again', async () => {
    const away = await testApi({
      host: '0.0.0.0',
      oidc: readOidc({ ...ENV, SMALLBATCH_OIDC_ISSUER: `http://127.0.0.1:${await freePort()}` }),
    });
    browser = new Browser(away.api);
    for (let i = 0; i < 2; i++)
      expect(await location('/auth/oidc/start?to=/x')).toBe('/sign-in?error=OIDC_FAILED&to=%2Fx');
  });

  test('is not there where none is configured', async () => {
    const plain = await testApi({ host: '0.0.0.0' });
    browser = new Browser(plain.api);
    expect((await browser.get('/auth/oidc/start')).status).toBe(404);
  });
});

/** A browser in which another sign-in was begun. */
async function begun(): Promise<Browser> {
  const other = new Browser({ port });
  await other.fetch('/auth/oidc/start');
  return other;
}

test.each([
  ['/runs?x=1#y', '/runs?x=1#y'],
  ['//evil.example.org', '/'],
  ['/\\evil.example.org', '/'],
  ['/a\\b', '/'],
  ['/\t/evil.example.org', '/'],
  ['https://evil.example.org', '/'],
  ['javascript:alert(1)', '/'],
  ['', '/'],
  [undefined, '/'],
  [['/a', '/b'], '/'],
])('after signing in %j leads to %s', (to, path) => {
  expect(safePath(to)).toBe(path);
});

describe('the configuration', () => {
  test.each([
    ['SMALLBATCH_OIDC_ISSUER', 'nonsense', /invalid SMALLBATCH_OIDC_ISSUER "nonsense"/],
    ['SMALLBATCH_OIDC_ISSUER', 'http://login.example.org', /invalid SMALLBATCH_OIDC_ISSUER/],
    ['SMALLBATCH_OIDC_CLIENT_ID', '', /missing SMALLBATCH_OIDC_CLIENT_ID/],
    [
      'SMALLBATCH_OIDC_DOMAINS',
      'example.org',
      /invalid SMALLBATCH_OIDC_DOMAINS "example.org": write NAME=ROLE/,
    ],
    ['SMALLBATCH_OIDC_GROUPS', 'crew=BOSS', /invalid SMALLBATCH_OIDC_GROUPS "crew=BOSS"/],
  ])('with %s "%s" is refused with what would be right', (variable, value, message) => {
    expect(() => readOidc({ ...ENV, [variable]: value })).toThrow(message);
  });

  test('gives by the whole domain, in whatever case, and nothing without a verified address', () => {
    const oidc = readOidc({
      ...ENV,
      SMALLBATCH_OIDC_GROUPS: '',
      SMALLBATCH_OIDC_DOMAINS: 'Example.org=OWNER',
    })!;
    const role = (email: string | null) => grantOf(oidc, { email, groups: ['toString'] })?.role;
    expect(role('a@EXAMPLE.ORG')).toBe('OWNER');
    for (const email of ['a@sub.example.org', 'a@notexample.org', '"@example.org"@evil.org', null])
      expect(role(email)).toBeUndefined();
    expect(readOidc({})).toBeUndefined();
  });
});
