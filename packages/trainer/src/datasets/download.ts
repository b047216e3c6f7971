import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { join } from 'node:path';
import { DatasetError } from './dataset-error.ts';

/** A file at a fixed address, known by its size and MD5. */
export interface Archive {
  readonly file: string;
  /** Address of the folder that it is in. */
  readonly base: string;
  readonly bytes: number;
  readonly md5: string;
}

const TORONTO = 'https://www.cs.toronto.edu/~kriz';
const CIFAR100: Archive = {
  file: 'cifar-100-binary.tar.gz',
  base: TORONTO,
  bytes: 168_513_733,
  md5: '03b5dce01913d631647c71ecec9e9cb8',
};

/** The official archives by the name of the data set that is read from them. */
export const ARCHIVES: Readonly<Record<string, Archive>> = {
  cifar10: {
    file: 'cifar-10-binary.tar.gz',
    base: TORONTO,
    bytes: 170_052_171,
    md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  },
  cifar100: CIFAR100,
  'cifar100-coarse': CIFAR100,
};

export type DownloadEvent =
  | { readonly kind: 'begun'; readonly address: string; readonly have: number; readonly total: number }
  | { readonly kind: 'received'; readonly bytes: number; readonly total: number }
  | { readonly kind: 'retrying'; readonly reason: string; readonly seconds: number }
  | { readonly kind: 'restarting'; readonly reason: string };

export interface DownloadOptions {
  readonly onEvent?: (event: DownloadEvent) => void;
  /** Seconds before the first retry; each one after it waits twice as long. */
  readonly pause?: number;
  /** Seconds without a byte after which a connection counts as lost. */
  readonly patience?: number;
}

/** Tries in a row that bring nothing new, until it gives up. */
const TRIES = 5;
const REDIRECTS = 5;

/** An answer that asking again does not change. */
class Refused extends Error {}

/**
 * Fetches an archive into `folder`, or takes the one that is there. What has arrived is kept in a `.part` file, and the next
 * try, or the next call, asks for the rest alone, if the file at the address is still the same (its ETag).
 */
export async function download(
  archive: Archive,
  folder: string,
  { onEvent = () => {}, pause = 1, patience = 30 }: DownloadOptions = {},
): Promise<string> {
  const { file, bytes, md5 } = archive;
  const address = `${archive.base.replace(/\/+$/, '')}/${file}`;
  const target = join(folder, file);
  const part = `${target}.part`;
  if ((await sizeOf(target)) === bytes && (await md5Of(target)) === md5) return target;
  await mkdir(folder, { recursive: true });

  const giveUp = (reason: string): DatasetError =>
    new DatasetError(
      `missing ${address}: ${reason}. What has arrived is kept, and the same command goes on from there; or get the file elsewhere and name it with --from PATH`,
    );
  onEvent({ kind: 'begun', address, have: await sizeOf(part), total: bytes });
  for (let tries = 1; ; tries++) {
    const before = await sizeOf(part);
    try {
      await fetchRest(address, part, bytes, patience, onEvent);
      break;
    } catch (error) {
      if (error instanceof Refused) throw giveUp(error.message);
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
        throw new DatasetError(`missing disk space for ${part}: free some, then give the same command`);
      if ((await sizeOf(part)) > before) tries = 1;
      const reason = reasonOf(error);
      if (tries >= TRIES) throw giveUp(reason);
      const seconds = pause * 2 ** (tries - 1);
      onEvent({ kind: 'retrying', reason, seconds });
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
  const found = await md5Of(part);
  await rm(tagOf(part), { force: true });
  if (found !== md5) {
    await rm(part, { force: true });
    throw new DatasetError(
      `damaged ${address}: its MD5 is ${found} where ${md5} belongs. It was removed; give the same command to fetch it anew, or name the official file with --from PATH`,
    );
  }
  await rename(part, target);
  return target;
}

/** Asks for what is missing of the part and writes it to its place. */
async function fetchRest(
  address: string,
  part: string,
  bytes: number,
  patience: number,
  onEvent: (event: DownloadEvent) => void,
): Promise<void> {
  const tag = await readFile(tagOf(part), 'utf8').catch(() => undefined);
  let have = await sizeOf(part);
  if (have > bytes) {
    await rm(part, { force: true });
    have = 0;
  }
  if (have === bytes) return;
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (have > 0) headers.range = `bytes=${have}-`;
  if (have > 0 && tag) headers['if-range'] = tag;
  const answer = await ask(address, headers, patience);
  try {
    const { statusCode: status = 0 } = answer;
    if (status === 416) {
      await rm(part, { force: true });
      throw new Error('the server has no more than what was kept: from the beginning');
    }
    if (status !== 200 && status !== 206) {
      const reason = `the server answered ${status} ${answer.statusMessage}`.trim();
      throw status >= 500 || status === 429 || status === 408 ? new Error(reason) : new Refused(reason);
    }
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers['content-range'] ?? '');
    // The whole file comes from a server that knows no ranges, and when the file has changed.
    let place = status === 206 ? Number(range?.[1] ?? Number.NaN) : 0;
    if (place !== 0 && place !== have)
      throw new Error(`the server answered with another range than from ${have}`);
    const size = status === 206 ? range?.[2] : answer.headers['content-length'];
    if (size !== undefined && size !== '*' && Number(size) !== bytes)
      throw new Refused(`the file there has ${size} bytes where ${bytes} belong`);
    if (place === 0 && have > 0) onEvent({ kind: 'restarting', reason: 'the server sends the whole file' });
    const { etag = '' } = answer.headers;
    // A weak tag does not promise the same bytes.
    if (/^"/.test(etag)) await writeFile(tagOf(part), etag);
    else await rm(tagOf(part), { force: true });
    const out = await open(part, place > 0 ? 'r+' : 'w');
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        if (place + chunk.length > bytes) throw new Refused(`the server sends more than ${bytes} bytes`);
        await out.write(chunk, 0, chunk.length, place);
        place += chunk.length;
        onEvent({ kind: 'received', bytes: place, total: bytes });
      }
    } finally {
      await out.close();
    }
    if (place < bytes) throw new Error(`the connection ended at ${place} of ${bytes} bytes`);
  } finally {
    answer.destroy();
  }
}

/** A GET that follows redirections. Not by fetch, which unpacks a file that its server calls packed, and so changes its bytes. */
async function ask(
  address: string,
  headers: Record<string, string>,
  patience: number,
  left = REDIRECTS,
): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const get = address.startsWith('https:') ? getHttps : getHttp;
    const request = get(address, { headers, agent: false }, resolve);
    request.on('error', reject);
    request.setTimeout(patience * 1000, () => request.destroy(new Error(`nothing came for ${patience} s`)));
  });
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || !location) return answer;
  answer.destroy();
  if (left === 0) throw new Refused('the server redirects again and again');
  return ask(new URL(location, address).href, headers, patience, left - 1);
}

/** Where the ETag of a part is kept. */
const tagOf = (part: string): string => `${part}.etag`;

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

async function md5Of(path: string): Promise<string> {
  const digest = createHash('md5');
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) digest.update(part);
  return digest.digest('hex');
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its host is not found (no network?)';
  if (code === 'ECONNREFUSED') return 'the server refuses connections';
  if (code === 'ECONNRESET' || message === 'aborted') return 'the connection broke off';
  return message;
}
