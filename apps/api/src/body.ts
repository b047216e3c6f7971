import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';
import { refuse } from './admit.ts';
import { fault } from './errors.ts';
import { LIMITS } from './limits.ts';

/** What a client goes on sending after it was refused is read and dropped for so long: an answer would be lost otherwise. */
const LINGER_MS = 1_000;

/**
 * Reads a body of JSON. One that is too large is answered as soon as that is known, by its stated length or by what has come, and
 * not at its end. Nothing compressed is taken: a body is small, and what it unfolds to is not known before.
 */
export const readBody: RequestHandler = (request, response, next) => {
  const { headers } = request;
  // What hears the end of a body is called from its connection, which knows of no request.
  const goOn = AsyncLocalStorage.bind(next as () => void);
  const no = (status: number, message: string): void => {
    refuse(response, status, fault('BAD_INPUT', message));
    request.resume();
    const rest = setTimeout(() => request.complete || request.socket.destroy(), LINGER_MS);
    request.once('close', () => clearTimeout(rest));
  };
  const tooLarge = `too large a body; at most ${LIMITS.bodyBytes} bytes: send smaller batches`;
  const encoding = headers['content-encoding'];
  const charset = /charset="?([^";]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (encoding !== undefined && encoding !== 'identity')
    return no(415, `invalid content encoding "${encoding}": send the body as it is`);
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
    return no(415, `invalid content type "${headers['content-type'] ?? ''}": send application/json`);
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    return no(415, `invalid charset "${charset}": send UTF-8`);
  if (Number(headers['content-length'] ?? 0) > LIMITS.bodyBytes) return no(413, tooLarge);

  const chunks: Buffer[] = [];
  let size = 0;
  const gather = (chunk: Buffer): void => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= LIMITS.bodyBytes) return;
    chunks.length = 0;
    request.off('data', gather).off('end', read);
    no(413, tooLarge);
  };
  const read = (): void => {
    try {
      request.body = JSON.parse(Buffer.concat(chunks).toString());
    } catch {
      no(400, 'the body is not valid JSON');
      return;
    }
    goOn();
  };
  request
    .on('data', gather)
    .on('end', read)
    .on('error', () => {});
};
