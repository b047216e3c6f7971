import { createHash, type Hash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataShape } from '@smallbatch/program';
import { writeSample } from './batches.ts';
import { checkOnce } from './checked.ts';
import type { Dataset, StoredDataset } from './dataset.ts';
import { DatasetError } from './dataset-error.ts';

/** The hash of a content before its images: the shape's numbers as text, then the labels. */
export function beginHash(shape: DataShape, labels: Uint8Array): Hash {
  const { classes, channels, height, width, trainCount, testCount } = shape;
  return createHash('sha256')
    .update([classes, channels, height, width, trainCount, testCount].join(' '))
    .update(labels);
}

/** Labels from their bytes: one each, or two, the lower first, where there are more than 256 classes. */
export function labelsOf({ classes }: DataShape, bytes: Uint8Array): Uint16Array {
  if (classes <= 256) return Uint16Array.from(bytes);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
}

/**
 * Opens a data set of bytes. Its images stay in their file: each sample is read when it is asked for, so that the processes
 * of one machine share them in the page cache.
 */
export async function openBytes(folder: string, stored: StoredDataset): Promise<Dataset> {
  const { name, description, shape, hash } = stored;
  const each = shape.channels * shape.height * shape.width;
  const file = join(folder, 'images.bin');
  const damaged = (what: string): DatasetError =>
    new DatasetError(`damaged data set "${name}" in ${folder}: ${what}. Remove the folder and add it again.`);
  const expected = (shape.trainCount + shape.testCount) * each;
  const { size } = await stat(file);
  if (size !== expected) throw damaged(`images.bin has ${size} bytes where ${expected} belong`);
  const labels = await readFile(join(folder, 'labels.bin'));
  await checkOnce(folder, ['images.bin', 'labels.bin'], async () => {
    const digest = beginHash(shape, labels);
    for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) digest.update(part);
    if (digest.digest('hex') !== hash) throw damaged('its bytes are not those of its hash');
  });

  let images: number | undefined = openSync(file, 'r');
  const pixels = new Uint8Array(each);
  return {
    name,
    description,
    shape,
    hash,
    labels: labelsOf(shape, labels),
    fill(target, requests) {
      if (images === undefined) throw new DatasetError(`closed data set "${name}": open it again`);
      for (const { sample, offset, augment } of requests) {
        const read = readSync(images, pixels, 0, each, sample * each);
        if (read !== each) throw damaged(`images.bin ends within sample ${sample}`);
        writeSample(target, offset, pixels, shape, sample, augment);
      }
    },
    ahead() {},
    async close() {
      if (images !== undefined) closeSync(images);
      images = undefined;
    },
  };
}
