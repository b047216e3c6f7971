import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Most bytes of one request, as they are sent and as they are inflated. */
export const INGEST_BYTES = 8_000_000;
/** Most points of one request: what is short in a body (steps that rise evenly, a "1") is long in memory. */
export const INGEST_POINTS = 1_000_000;

/** A request that is refused whole; nothing of it was written. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly more: Readonly<Record<string, unknown>>;
  constructor(status: number, code: string, message: string, more: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

export const tooLarge = (what: string): Refusal =>
  new Refusal(
    413,
    'TOO_LARGE',
    `too large a request: more than ${what}; at most ${INGEST_BYTES} bytes, as sent and as inflated, and ${INGEST_POINTS} points: send it in parts`,
  );

async function* bounded(source: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > INGEST_BYTES) throw tooLarge(`${INGEST_BYTES} bytes ${what}`);
    yield chunk;
  }
}

/**
 * The body, inflated where it says so. Neither what comes in nor what it inflates to is ever held beyond the limit: a small body that
 * would inflate to gigabytes is refused after its first megabytes. Aligned, so that columns can be read in place.
 */
export async function readBody(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Refusal(
      415,
      'UNSUPPORTED_ENCODING',
      `unsupported Content-Encoding "${encoding.slice(0, 60)}": send gzip, or none`,
    );
  if (Number(request.headers['content-length']) > INGEST_BYTES) throw tooLarge(`${INGEST_BYTES} bytes sent`);
  // Left open when it is refused: its connection still has the answer to carry.
  let source: AsyncIterable<Buffer> = bounded(request.iterator({ destroyOnReturn: false }), 'sent');
  let sent: Readable | undefined;
  if (encoding === 'gzip') {
    sent = Readable.from(source, { objectMode: false });
    const gunzip = createGunzip();
    sent.on('error', (error) => gunzip.destroy(error));
    source = bounded(sent.pipe(gunzip), 'inflated');
  }
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of source) chunks.push(chunk);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { code } = error as { code?: string };
    if (code?.startsWith('Z_')) throw new Refusal(400, 'BAD_INPUT', 'the body is not valid gzip');
    throw error;
  } finally {
    sent?.destroy();
  }
  const body = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
