import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';

/** Of a header that every proxy appends to, what the nearest one has written; the rest is said by whoever asks. */
const nearest = (header: string | string[] | undefined): string | undefined =>
  [header].flat().at(-1)?.split(',').at(-1)?.trim() || undefined;

export interface Origin {
  /** Whether the browser came over TLS. */
  readonly tls: boolean;
  /** Host and port as the browser knows them. */
  readonly host: string;
  /** Address of the browser, as far as it is known. */
  readonly address: string;
}

/** Where a request came to and from; headers of a proxy are believed only where one is trusted. */
export function originOf(request: IncomingMessage, trustProxy: boolean): Origin {
  const { headers, socket } = request;
  const said = (name: string) => (trustProxy ? nearest(headers[name]) : undefined);
  return {
    tls: said('x-forwarded-proto') === 'https',
    host: said('x-forwarded-host') ?? headers.host ?? '',
    address: said('x-forwarded-for') ?? socket.remoteAddress ?? '',
  };
}

/** Where a request came from, as it is written down: an address, and what the browser says that it is. */
export const fromOf = (
  request: IncomingMessage,
  trustProxy: boolean,
): { readonly address: string; readonly agent: string } => ({
  address: originOf(request, trustProxy).address,
  agent: request.headers['user-agent'] ?? '',
});

/** Whether a page of this origin asks, or no page at all. Over TLS a page that came without it is another origin. */
export function originAllowed(request: IncomingMessage, trustProxy: boolean): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const { tls, host } = originOf(request, trustProxy);
  const page = new URL(origin);
  return page.host === host && (!tls || page.protocol === 'https:');
}

export type CookieName = 'smallbatch_session' | 'smallbatch_oidc';

/** Over TLS no other host, and no page without TLS, can set it. */
const fullName = (name: CookieName, tls: boolean): string => (tls ? `__Host-${name}` : name);

/** A cookie's value. Over TLS only the one that only this origin can have set; the dashboard asks on behalf of both. */
export function readCookie(header: string | undefined, name: CookieName, tls: boolean): string | undefined {
  const given = new Map<string, string>();
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    const key = part.slice(0, at).trim();
    if (at > 0 && !given.has(key)) given.set(key, part.slice(at + 1).trim());
  }
  return given.get(fullName(name, true)) ?? (tls ? undefined : given.get(name));
}

/** Sets a cookie that no script reads, for so many seconds; none: takes it away. */
export function writeCookie(
  response: Response,
  name: CookieName,
  tls: boolean,
  value: string,
  seconds: number,
): void {
  response.cookie(fullName(name, tls), value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: tls,
    path: '/',
    maxAge: seconds * 1000,
  });
}
