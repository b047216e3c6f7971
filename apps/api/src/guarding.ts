import { createServer, type RequestListener, type Server } from 'node:http';
import type { Response } from 'express';

/** How long, and how much, of a request is waited for. */
export interface RequestLimits {
  /** Milliseconds for its headers, and for all of it. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** So often slow ones are looked for. */
  readonly checkMs: number;
  /** Of all its headers together, the address too; and how many there may be. */
  readonly headerBytes: number;
  readonly headers: number;
}
export const REQUEST_LIMITS: RequestLimits = {
  headersMs: 20_000,
  requestMs: 60_000,
  checkMs: 5_000,
  headerBytes: 16_384,
  headers: 200,
};

/** A server of HTTP that waits for nobody for long. What is over a limit is answered with 408 or 431, and closed. */
export function makeServer(listener: RequestListener, limits: RequestLimits): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: limits.headerBytes,
    },
    listener,
  );
  // Those beyond it are dropped unread by Node; one more is how they are seen (tooManyHeaders).
  server.maxHeadersCount = limits.headers + 1;
  return server;
}

/** Whether a request has more headers than it may: what was dropped of them could have been the one that counts. */
export const tooManyHeaders = (raw: readonly string[], { headers }: RequestLimits): boolean =>
  raw.length / 2 > headers;

/** What is no page of ours runs nothing, is in no frame, and is no part of another site's page. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
export function setHeaders(response: Response): void {
  response.setHeader('Content-Security-Policy', NOTHING);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
}
