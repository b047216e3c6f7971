import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { installTensorflow, tensorflowFolder } from '@smallbatch/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBinding } from '../../../../packages/trainer/src/engines/tensorflow/place.ts';
import { unzip } from '../../../../packages/trainer/src/engines/tensorflow/unzip.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'smallbatch-install-'));
});
afterAll(() => rm(home, { recursive: true }));

/** A zip file of texts; every second one is compressed. */
function zipped(files: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  Object.entries(files).forEach(([name, text], i) => {
    const data = i % 2 ? deflateRawSync(text) : Buffer.from(text);
    const header = Buffer.alloc(26);
    header.writeUInt16LE(i % 2 ? 8 : 0, 4);
    header.writeUInt32LE(crc32(text), 10);
    header.writeUInt32LE(data.length, 14);
    header.writeUInt32LE(text.length, 18);
    header.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), header, Buffer.from(name), data]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.alloc(2), header, place, Buffer.from(name)]),
    );
    parts.push(local);
    at += local.length;
  });
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

test('a wheel is unpacked as far as it is wanted', async () => {
  const file = join(home, 'some.whl');
  const long = 'many words '.repeat(10_000);
  await writeFile(
    file,
    zipped({ 'a/one.txt': 'one', 'a/long.txt': long, 'b/other.txt': 'no', 'a/empty': '' }),
  );
  const to = join(home, 'some');
  await unzip(file, to, (name) => /^a\/(.*)/.exec(name)?.[1]);
  expect((await readdir(to)).sort()).toEqual(['empty', 'long.txt', 'one.txt']);
  expect(await readFile(join(to, 'long.txt'), 'utf8')).toBe(long);
  expect(await readFile(join(to, 'one.txt'), 'utf8')).toBe('one');
});

test('a file that leads out of its folder is refused, and so is one that was cut off', async () => {
  const file = join(home, 'wrong.whl');
  const whole = zipped({ '../outside.txt': 'x' });
  await writeFile(file, whole);
  await expect(unzip(file, join(home, 'wrong'), (name) => name)).rejects.toThrow('leads out of its folder');
  expect(existsSync(join(home, 'outside.txt'))).toBe(false);
  await writeFile(file, whole.subarray(0, -30));
  await expect(unzip(file, join(home, 'wrong'), (name) => name)).rejects.toThrow('cut off');
});

test.each([
  ['a wheel that is not there', () => ({ wheel: join(home, 'none.whl') }), /^missing wheel .*none\.whl/],
  [
    'a wheel of something else',
    () => ({ wheel: join(home, 'else.whl') }),
    /^invalid wheel .*libtensorflow_cc/,
  ],
  ['a folder without libtensorflow', () => ({ libtensorflow: home }), /^invalid libtensorflow folder/],
])('%s: says what is wrong, and what was installed stays', async (_name, options, message) => {
  await writeFile(join(home, 'else.whl'), zipped({ 'numpy/__init__.py': '' }));
  const folder = join(home, 'installed');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tfjs_binding.node'), 'the one before');
  await expect(installTensorflow({ ...options(), folder })).rejects.toThrow(message);
  expect(findBinding(folder)).toBe(join(folder, 'tfjs_binding.node'));
  // Nothing is left beside it.
  expect((await readdir(home)).filter((name) => name.startsWith('installed'))).toEqual(['installed']);
});

test('a binding is kept in the folder that SMALLBATCH_TENSORFLOW names, else in the user’s cache', () => {
  const before = process.env.SMALLBATCH_TENSORFLOW;
  try {
    process.env.SMALLBATCH_TENSORFLOW = home;
    expect(tensorflowFolder()).toBe(home);
    delete process.env.SMALLBATCH_TENSORFLOW;
    expect(tensorflowFolder()).toMatch(/smallbatch[\\/]tensorflow$/);
  } finally {
    if (before !== undefined) process.env.SMALLBATCH_TENSORFLOW = before;
  }
});
