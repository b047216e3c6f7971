import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { DeliveryTry } from '@smallbatch/db';
import { Webhook } from 'standardwebhooks';
import { hostOf, isPublic, PrivateAddress, publicLookup, type Resolve } from './address.ts';

export interface SendOptions {
  /** Also to loopback and private networks, and by http. */
  readonly allowPrivate: boolean;
  /** For all of a try: finding the host, connecting, sending, the answer's status. */
  readonly timeoutMs: number;
  readonly resolve?: Resolve | undefined;
}

/**
 * Sends a delivery once. → the status of the answer, or why there is none. The answer's body is not read and no redirect is followed: the
 * connection ends with the head.
 */
export function send(
  { id, url: text, body, secrets }: Pick<DeliveryTry, 'id' | 'url' | 'body' | 'secrets'>,
  { allowPrivate, timeoutMs, resolve }: SendOptions,
  stop?: AbortSignal,
): Promise<{ httpStatus: number | null; error: string | null }> {
  const url = new URL(text);
  const host = hostOf(url);
  const now = new Date();
  return new Promise((done) => {
    const fail = (error: Error): void => done({ httpStatus: null, error: error.message || String(error) });
    if (!allowPrivate && url.protocol !== 'https:')
      return fail(
        new Error(
          `${url.protocol} is not allowed: https alone, unless the operator allows it (SMALLBATCH_WEBHOOK_PRIVATE=1)`,
        ),
      );
    // An address that is written out is never looked up.
    if (!allowPrivate && isIP(host) && !isPublic(host)) return fail(new PrivateAddress(host, host));
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: false,
      ...(stop ? { signal: stop } : {}),
      ...(allowPrivate ? (resolve ? { lookup: resolve as never } : {}) : { lookup: publicLookup(resolve) }),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Smallbatch',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
      },
    });
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    request.on('close', () => clearTimeout(timer));
    request.on('error', fail);
    request.on('response', (response) => {
      const { statusCode = 0, headers } = response;
      response.destroy();
      const redirect = headers.location === undefined ? '' : ', a redirect, which is not followed';
      done({
        httpStatus: statusCode,
        error:
          statusCode >= 200 && statusCode < 300
            ? null
            : `answered ${statusCode}${statusCode >= 300 && statusCode < 400 ? redirect : ''}`,
      });
    });
    request.end(body);
  });
}
