import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
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

/** An answer that asking again does not change. */
class Refused extends Error {}

/**
 * Fetches an archive into `folder`, or takes the one that is there. What has arrived is kept in a `.part` file, and the next
 * try, or the next call, asks for the rest alone. Bytes are written at their place in the file, so two calls at once do each
 * other no harm.
 */
export async function download(
  archive: Archive,
  folder: string,
  { onEvent = () => {}, pause = 1, patience = 30 }: DownloadOptions = {},
): Promise<string> {
  const { file, bytes, md5 } = archive;
  const address = `${archive.base.replace(/\/$/, '')}/${file}`;
  const target = join(folder, file);
  const part = `${target}.part`;
  if ((await sizeOf(target)) === bytes && (await md5Of(target)) === md5) return target;
  await mkdir(folder, { recursive: true });
  if ((await sizeOf(part)) > bytes) {
    onEvent({ kind: 'restarting', reason: `${part} is larger than the file` });
    await rm(part, { force: true });
  }

  const giveUp = (reason: string): DatasetError =>
    new DatasetError(
      `missing ${address}: ${reason}. What has arrived is kept, and the same command goes on from there; or get the file elsewhere and name it with --from PATH`,
    );
  let resumed = (await sizeOf(part)) > 0;
  for (let tries = 1; ; tries++) {
    const before = await sizeOf(part);
    try {
      await fetchRest(address, part, bytes, patience, onEvent);
    } catch (error) {
      if (error instanceof Refused) throw giveUp(error.message);
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC') throw new DatasetError(`missing disk space: ${folder} is full (${message})`);
      const reason = reasonOf(error);
      if ((await sizeOf(part)) > before) tries = 1;
      if (tries >= TRIES) throw giveUp(reason);
      const seconds = pause * 2 ** (tries - 1);
      onEvent({ kind: 'retrying', reason, seconds });
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      continue;
    }
    const found = await md5Of(part).catch(() => undefined);
    if (found === md5) break;
    // Another call at the same time may have finished it meanwhile.
    if (found === undefined && (await sizeOf(target)) === bytes) break;
    await rm(part, { force: true });
    if (!resumed) {
      throw new DatasetError(
        `damaged ${address}: its MD5 is ${found} where ${md5} belongs, so this is another file. Get the official one and name it with --from PATH`,
      );
    }
    // The part that was there may have been of another file: once more from the beginning.
    resumed = false;
    tries = 0;
    onEvent({ kind: 'restarting', reason: 'what was kept from before does not fit the rest' });
  }
  await rename(part, target).catch(async (error) => {
    if ((await sizeOf(target)) !== bytes) throw error;
  });
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
  const have = await sizeOf(part);
  if (have === bytes) return;
  const controller = new AbortController();
  const silent = new Error(`nothing came for ${patience} s`);
  let timer = setTimeout(() => controller.abort(silent), patience * 1000);
  let out: FileHandle | undefined;
  try {
    // A proxy that packs the answer would change its bytes.
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (have > 0) headers.range = `bytes=${have}-`;
    const response = await fetch(address, { headers, signal: controller.signal });
    const { status } = response;
    if (status === 416) {
      await response.body?.cancel();
      await rm(part, { force: true });
      throw new Error('the server has no more than what was kept: from the beginning');
    }
    if (status !== 200 && status !== 206) {
      await response.body?.cancel();
      const reason = `the server answered ${status} ${response.statusText}`.trim();
      throw status >= 500 || status === 429 || status === 408 ? new Error(reason) : new Refused(reason);
    }
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    // A server that knows no ranges sends all of it again.
    let place = status === 206 ? Number(range?.[1] ?? Number.NaN) : 0;
    const length = response.headers.get('content-length');
    const size = status === 206 ? range?.[2] : (length ?? undefined);
    if (place !== 0 && place !== have) {
      await response.body?.cancel();
      throw new Error(`the server answered with another range than from ${have}`);
    }
    if (size !== undefined && size !== '*' && Number(size) !== bytes) {
      await response.body?.cancel();
      throw new Refused(`the file there has ${size} bytes where ${bytes} belong`);
    }
    if (place === 0 && have > 0) onEvent({ kind: 'restarting', reason: 'the server sends the whole file' });
    out = await open(part, have > 0 ? 'r+' : 'a').then(async (made) => {
      if (have > 0) return made;
      // Made without emptying what another call may have begun.
      await made.close();
      return open(part, 'r+');
    });
    for await (const chunk of response.body!) {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(silent), patience * 1000);
      if (place + chunk.length > bytes) throw new Refused(`the server sends more than ${bytes} bytes`);
      await out.write(chunk, 0, chunk.length, place);
      place += chunk.length;
      onEvent({ kind: 'received', bytes: place, total: bytes });
    }
    if (place < bytes) throw new Error(`the connection ended at ${place} of ${bytes} bytes`);
  } finally {
    clearTimeout(timer);
    await out?.close();
  }
}

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

/** What fetch says ("fetch failed", "terminated") hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its host is not found (no network?)';
  if (code === 'ECONNREFUSED') return 'the server refuses connections';
  return inner ? `${message} (${inner})` : message;
}
