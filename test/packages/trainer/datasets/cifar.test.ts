import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdsCifar, readCifar } from '@smallbatch/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'smallbatch-cifar-'));
});
afterAll(() => rm(place, { recursive: true }));

const PIXELS = 3072;
/** Records of CIFAR-100: a coarse label, a fine label, pixels of one value each. */
const records = (...labels: [coarse: number, fine: number][]): Buffer =>
  Buffer.concat(
    labels.map(([coarse, fine], i) =>
      Buffer.alloc(2 + PIXELS, 10 * i)
        .fill(coarse, 0, 1)
        .fill(fine, 1, 2),
    ),
  );

async function folderOf(name: string, files: Record<string, Buffer>): Promise<string> {
  const folder = join(place, name, 'cifar-100-binary');
  await mkdir(folder, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(folder, file), bytes);
  return join(place, name);
}

test('CIFAR-100 has the second byte as its fine and the first as its coarse label, and the pixels after them', async () => {
  const folder = await folderOf('good', {
    'train.bin': records([19, 99], [3, 40], [0, 0]),
    'test.bin': records([7, 12]),
  });
  const fine = await readCifar(folder, 'cifar100');
  const coarse = await readCifar(folder, 'cifar100-coarse', 'cifar100-coarse');
  expect(fine.shape).toEqual({
    classes: 100,
    channels: 3,
    height: 32,
    width: 32,
    trainCount: 3,
    testCount: 1,
  });
  expect(coarse.shape).toEqual({ ...fine.shape, classes: 20 });
  expect([...fine.labels]).toEqual([99, 40, 0, 12]);
  expect([...coarse.labels]).toEqual([19, 3, 0, 7]);
  for (const { images } of [fine, coarse]) {
    expect(images).toHaveLength(4 * PIXELS);
    expect([0, PIXELS - 1, PIXELS, 2 * PIXELS, 3 * PIXELS].map((at) => images[at])).toEqual([
      0, 0, 10, 20, 0,
    ]);
  }
});

test('a label beyond the classes is refused by record and file, and a file of another version by what is missing', async () => {
  const wrong = await folderOf('wrong', {
    'train.bin': records([3, 40], [20, 40]),
    'test.bin': records([7, 100]),
  });
  await expect(readCifar(wrong, 'x', 'cifar100')).rejects.toThrow(
    /invalid label 100 in record 1 of test\.bin: CIFAR-100 has the classes 0 to 99/,
  );
  await expect(readCifar(wrong, 'x', 'cifar100-coarse')).rejects.toThrow(
    /invalid label 20 in record 2 of train\.bin: CIFAR-100 \(coarse\)/,
  );
  await expect(readCifar(wrong, 'x', 'cifar10')).rejects.toThrow(
    /missing data_batch_1\.bin … data_batch_5\.bin and test_batch\.bin in .*CIFAR-10's/,
  );
  expect(await holdsCifar(wrong)).toBe(true);
  expect(await holdsCifar(place)).toBe(false);
});
