import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkAxes } from '@smallbatch/program';
import {
  type Dataset,
  DatasetError,
  describe as describeContent,
  type Files,
  hashOf,
  listDatasets,
  openDataset,
  openOnnx,
  readImages,
  type SampleRequest,
  type State,
  storeDataset,
  train,
} from '@smallbatch/trainer';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomView } from '../../../../packages/trainer/src/datasets/views.ts';

let place: string;
let home: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'smallbatch-images-'));
  home = join(place, 'home');
});
afterAll(() => rm(place, { recursive: true }));

/** A picture of its own for every number: a ramp to the right in red, downwards in green, the number in blue. */
const picture = (number: number, width = 40 + number, height = 60 - number) => {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    pixels[3 * i] = Math.round((255 * ((i % width) + 0.5)) / width);
    pixels[3 * i + 1] = Math.round((255 * (Math.floor(i / width) + 0.5)) / height);
    pixels[3 * i + 2] = number * 9;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
};

async function put(root: string, files: Record<string, Sharp | Buffer | string>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    const text = typeof content === 'string' || Buffer.isBuffer(content);
    if (text) await writeFile(join(root, path), content);
    else await content.toFile(join(root, path));
  }
  return root;
}

/** train/ and val/ with two classes, 6 and 2 JPEG files of different sizes each. */
async function photographs(name: string): Promise<string> {
  const files: Record<string, Sharp> = {};
  for (let i = 0; i < 12; i++)
    files[`train/${i % 2 ? 'dog' : 'a cat'}/${i}.JPEG`] = picture(i).jpeg({ quality: 95 });
  for (let i = 0; i < 4; i++) files[`val/${i % 2 ? 'dog' : 'a cat'}/v ${i}.jpg`] = picture(20 + i).jpeg();
  return put(join(place, name), files);
}
const read = (from: string, options = {}) =>
  readImages(from, { name: 'photographs', size: 32, threads: 2, ...options });
const stored = async (from: string, options = {}) => storeDataset(home, await read(from, options));
const each = 3 * 32 * 32;
const value = (normal: number): number => (normal * 0.3 + 0.5) * 255;

async function filled(dataset: Dataset, requests: SampleRequest[]): Promise<Float32Array> {
  const target = new Float32Array(requests.length * each);
  await dataset.fill(target, requests);
  return target;
}

test('train and val folders become an index of classes, sizes, hashes and paths, in the order of their names', async () => {
  const from = await photographs('plain');
  await put(from, { 'train/dog/notes.txt': 'no image', 'train/.cache/x.jpg': 'hidden' });
  const files = (await read(from)) as Files;
  expect(files.shape).toEqual({
    classes: 2,
    channels: 3,
    height: 32,
    width: 32,
    trainCount: 12,
    testCount: 4,
  });
  const lines = files.index.trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/^(\d+) \d+ (\d+ \d+) [0-9a-f]{64} /, '$1 $2 '))).toEqual([
    '0 40 60 train/a cat/0.JPEG',
    '0 50 50 train/a cat/10.JPEG',
    '0 42 58 train/a cat/2.JPEG',
    '0 44 56 train/a cat/4.JPEG',
    '0 46 54 train/a cat/6.JPEG',
    '0 48 52 train/a cat/8.JPEG',
    '1 41 59 train/dog/1.JPEG',
    '1 51 49 train/dog/11.JPEG',
    '1 43 57 train/dog/3.JPEG',
    '1 45 55 train/dog/5.JPEG',
    '1 47 53 train/dog/7.JPEG',
    '1 49 51 train/dog/9.JPEG',
    '0 60 40 val/a cat/v 0.jpg',
    '0 62 38 val/a cat/v 2.jpg',
    '1 61 39 val/dog/v 1.jpg',
    '1 63 37 val/dog/v 3.jpg',
  ]);
  const { hash } = await storeDataset(home, files);
  expect((await listDatasets(home)).find((one) => one.hash === hash)).toMatchObject({ folder: from });
  const dataset = await openDataset(home, hash);
  expect([...dataset.labels]).toEqual([...Array(6).fill(0), ...Array(6).fill(1), 0, 0, 1, 1]);
  await dataset.close();
});

test('the hash is that of names, classes, bytes and size, not of the place; a moved folder is added again under the same', async () => {
  const from = await photographs('hashed');
  const hashes = new Set([describeContent(await read(from)).hash]);
  const copy = join(place, 'hashed-copy');
  await cp(from, copy, { recursive: true });
  expect(describeContent(await read(copy)).hash).toBe([...hashes][0]);
  hashes.add(describeContent(await read(copy, { size: 64 })).hash);
  await rename(join(copy, 'train/dog/1.JPEG'), join(copy, 'train/dog/one.JPEG'));
  hashes.add(describeContent(await read(copy)).hash);
  await rename(join(copy, 'train/dog/one.JPEG'), join(copy, 'train/a cat/1.JPEG'));
  hashes.add(describeContent(await read(copy)).hash);
  await picture(3).jpeg({ quality: 94 }).toFile(join(copy, 'train/dog/3.JPEG'));
  hashes.add(describeContent(await read(copy)).hash);
  expect(hashes.size).toBe(5);

  const { hash } = await stored(from);
  const moved = join(place, 'hashed-moved');
  await rename(from, moved);
  await expect(openDataset(home, hash)).rejects.toThrow(/missing folder \S+hashed of data set .*--from PATH/);
  expect((await stored(moved)).hash).toBe(hash);
  await (await openDataset(home, hash)).close();
});

test('test images show their centre; training images a random part, which depends on seed, epoch and sample alone', async () => {
  const { hash } = await stored(await photographs('shown'));
  const dataset = await openDataset(home, hash, 3);
  const [centre] = [await filled(dataset, [{ sample: 13, offset: 0 }])];
  // 62 × 38 becomes 60 × 37, of which the 32 in the middle are shown.
  for (const [x, y] of [
    [0, 0],
    [31, 31],
    [16, 5],
  ] as const) {
    expect(Math.abs(value(centre![y * 32 + x]!) - (255 * (x + 14.5)) / 60)).toBeLessThan(6);
    expect(Math.abs(value(centre![1024 + y * 32 + x]!) - (255 * (y + 2.5)) / 37)).toBeLessThan(6);
    expect(Math.abs(value(centre![2048 + y * 32 + x]!) - 198)).toBeLessThan(6);
  }
  const requests = Array.from({ length: 24 }, (_, i) => ({
    sample: i % 12,
    offset: i * each,
    augment: { seed: 5, epoch: Math.floor(i / 12) },
  }));
  const pixels = await filled(dataset, requests);
  const labels = await readFile(join(home, 'datasets', hash, 'index.txt'), 'utf8');
  const flips = new Set<boolean>();
  for (const { sample, offset, augment } of requests) {
    const [, , width, height] = labels.split('\n')[sample]!.split(' ').map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const { region, flip } = randomView(width, height, 32, { ...augment, sample });
    flips.add(flip!);
    for (const [x, y] of [
      [1, 1],
      [16, 16],
      [30, 29],
    ] as const) {
      const inX = (flip ? 31 - x : x) + 0.5;
      const red = (255 * (region.left + (inX * region.width) / 32)) / width;
      const green = (255 * (region.top + ((y + 0.5) * region.height) / 32)) / height;
      expect(Math.abs(value(pixels[offset + y * 32 + x]!) - red)).toBeLessThan(9);
      expect(Math.abs(value(pixels[offset + 1024 + y * 32 + x]!) - green)).toBeLessThan(9);
    }
  }
  expect(flips.size).toBe(2);
  await dataset.close();
});

test('the pixels are the same with any number of threads, asked for ahead or not', async () => {
  const { hash } = await stored(await photographs('threads'));
  const requests = Array.from({ length: 40 }, (_, i) => ({
    sample: (i * 7) % 16,
    offset: i * each,
    ...(i % 3 ? { augment: { seed: i % 4, epoch: i % 2 } } : {}),
  }));
  const results: Float32Array[] = [];
  for (const threads of [1, 2, 5]) {
    const dataset = await openDataset(home, hash, threads);
    if (threads > 1) dataset.ahead(requests.slice(0, 30));
    if (threads > 2) dataset.ahead(requests.slice(20));
    results.push(await filled(dataset, requests));
    await dataset.close();
    expect(() => dataset.fill(new Float32Array(each), [{ sample: 0, offset: 0 }])).toThrow(/closed data set/);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('small images of one size are kept decoded, in the format of CIFAR', async () => {
  const files: Record<string, Sharp> = {};
  for (let i = 0; i < 8; i++)
    files[`${i < 6 ? 'train' : 'test'}/${i % 2}/${i}.png`] = picture(i, 16, 12).png();
  const from = await put(join(place, 'small'), files);
  const content = await readImages(from, { name: 'small' });
  if (!('images' in content)) throw new Error('it is an index');
  expect(content.shape).toEqual({
    classes: 2,
    channels: 3,
    height: 12,
    width: 16,
    trainCount: 6,
    testCount: 2,
  });
  expect([...content.labels]).toEqual([0, 0, 0, 1, 1, 1, 0, 1]);
  const raw = await picture(4, 16, 12).raw().toBuffer();
  const own = content.images.subarray(2 * 576, 3 * 576);
  for (let i = 0; i < 192; i++) for (const c of [0, 1, 2]) expect(own[c * 192 + i]).toBe(raw[3 * i + c]);
  const { hash } = await storeDataset(home, content);
  expect(hash).toBe(hashOf(content));
  await rm(from, { recursive: true });
  const dataset = await openDataset(home, hash);
  const target = new Float32Array(576);
  await dataset.fill(target, [{ sample: 2, offset: 0 }]);
  expect(Math.round(value(target[20]!))).toBe(raw[60]);
  await dataset.close();
});

test('grey, transparent, 16-bit and CMYK files have three channels of eight bits', async () => {
  const cmyk = await picture(5, 32, 32).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
  const from = await put(join(place, 'kinds'), {
    'train/a/grey.jpg': picture(1, 32, 32).greyscale().jpeg(),
    'train/a/alpha.png': picture(2, 32, 32).ensureAlpha(0.5).png(),
    'train/b/deep.png': picture(3, 32, 32).toColourspace('rgb16').png(),
    'train/b/plain.png': picture(3, 32, 32).png(),
    'train/b/grey-alpha.png': picture(1, 32, 32).greyscale().ensureAlpha().png(),
    'val/a/cmyk.jpg': cmyk,
  });
  const content = await readImages(from, { name: 'kinds' });
  if (!('images' in content)) throw new Error('it is an index');
  const [alpha, grey, deep, greyAlpha, plain, ink] = Array.from({ length: 6 }, (_, i) =>
    content.images.subarray(i * each, (i + 1) * each),
  );
  const raw = await picture(2, 32, 32).raw().toBuffer();
  expect(alpha![40]).toBe(raw[120]);
  for (const one of [grey!, greyAlpha!]) expect([...one.subarray(0, 1024)]).toEqual([...one.subarray(2048)]);
  expect(deep!.every((byte, i) => Math.abs(byte - plain![i]!) <= 1)).toBe(true);
  expect(ink!.subarray(0, 1024).reduce((sum, byte) => sum + byte, 0) / 1024).toBeGreaterThan(40);
});

test('a flat val has its classes from a map, by name or by number; what the map lacks is said', async () => {
  const files: Record<string, Sharp> = {};
  for (let i = 0; i < 4; i++) files[`train/n0${i % 2}/${i}.jpg`] = picture(i).jpeg();
  for (let i = 0; i < 3; i++) files[`val/v${i}.JPEG`] = picture(10 + i).jpeg();
  const from = await put(join(place, 'flat'), files);
  await expect(read(from)).rejects.toThrow(/missing class map: \S+val has images .*--class-map FILE/);
  const labelsOf = async (text: string, options = {}) => {
    await put(from, { 'val.txt': text });
    const { index } = (await read(from, options)) as Files;
    return index
      .split('\n')
      .slice(4, 7)
      .map((line) => Number(line.split(' ')[0]));
  };
  expect(await labelsOf('v0.JPEG n01\nv1.JPEG n00\nv2.JPEG n01\n')).toEqual([1, 0, 1]);
  expect(await labelsOf('v0.JPEG 0\nv1.JPEG 1\nv2.JPEG 1\n')).toEqual([0, 1, 1]);
  expect(await labelsOf('ImageId,PredictionString\nv0,n01 1 2 3 4\nv2,n00 1 1 1 1\r\nv1,n01 5\n')).toEqual([
    1, 1, 0,
  ]);
  await expect(labelsOf('v0.JPEG n01\nv1.JPEG n00')).rejects.toThrow(/missing class of val\/v2\.JPEG/);
  await expect(labelsOf('v0.JPEG n01\nv1.JPEG n07')).rejects.toThrow(
    /unknown class "n07" in line 2 of \S+val\.txt/,
  );
  await expect(read(from, { classMap: join(from, 'no.txt') })).rejects.toThrow(
    /missing class map \S+no\.txt/,
  );
});

test('of a folder without a split a tenth of each class is held out, chosen by content', async () => {
  const files: Record<string, Sharp> = {};
  for (let i = 0; i < 24; i++) files[`${i % 2 ? 'odd' : 'even'}/${i}.jpg`] = picture(i).jpeg();
  const from = await put(join(place, 'unsplit'), files);
  const { shape, index } = (await read(from)) as Files;
  expect(shape).toMatchObject({ classes: 2, trainCount: 20, testCount: 4 });
  const held = index.trimEnd().split('\n').slice(20);
  expect(held.map((line) => line[0])).toEqual(['0', '0', '1', '1']);
  expect(await read(from)).toMatchObject({ index });
});

test('corrupt files are refused by name when they are added, and so are folders that are not by class', async () => {
  const from = await photographs('corrupt');
  const whole = await readFile(join(from, 'train/dog/3.JPEG'));
  await put(from, {
    'train/dog/3.JPEG': whole.subarray(0, whole.length / 2),
    'val/a cat/v 2.jpg': 'no picture at all',
    'train/a cat/0.JPEG': '',
  });
  const refused = await read(from).then(
    () => undefined,
    (error: Error) => error,
  );
  expect(refused).toBeInstanceOf(DatasetError);
  expect(refused!.message).toMatch(
    /^corrupt images in \S+corrupt: train\/a cat\/0\.JPEG \(.+\), train\/dog\/3\.JPEG \(.+\), val\/a cat\/v 2\.jpg \(.+\)\. Mend or remove them$/,
  );
  const empty = await put(join(place, 'empty'), { 'readme.txt': 'nothing' });
  await expect(read(empty)).rejects.toThrow(/missing images in \S+empty: .*train\/CLASS\/…/);
  const other = await photographs('other');
  await mkdir(join(other, 'train/emu'));
  await expect(read(other)).rejects.toThrow(/missing images in \S+train\/emu/);
  await rm(join(other, 'train/emu'), { recursive: true });
  await put(other, { 'val/emu/1.jpg': picture(1).jpeg() });
  await expect(read(other)).rejects.toThrow(/unknown class "emu" in \S+val/);
  await rm(join(other, 'val'), { recursive: true });
  await expect(read(other)).rejects.toThrow(/missing val in \S+other/);
});

async function trained(dataset: Dataset): Promise<State> {
  const checked = checkAxes(
    { model: 'resnet8', width: 2, batchSize: 2, baseLearningRate: 2 ** -8, epochs: 2, augmentation: true },
    dataset.shape,
  );
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  let end: State | undefined;
  await train(await openOnnx(), dataset, [{ seed: 3, axes: checked.axes }], {
    measured() {},
    before: () => ({}),
    ended(_, { state }) {
      end = structuredClone(state());
    },
  });
  return end!;
}

test('training on image files gives the same weights with one thread and with three', async () => {
  const { hash } = await stored(await photographs('trained'));
  const states: State[] = [];
  for (const threads of [1, 3]) {
    const dataset = await openDataset(home, hash, threads);
    states.push(await trained(dataset));
    await dataset.close();
  }
  expect(states[1]).toEqual(states[0]);
});

test('an image that breaks after it was added ends the training with its name, and the process goes on', async () => {
  const from = await photographs('broken');
  const { hash } = await stored(from);
  const bytes = await readFile(join(from, 'train/dog/7.JPEG'));
  const breaks: [string, () => Promise<void>, RegExp][] = [
    [
      'train/dog/7.JPEG',
      () => writeFile(join(from, 'train/dog/7.JPEG'), bytes.fill(0, 100, 120)),
      /other bytes/,
    ],
    ['val/dog/v 1.jpg', () => rm(join(from, 'val/dog/v 1.jpg')), /no such file/],
  ];
  for (const [file, breakIt, reason] of breaks) {
    await cp(await photographs('broken-again'), from, { recursive: true });
    await breakIt();
    const dataset = await openDataset(home, hash, 2);
    const failed = await trained(dataset).then(
      () => undefined,
      (error: Error) => error,
    );
    await dataset.close();
    expect(failed).toBeInstanceOf(DatasetError);
    expect(failed!.message).toContain(`damaged image ${file} of data set "photographs" in ${from}`);
    expect(failed!.message).toMatch(reason);
  }
  expect((await readdir(join(home, 'datasets'))).every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
});

test('an index that was changed is refused', async () => {
  const { hash } = await stored(await photographs('changed'), { name: 'changed', size: 40 });
  const index = join(home, 'datasets', hash, 'index.txt');
  await writeFile(index, (await readFile(index, 'utf8')).replace(/^0/, '1'));
  await expect(openDataset(home, hash)).rejects.toThrow(/damaged data set "changed" in .*index/);
});
