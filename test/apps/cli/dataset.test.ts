import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../../database.ts';
import { startApi } from './api.ts';
import { type Ended, smallbatch } from './smallbatch.ts';

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
