import { createServer, type Server } from 'node:http';
import Provider from 'oidc-provider';
import { afterAll } from 'vitest';

/** What the provider says of people, by how they log in there. */
export const CLAIMS: Readonly<Record<string, Record<string, unknown>>> = {
  grace: { name: 'Grace Hopper', email: 'grace@Example.org', email_verified: true },
  unverified: { name: 'Mallory', email: 'mallory@example.org', email_verified: false },
  elsewhere: { name: 'Joan', email: 'joan@elsewhere.org', email_verified: true, groups: [] },
  grouped: {
    name: 'Frances',
    email: 'frances@elsewhere.org',
    email_verified: true,
    groups: ['crew', 'chiefs'],
  },
};

export const CLIENT = { id: 'smallbatch', secret: 'a secret of the client that is long enough' };

/** A real provider of OpenID Connect on a port of loopback, whose people log in by their name alone; for clients at these addresses. */
export async function startProvider(redirects: string[]): Promise<{ issuer: string; server: Server }> {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: redirects,
        application_type: 'native',
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub', 'groups'], profile: ['name'], email: ['email', 'email_verified'] },
    cookies: { keys: ['a key of this test'] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, ...CLAIMS[sub] }) }),
  });
  const handle = provider.callback();
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { issuer, server };
}

/** Follows the provider's pages as a person would who logs in as `login`, to where it sends the browser back. */
export async function logIn(start: string, login: string): Promise<string> {
  const jar = new Map<string, string>();
  let url = start;
  for (let step = 0; step < 12; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const form = /\/interaction\//.test(url);
    const page = form ? await (await fetch(url, { headers: { cookie } })).text() : '';
    const body = page.includes('name="login"')
      ? new URLSearchParams({ prompt: 'login', login, password: 'any' })
      : new URLSearchParams({ prompt: 'consent' });
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form ? { method: 'POST', body } : {}),
    });
    for (const text of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text)!;
      jar.set(name!, value!);
    }
    const to = response.headers.get('location');
    if (!to) throw new Error(`${response.status} ${url} ${await response.text()}`);
    url = new URL(to, url).href;
    if (url.includes('/auth/oidc/callback')) return url;
  }
  throw new Error(`the provider leads nowhere: ${url}`);
}
