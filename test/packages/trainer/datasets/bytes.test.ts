import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { draw } from '@smallbatch/program';
import {
  type Content,
  DatasetError,
  generateShapes,
  hashOf,
  listDatasets,
  openDataset,
  RECIPES,
  storeDataset,
} from '@smallbatch/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'smallbatch-bytes-'));
});
afterAll(() => rm(home, { recursive: true }));

const shape = { classes: 3, channels: 3, height: 6, width: 5, trainCount: 8, testCount: 4 };
const each = 3 * 6 * 5;
const contentOf = (name: string, salt: number): Content => ({
  name,
  description: name,
  shape,
  images: Uint8Array.from({ length: 12 * each }, (_, i) => (i * 89 + salt) % 256),
  labels: Uint8Array.from({ length: 12 }, (_, i) => i % 3),
});
const normal = (value: number): number => Math.fround((value / 255 - 0.5) / 0.3);

test('the hashes of the generated data sets are those that they always had', () => {
  expect(Object.values(RECIPES).map((recipe) => hashOf(generateShapes(recipe)))).toEqual([
    'ed182240c013216d93f9b8a1ac2a0fd7c9cabef981c09be82243f2931ee1e1dd',
    '31e1b41a0d3508c2f26885a14689663550a51f9d6314772c339bb427b41aca7d',
  ]);
});

test('samples are read from the file, normalised, each to its place', async () => {
  const content = contentOf('plain', 1);
  const { hash } = await storeDataset(home, content);
  const dataset = await openDataset(home, hash);
  expect([...dataset.labels]).toEqual([...content.labels]);
  const target = new Float32Array(3 * each).fill(7);
  dataset.ahead([{ sample: 11, offset: 0 }]);
  await dataset.fill(target, [
    { sample: 11, offset: 2 * each },
    { sample: 4, offset: 0 },
  ]);
  for (let i = 0; i < each; i++) {
    expect(target[i]).toBe(normal(content.images[4 * each + i]!));
    expect(target[each + i]).toBe(7);
    expect(target[2 * each + i]).toBe(normal(content.images[11 * each + i]!));
  }
  await dataset.close();
  expect(() => dataset.fill(target, [{ sample: 0, offset: 0 }])).toThrow(/closed data set "plain"/);
  await dataset.close();
});

test('augmentation pads by 4, crops at a random place and flips, as drawn for seed, epoch and sample', async () => {
  const content = contentOf('augmented', 2);
  const dataset = await openDataset(home, (await storeDataset(home, content)).hash);
  const target = new Float32Array(each);
  const flips = new Set<number>();
  for (const [seed, epoch, sample] of [
    [0, 0, 0],
    [2 ** 40 + 3, 7, 5],
    [3, 1, 7],
    [4, 2, 6],
    [5, 2, 6],
  ] as const) {
    await dataset.fill(target, [{ sample, offset: 0, augment: { seed, epoch } }]);
    const [a, b, c] = draw(seed, 'augmentation', epoch, sample);
    flips.add(c & 1);
    const [top, left] = [(a % 9) - 4, (b % 9) - 4];
    for (let i = 0; i < each; i++) {
      const [channel, y, x] = [Math.floor(i / 30), Math.floor((i % 30) / 5), i % 5];
      const [fromY, fromX] = [y + top, (c & 1 ? 4 - x : x) + left];
      const inside = fromY >= 0 && fromY < 6 && fromX >= 0 && fromX < 5;
      const value = inside ? content.images[sample * each + channel * 30 + fromY * 5 + fromX]! : 0;
      expect(target[i], `${seed} ${epoch} ${sample} at ${i}`).toBe(normal(value));
    }
  }
  expect(flips.size).toBe(2);
  await dataset.close();
});

test('labels of more than 256 classes have two bytes', async () => {
  const numbers = [0, 255, 256, 300, 7, 1, 2, 3, 4, 5, 6, 299];
  const labels = Uint8Array.from(numbers.flatMap((label) => [label & 255, label >> 8]));
  const content = { ...contentOf('many', 3), labels, shape: { ...shape, classes: 301 } };
  const dataset = await openDataset(home, (await storeDataset(home, content)).hash);
  expect([...dataset.labels]).toEqual(numbers);
  await dataset.close();
});

test('a data set is not held in memory, neither while it is checked nor after', async () => {
  const count = 40_000;
  const { hash } = await storeDataset(home, {
    name: 'large',
    description: 'large',
    shape: { classes: 1, channels: 3, height: 32, width: 32, trainCount: count - 1, testCount: 1 },
    images: new Uint8Array(count * 3072).fill(9),
    labels: new Uint8Array(count),
  });
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 1);
  const dataset = await openDataset(home, hash);
  clearInterval(watch);
  expect(most).toBeLessThan(60e6);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60e6);
  await dataset.close();
});

test('bytes that are not those of the hash are refused; a check that has passed is not repeated until a file is touched', async () => {
  const { hash } = await storeDataset(home, contentOf('damaged', 4));
  const folder = join(home, 'datasets', hash);
  const file = join(folder, 'images.bin');
  const open = async (): Promise<void> => (await openDataset(home, hash)).close();
  await open();
  expect(existsSync(join(folder, 'checked.json'))).toBe(true);

  // Changed with the time kept: what the marker cannot see, which shows that nothing is hashed again.
  const bytes = await readFile(file);
  bytes[17]! ^= 1;
  const whole = new Date(1_600_000_000_000);
  await utimes(file, whole, whole);
  await open();
  await writeFile(file, bytes);
  await utimes(file, whole, whole);
  await open();

  await utimes(file, whole, new Date());
  await expect(open()).rejects.toThrow(/damaged data set "damaged" in \S+: its bytes .*add it again/);
  await truncate(file, bytes.length - 1);
  const error = await open().catch((reason) => reason);
  expect(error).toBeInstanceOf(DatasetError);
  expect(error.message).toMatch(/images\.bin has 1079 bytes where 1080 belong/);
  expect((await stat(file)).size).toBe(1079);
  expect((await listDatasets(home)).map(({ name }) => name)).toContain('damaged');
});
