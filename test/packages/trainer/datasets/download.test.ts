import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHIVES, type Archive, type DownloadEvent, download } from '@smallbatch/trainer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

const bytes = randomBytes(500_000);
const md5 = createHash('md5').update(bytes).digest('hex');
const FILE = 'archive.tar.gz';

let server: Server;
let archive: Archive;
let folder: string;
/** What the server was asked, and how it behaves. */
let asked: IncomingMessage['headers'][];
let serves: { content: Buffer; etag: string; breaksAfter: (request: number) => number; ranges: boolean };

beforeAll(async () => {
  server = createServer((request, response) => {
    const number = asked.push(request.headers);
    const { content, etag, breaksAfter, ranges } = serves;
    if (request.url !== `/files/${FILE}`) {
      response
        .writeHead(request.url === '/moved/archive.tar.gz' ? 302 : 404, { location: `/files/${FILE}` })
        .end();
      return;
    }
    const { range, 'if-range': condition } = request.headers;
    const same = condition === undefined || condition === etag;
    const from = ranges && range && same ? Number(/^bytes=(\d+)-$/.exec(range)![1]) : 0;
    const partly =
      from > 0 ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, {
      etag,
      'content-length': content.length - from,
      // Some servers call a .tar.gz packed on the way; unpacking it would change the file.
      'content-encoding': 'x-gzip',
      ...partly,
    });
    const most = breaksAfter(number);
    response.write(content.subarray(from, from + most), () => {
      if (from + most < content.length) setTimeout(() => response.destroy(), 20);
      else response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  archive = { file: FILE, base: `http://127.0.0.1:${port}/files`, bytes: bytes.length, md5 };
});
afterAll(() => {
  server.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallbatch-download-'));
  asked = [];
  serves = { content: bytes, etag: '"one"', breaksAfter: () => Number.POSITIVE_INFINITY, ranges: true };
});
afterEach(() => rm(folder, { recursive: true }));

const fast = { pause: 0.01, patience: 5 };
const files = async (): Promise<string[]> => (await readdir(folder)).sort();

test('a connection that breaks off in the middle goes on where it was, again and again', async () => {
  serves.breaksAfter = () => 70_000;
  const events: DownloadEvent[] = [];
  const path = await download(archive, folder, { ...fast, onEvent: (event) => events.push(event) });
  expect((await readFile(path)).equals(bytes)).toBe(true);
  const starts = asked.map(({ range }) => (range ? Number(/\d+/.exec(range)![0]) : 0));
  expect(starts.length).toBeGreaterThanOrEqual(8);
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  expect(new Set(starts).size).toBe(starts.length);
  expect(asked.slice(1).every((headers) => headers['if-range'] === '"one"')).toBe(true);
  expect(events.at(0)).toMatchObject({ kind: 'begun', have: 0, total: bytes.length });
  expect(events.filter(({ kind }) => kind === 'retrying')).toHaveLength(starts.length - 1);
  expect(events.at(-1)).toEqual({ kind: 'received', bytes: bytes.length, total: bytes.length });
  expect(await files()).toEqual([FILE]);
});

test('a later call goes on with what an earlier one has kept, and one after that asks for nothing', async () => {
  serves.breaksAfter = (request) => (request === 1 ? 200_000 : 0);
  await expect(download(archive, folder, fast)).rejects.toThrow(/the connection .*What has arrived is kept/);
  expect((await stat(join(folder, `${FILE}.part`))).size).toBe(200_000);
  serves.breaksAfter = () => Number.POSITIVE_INFINITY;
  asked = [];
  await download(archive, folder, fast);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ range: 'bytes=200000-', 'if-range': '"one"' });
  const path = await download(archive, folder, fast);
  expect(asked).toHaveLength(1);
  expect((await readFile(path)).equals(bytes)).toBe(true);
});

test('a file that has changed meanwhile, or a server without ranges, is taken from the beginning', async () => {
  const old = randomBytes(bytes.length);
  for (const change of [{ etag: '"two"' }, { ranges: false }]) {
    serves = { ...serves, content: old, breaksAfter: (request) => (request === 1 ? 100_000 : 0) };
    asked = [];
    await expect(download(archive, folder, fast)).rejects.toThrow(/is kept/);
    serves = { ...serves, content: bytes, breaksAfter: () => Number.POSITIVE_INFINITY, ...change };
    const events: DownloadEvent[] = [];
    const path = await download(archive, folder, { ...fast, onEvent: (event) => events.push(event) });
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect(events).toContainEqual({ kind: 'restarting', reason: 'the server sends the whole file' });
    await rm(path);
  }
});

test('another file is refused with both checksums, and removed', async () => {
  serves.content = randomBytes(bytes.length);
  const found = createHash('md5').update(serves.content).digest('hex');
  await expect(download(archive, folder, fast)).rejects.toThrow(
    new RegExp(`damaged http\\S+${FILE}: its MD5 is ${found} where ${md5} belongs`),
  );
  expect(await files()).toEqual([]);
  serves.content = bytes.subarray(1);
  await expect(download(archive, folder, fast)).rejects.toThrow(/has 499999 bytes where 500000 belong/);
  expect(asked).toHaveLength(2);
});

test('redirections are followed; an address that is not there and a server that is not there are said', async () => {
  const moved = { ...archive, base: archive.base.replace('/files', '/moved/') };
  expect(existsSync(await download(moved, folder, fast))).toBe(true);
  await rm(join(folder, FILE));
  const nowhere = { ...archive, base: `${archive.base}/nowhere` };
  await expect(download(nowhere, folder, fast)).rejects.toThrow(
    /the server answered 404 Not Found.*--from PATH/,
  );
  const silent = { ...archive, base: 'http://127.0.0.1:1' };
  await expect(download(silent, folder, fast)).rejects.toThrow(/the server refuses connections/);
});

test('a damaged file that was finished before is fetched again', async () => {
  await writeFile(join(folder, FILE), randomBytes(bytes.length));
  const path = await download(archive, folder, fast);
  expect((await readFile(path)).equals(bytes)).toBe(true);
});

test('the official archives are pinned', () => {
  expect(
    Object.entries(ARCHIVES).map(([name, { base, file, md5: sum }]) => `${name} ${base}/${file} ${sum}`),
  ).toEqual([
    'cifar10 https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz c32a1d4ab5d03f1284b67883e8d87530',
    'cifar100 https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz 03b5dce01913d631647c71ecec9e9cb8',
    'cifar100-coarse https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz 03b5dce01913d631647c71ecec9e9cb8',
  ]);
});
