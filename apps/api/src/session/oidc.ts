import { createHash } from 'node:crypto';
import type { Grant, Identified, Role } from '@smallbatch/db';
import type { Configuration } from 'openid-client';

/** How people sign in by a provider of OpenID Connect. */
export interface Oidc {
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** What the button says. */
  readonly name: string;
  /** Key of the team that people come into. */
  readonly team: string;
  /** Role by the domain of a verified e-mail address, in lower case, and by the name of a group. */
  readonly domains: ReadonlyMap<string, Role>;
  readonly groups: ReadonlyMap<string, Role>;
}

/** A tenth of a second to load, for who uses it. */
const load = () => import('openid-client');

/** Roles, the one with the most rights first. */
const ROLES: readonly Role[] = ['OWNER', 'MAINTAINER', 'MEMBER', 'VIEWER'];
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Reads SMALLBATCH_OIDC_…; undefined without an issuer. Throws an Error that names the variable that is wrong. */
export function readOidc(env: NodeJS.ProcessEnv): Oidc | undefined {
  const issuer = env.SMALLBATCH_OIDC_ISSUER;
  if (!issuer) return undefined;
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))))
    throw new Error(
      `invalid SMALLBATCH_OIDC_ISSUER "${issuer}": give the provider's address, https://HOST/PATH`,
    );
  const clientId = env.SMALLBATCH_OIDC_CLIENT_ID;
  if (!clientId)
    throw new Error('missing SMALLBATCH_OIDC_CLIENT_ID: the provider gives one to each application');
  return {
    issuer: url,
    clientId,
    clientSecret: env.SMALLBATCH_OIDC_CLIENT_SECRET || undefined,
    name: env.SMALLBATCH_OIDC_NAME || url.host,
    team: env.SMALLBATCH_OIDC_TEAM || 'local',
    domains: readRoles('SMALLBATCH_OIDC_DOMAINS', env.SMALLBATCH_OIDC_DOMAINS, (domain) =>
      domain.toLowerCase(),
    ),
    groups: readRoles('SMALLBATCH_OIDC_GROUPS', env.SMALLBATCH_OIDC_GROUPS, (group) => group),
  };
}

function readRoles(variable: string, text: string | undefined, read: (key: string) => string) {
  const roles = new Map<string, Role>();
  for (const part of (text ?? '').split(',').filter((one) => one.trim() !== '')) {
    const at = part.lastIndexOf('=');
    const role = ROLES.find((one) => one === part.slice(at + 1).trim());
    const key = part.slice(0, Math.max(at, 0)).trim();
    if (!role || key === '')
      throw new Error(`invalid ${variable} "${part}": write NAME=ROLE with one of ${ROLES.join(', ')}`);
    roles.set(read(key), role);
  }
  return roles;
}

/** All that a sign-in needs to be known again when the browser comes back, of the one secret that its cookie has. */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}
/** Where to go afterwards is part of it: a cookie that was changed is of no sign-in. */
export function flowOf(secret: string, to: string): Flow {
  const part = (name: string) => createHash('sha256').update(`${name}:${to}:${secret}`).digest('base64url');
  return { state: part('state'), nonce: part('nonce'), verifier: part('verifier') };
}

/** A path of this origin; anything else becomes its first page. */
export const safePath = (to: unknown): string =>
  typeof to === 'string' && /^\/(?![/\\])[^\\\p{Cc}]{0,1000}$/u.test(to) ? to : '/';

/** Talks with the provider, which is discovered at the first sign-in and again after a failure. */
export class Provider {
  readonly #oidc: Oidc;
  #discovered: Promise<Configuration> | undefined;

  constructor(oidc: Oidc) {
    this.#oidc = oidc;
  }

  #configuration(): Promise<Configuration> {
    this.#discovered ??= this.#discover().catch((error) => {
      this.#discovered = undefined;
      throw error;
    });
    return this.#discovered;
  }

  async #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#oidc;
    const client = await load();
    return client.discovery(
      issuer,
      clientId,
      clientSecret,
      clientSecret ? undefined : client.None(),
      // Without TLS only on this machine (readOidc).
      issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : undefined,
    );
  }

  /** The provider's page to go to. */
  async begin({ state, nonce, verifier }: Flow, redirectUri: string): Promise<URL> {
    const client = await load();
    return client.buildAuthorizationUrl(await this.#configuration(), {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /** Who came back from there; an Error where it was not this flow. `url`: where the browser came back to. */
  async finish({ state, nonce, verifier }: Flow, url: URL): Promise<Identified & { groups: string[] }> {
    const [client, config] = [await load(), await this.#configuration()];
    const tokens = await client.authorizationCodeGrant(config, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const token = tokens.claims()!;
    const more = config.serverMetadata().userinfo_endpoint
      ? await client.fetchUserInfo(config, tokens.access_token, token.sub)
      : {};
    const claims: Record<string, unknown> = { ...more, ...token };
    const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : undefined);
    const email = claims.email_verified === true ? text('email') : undefined;
    const name = text('name') ?? text('preferred_username') ?? email ?? token.sub;
    return {
      issuer: token.iss,
      subject: token.sub,
      name: [...name.replace(/[\p{Cc}\p{Surrogate}]/gu, '').trim()].slice(0, 80).join('') || 'member',
      email: email ?? null,
      groups: Array.isArray(claims.groups) ? claims.groups.filter((one) => typeof one === 'string') : [],
    };
  }
}

/** What somebody is given: the most that one of their groups, or the domain of their verified address, has. */
export function grantOf(
  { team, domains, groups }: Oidc,
  who: { readonly email: string | null; readonly groups: readonly string[] },
): Grant | undefined {
  const domain = who.email?.slice(who.email.lastIndexOf('@') + 1).toLowerCase();
  const given = [domain && domains.get(domain), ...who.groups.map((group) => groups.get(group))];
  const role = ROLES.find((one) => given.includes(one));
  return role && { team, role };
}
