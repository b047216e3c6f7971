import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { startApi } from './api.ts';
import { type Ended, program, root, smallbatch } from './smallbatch.ts';

const place = mkdtempSync(join(tmpdir(), 'smallbatch-cifar-'));
const home = join(place, 'home');
const RECORD = 3073;
let api: { url: string; stop(): Promise<void> };
beforeAll(async () => {
  api = await startApi((await testDatabase()).url);
});
afterAll(async () => {
  await api.stop();
  rmSync(place, { recursive: true });
});

/** A folder in the layout of CIFAR-10's binary version with a few made-up images in each file. */
function folderOf(name: string, change: (files: Record<string, Buffer>) => void = () => {}): string {
  const files: Record<string, Buffer> = {};
  for (const file of ['data_batch_1.bin', 'data_batch_2.bin', 'test_batch.bin']) {
    const bytes = Buffer.alloc(RECORD * 20);
    for (let i = 0; i < 20; i++) bytes.fill(i, i * RECORD + 1, (i + 1) * RECORD)[i * RECORD] = i % 10;
    files[file] = bytes;
  }
  change(files);
  const folder = join(place, name, 'cifar-10-batches-bin');
  mkdirSync(folder, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, file), bytes);
  return join(place, name);
}
const add = (name: string, from: string): Promise<Ended> =>
  smallbatch(['dataset', 'add', name, '--home', home, '--from', from], { env: { SMALLBATCH_URL: api.url } });

test('CIFAR-10 is the same data set from a folder, a tar and a gzipped tar', async () => {
  const folder = folderOf('good');
  const tar = join(place, 'good.tar');
  execFileSync('tar', ['-cf', tar, '-C', folder, 'cifar-10-batches-bin']);
  execFileSync('tar', ['-czf', `${tar}.gz`, '-C', folder, 'cifar-10-batches-bin']);
  const said = [];
  for (const from of [folder, tar, `${tar}.gz`]) said.push((await add('cifar-small', from)).stderr);
  expect(said[0]).toMatch(/^cifar-small: 40 training and 20 test images, hash [0-9a-f]{12}…\n$/);
  const hash = /hash (\w+)/.exec(said[0]!)![1];
  for (const again of said.slice(1)) expect(again).toContain(`hash ${hash}… (was there already)`);
});

test('other bytes under a name that is taken are refused, and other files are refused by name, record and value; nothing is kept', async () => {
  const before = existsSync(join(home, 'datasets')) ? readdirSync(join(home, 'datasets')).sort() : [];
  const cut = join(place, 'cut.tar.gz');
  execFileSync('tar', [
    '-czf',
    cut,
    '-C',
    folderOf('whole', (files) =>
      files['test_batch.bin']!.set(crypto.getRandomValues(new Uint8Array(60_000))),
    ),
    'cifar-10-batches-bin',
  ]);
  writeFileSync(cut, readFileSync(cut).subarray(0, 20_000));
  const cases: [string, RegExp][] = [
    [
      folderOf('label', (files) => files['data_batch_2.bin']!.writeUInt8(11, 4 * RECORD)),
      /invalid label 11 in record 5 of data_batch_2\.bin/,
    ],
    [
      folderOf('short', (files) => Object.assign(files, { 'test_batch.bin': Buffer.alloc(RECORD + 7) })),
      /truncated test_batch\.bin .* 1 records of 3073 and 7 bytes over/,
    ],
    [
      folderOf('empty', (files) => Object.assign(files, { 'test_batch.bin': Buffer.alloc(0) })),
      /truncated test_batch\.bin/,
    ],
    [folderOf('none', (files) => delete files['test_batch.bin']), /missing test_batch\.bin/],
    [cut, /invalid archive \S+cut\.tar\.gz: .*complete/],
    [join(place, 'nowhere'), /missing \S+nowhere/],
  ];
  for (const [from, message] of cases) {
    const { code, stderr } = await add('cifar-bad', from);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  }
  const other = await add(
    'cifar-small',
    folderOf('other', (files) => files['data_batch_1.bin']!.writeUInt8(9, 0)),
  );
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/invalid name "cifar-small": it belongs to other bytes/);
  const after = readdirSync(join(home, 'datasets')).sort();
  expect(after.filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([]);
  expect(after).toEqual(before);
}, 60_000);

const say = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  smallbatch(['dataset', ...args, '--home', home], { env: { SMALLBATCH_URL: api.url, ...env } });

test('CIFAR-100 is told by its files; its coarse labels are another data set, whatever it is called', async () => {
  const folder = join(place, 'hundred');
  mkdirSync(folder);
  const record = Buffer.alloc(3074, 5).fill(19, 0, 1).fill(99, 1, 2);
  for (const file of ['train.bin', 'test.bin']) writeFileSync(join(folder, file), record);
  const fine = await add('fine', folder);
  const coarse = await say(['add', 'cifar100-coarse', '--name', 'coarse', '--from', folder]);
  expect(fine.stderr).toMatch(/^fine: 1 training and 1 test images, hash [0-9a-f]{12}…\n$/);
  expect(coarse.stderr).toMatch(/^coarse: 1 training and 1 test images/);
  const rows = JSON.parse((await say(['list', '--format', 'json'])).stdout) as {
    name: string;
    classes: number;
  }[];
  expect(
    rows.filter(({ name }) => /fine|coarse/.test(name)).map(({ name, classes }) => [name, classes]),
  ).toEqual([
    ['coarse', 20],
    ['fine', 100],
  ]);
});

test('a folder of JPEG files by class is added with its size, and a corrupt one is refused by name', async () => {
  const folder = join(place, 'flowers');
  for (const [i, file] of [
    'train/rose/1',
    'train/rose/2',
    'train/tulip/3',
    'val/rose/4',
    'val/tulip/5',
  ].entries()) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    const background = { r: 40 * i, g: 90, b: 200 };
    const image = sharp({ create: { width: 90 + i, height: 70, channels: 3, background } });
    await image.jpeg().toFile(join(folder, `${file}.jpg`));
  }
  const added = await say(['add', '--name', 'flowers', '--from', folder, '--size', '32']);
  expect(added.stderr).toMatch(
    /5 of 5 images checked.*\nflowers: 3 training and 2 test images, hash [0-9a-f]{12}…\n$/,
  );
  const rows = JSON.parse((await say(['list', '--format', 'json'])).stdout) as { name: string }[];
  expect(rows.find(({ name }) => name === 'flowers')).toMatchObject({
    classes: 2,
    shape: '3×32×32',
    here: true,
  });
  const bytes = readFileSync(join(folder, 'val/rose/4.jpg'));
  writeFileSync(join(folder, 'val/rose/4.jpg'), bytes.subarray(0, 300));
  const refused = await say(['add', 'withered', '--from', folder]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/corrupt image in \S+flowers: val\/rose\/4\.jpg \(.*Mend or remove it/);
});

test('a worker trains on image files; when one breaks it gives the runs back with its name and goes on with others', async () => {
  const folder = join(place, 'trained');
  for (let i = 0; i < 20; i++) {
    const file = join(folder, i < 12 ? 'train' : 'val', i % 2 ? 'one' : 'two', `${i}.jpg`);
    mkdirSync(join(file, '..'), { recursive: true });
    const background = { r: 10 * i, g: 90, b: 200 };
    await sharp({ create: { width: 90, height: 70 + i, channels: 3, background } })
      .jpeg()
      .toFile(file);
  }
  expect((await say(['add', 'trained', '--from', folder, '--size', '32'])).code).toBe(0);
  // A small one of bytes, for what the worker goes on with.
  expect(
    (
      await add(
        'beside',
        folderOf('beside', (files) => files['data_batch_1.bin']!.writeUInt8(3, 0)),
      )
    ).code,
  ).toBe(0);
  const run = async (name: string, dataset: string, seed: number): Promise<Ended> => {
    const file = join(place, `${name}.json`);
    const fixed = { width: 2, epochs: 1, batchSize: 4, baseLearningRate: 0.01, augmentation: true };
    const sweep = { name, dataset: [dataset], model: 'resnet8', axes: { seed: [seed] }, fixed };
    writeFileSync(file, JSON.stringify(sweep));
    return smallbatch(['sweep', 'create', file], { env: { SMALLBATCH_URL: api.url } });
  };
  const work = (): Promise<Ended> =>
    smallbatch(['worker', '--once', '--processes', '1', '--home', home], {
      env: { SMALLBATCH_URL: api.url },
    });
  expect((await run('whole', 'trained', 1)).stderr).toContain('1 new runs');
  expect((await work()).stderr).toMatch(/whole-\d+\/1 done/);

  writeFileSync(join(folder, 'train/one/3.jpg'), 'broken');
  expect((await run('broken', 'trained', 2)).code).toBe(0);
  expect((await run('beside', 'beside', 2)).code).toBe(0);
  const { code, stderr } = await work();
  expect(stderr).toMatch(
    /broken-\d+\/1 given back: damaged image train\/one\/3\.jpg of data set "trained" in \S+trained: it has other bytes/,
  );
  expect(stderr).toMatch(/beside-\d+\/1 done/);
  expect(stderr).toMatch(/trained \(smallbatch dataset add\)/);
  expect(code).toBe(0);
});

test('an archive that breaks off is gone on with, its progress is shown, and another file is refused with both checksums', async () => {
  const total = 170_052_171;
  const block = Buffer.alloc(1 << 20, 7);
  const starts: number[] = [];
  const server = createServer(async (request, response) => {
    const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    starts.push(from);
    response.writeHead(from ? 206 : 200, {
      etag: '"zeros"',
      'content-length': total - from,
      ...(from ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {}),
    });
    for (let place = from; place < total; place += block.length) {
      if (starts.length === 1 && place > total / 2) {
        setTimeout(() => response.destroy(), 100);
        return;
      }
      const more = response.write(block.subarray(0, Math.min(block.length, total - place)));
      if (!more) await new Promise((drained) => response.once('drain', drained));
    }
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await say(['add', 'cifar10'], { SMALLBATCH_MIRROR: mirror });
  server.close();
  expect(code).toBe(1);
  expect(starts[0]).toBe(0);
  expect(starts).toHaveLength(2);
  expect(starts[1]).toBeGreaterThan(80e6);
  expect(stderr).toContain(`${mirror}/cifar-10-binary.tar.gz`);
  expect(stderr).toMatch(/the connection broke off; again in 1\.0 s/);
  expect(stderr).toMatch(/\d+\.\d of 170\.1 MB, \d+\.\d MB\/s/);
  const digest = createHash('md5');
  for (let left = total; left > 0; left -= block.length)
    digest.update(block.subarray(0, Math.min(block.length, left)));
  expect(stderr).toContain(
    `its MD5 is ${digest.digest('hex')} where c32a1d4ab5d03f1284b67883e8d87530 belongs`,
  );
  expect(readdirSync(join(home, 'downloads'))).toEqual([]);
});

test('without room for it a data set is refused, and nothing of it is kept', async () => {
  const own = join(place, 'narrow');
  // No file may become larger than 2 MB; the generated images are 7.7 MB.
  const command = `ulimit -f 2000; exec "$0" ${program('cli').join(' ')} dataset add shapes --home "$1"`;
  const { status, stderr } = spawnSync('bash', ['-c', command, process.execPath, own], {
    cwd: root,
    env: { ...process.env, SMALLBATCH_URL: api.url },
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/missing disk space: "shapes" does not fit into \S+narrow; nothing of it was kept/);
  expect(status).toBe(1);
  expect(readdirSync(join(own, 'datasets'))).toEqual([]);
});

test('wrong uses of dataset add are refused before anything is fetched or read', async () => {
  const cases: [string[], RegExp][] = [
    [['add'], /missing name/],
    [
      ['add', 'mine'],
      /missing --from PATH for "mine": shapes, shapes-hard are made here and cifar10, cifar100, cifar100-coarse fetched/,
    ],
    [['add', 'shapes', '--from', place], /invalid --from: "shapes" is made here/],
    [['add', 'cifar10', '--size', '32'], /invalid --size or --class-map/],
    [['add', 'cifar10', '--mirror', 'ftp://x'], /invalid --mirror "ftp:\/\/x"/],
    [['add', 'mine', '--from', place, '--size', 'big'], /whole number from 8 to 1024/],
    [['add', '../mine', '--from', place], /invalid data set name/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await say(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  }
}, 60_000);
