import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { DataShape } from '@smallbatch/program';
import { writeSample } from './batches.ts';
import type { Content, Dataset, SampleRequest, StoredDataset } from './dataset.ts';
import { DatasetError } from './dataset-error.ts';
import { Decoders, ImageError, type Inspected } from './decoders.ts';
import { type Listed, listImages } from './image-folder.ts';
import { centreView, randomView } from './views.ts';

/** Images up to this side that all have one size are kept decoded, as CIFAR is. */
const SMALL = 64;
/** What is kept decoded has to fit into memory while it is added. */
const MOST_BYTES = 2 ** 31 - 1;
/** Side that larger ones are shown at. */
const SIZE = 224;
/** Where a folder has no split of its own, one image in so many of each class is for the test. */
const HELD_OUT = 10;
/** Corrupt images that are named; of the others only the number is said. */
const NAMED = 5;

/** A data set whose images stay the files that they are. */
export interface Files {
  readonly name: string;
  readonly description: string;
  readonly shape: DataShape;
  /** The folder that the index's paths begin at. */
  readonly folder: string;
  /** A line for each sample, training samples first: class, bytes, width, height, SHA-256, path. */
  readonly index: string;
}

/** SHA-256 over the shape's numbers and the index, so over names, classes, and bytes of all files. */
export function hashOfFiles({ shape, index }: Files): string {
  return beginHash(shape).update(index).digest('hex');
}

function beginHash({ classes, channels, height, width, trainCount, testCount }: DataShape) {
  return createHash('sha256').update(
    `images ${[classes, channels, height, width, trainCount, testCount].join(' ')}\n`,
  );
}

export interface ImageOptions {
  readonly name: string;
  /** Classes of a flat folder of test images, by file. */
  readonly classMap?: string | undefined;
  /** Side that images are shown at; without it 224, or their own where all are equal and small. */
  readonly size?: number | undefined;
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

type Found = Listed & Inspected;

/**
 * Reads a folder of images by class, and each of its images, so that a corrupt one is refused now. Small images of one size
 * become a content of bytes; of others an index is made, and they stay where they are.
 */
export async function readImages(
  from: string,
  { name, classMap, size, threads = availableParallelism(), onProgress = () => {} }: ImageOptions,
): Promise<Content | Files> {
  const folder = resolve(from);
  const listing = await listImages(folder, classMap);
  const listed = [...listing.train, ...(listing.test ?? [])];
  const decoders = new Decoders(threads);
  try {
    const found = await inspectAll(folder, listed, decoders, threads, onProgress);
    const split = listing.test
      ? { train: found.slice(0, listing.train.length), test: found.slice(listing.train.length) }
      : holdOut(found);
    const samples = [...split.train, ...split.test];
    const { width, height } = samples[0]!;
    const equal = samples.every((one) => one.width === width && one.height === height);
    const small = Math.max(width, height) <= SMALL && samples.length * 3 * width * height <= MOST_BYTES;
    const asked = size === undefined || (size === width && size === height);
    const kept = equal && small && asked ? { width, height } : undefined;
    const shape: DataShape = {
      classes: listing.classes.length,
      channels: 3,
      height: kept?.height ?? size ?? SIZE,
      width: kept?.width ?? size ?? SIZE,
      trainCount: split.train.length,
      testCount: split.test.length,
    };
    const description = `${shape.trainCount} training and ${shape.testCount} test images of ${shape.classes} classes`;
    if (kept) return await decodeAll(folder, samples, shape, { name, description }, decoders, threads);
    const index = samples
      .map((one) => `${one.label} ${one.bytes} ${one.width} ${one.height} ${one.hash} ${one.path}\n`)
      .join('');
    return { name, description, shape, folder, index };
  } finally {
    await decoders.close();
  }
}

/** Calls `each` for every index below `count`, some at a time. */
async function forAll(count: number, atOnce: number, each: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function inspectAll(
  folder: string,
  listed: readonly Listed[],
  decoders: Decoders,
  threads: number,
  onProgress: (done: number, total: number) => void,
): Promise<Found[]> {
  const found = new Array<Found>(listed.length);
  const corrupt: { i: number; reason: string }[] = [];
  let done = 0;
  await forAll(listed.length, threads * 2, async (i) => {
    const one = listed[i]!;
    try {
      found[i] = { ...one, ...(await decoders.inspect(join(folder, one.path))) };
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      corrupt.push({ i, reason: error.message });
    }
    onProgress(++done, listed.length);
  });
  if (corrupt.length > 0) {
    corrupt.sort((a, b) => a.i - b.i);
    const named = corrupt.slice(0, NAMED).map(({ i, reason }) => `${listed[i]!.path} (${reason.trim()})`);
    const others = corrupt.length > NAMED ? ` and ${corrupt.length - NAMED} more` : '';
    throw new DatasetError(
      `corrupt image${corrupt.length > 1 ? 's' : ''} in ${folder}: ${named.join(', ')}${others}. Mend or remove ${corrupt.length > 1 ? 'them' : 'it'}`,
    );
  }
  return found;
}

/** One in ten of each class, at least one, chosen by content, so that neither names nor their order have a say. */
function holdOut(found: readonly Found[]): { train: Found[]; test: Found[] } {
  const byClass = new Map<number, Found[]>();
  for (const one of found) byClass.set(one.label, [...(byClass.get(one.label) ?? []), one]);
  const held = new Set<Found>();
  for (const own of byClass.values()) {
    if (own.length < 2) {
      throw new DatasetError(
        `missing images beside ${own[0]!.path}: a class needs two at least, one of them for the test`,
      );
    }
    const sorted = [...own].sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
    for (const one of sorted.slice(0, Math.ceil(own.length / HELD_OUT))) held.add(one);
  }
  return { train: found.filter((one) => !held.has(one)), test: found.filter((one) => held.has(one)) };
}

async function decodeAll(
  folder: string,
  samples: readonly Found[],
  shape: DataShape,
  known: { name: string; description: string },
  decoders: Decoders,
  threads: number,
): Promise<Content> {
  const each = shape.channels * shape.height * shape.width;
  const images = new Uint8Array(samples.length * each);
  await forAll(samples.length, threads * 2, async (i) => {
    const { path, hash } = samples[i]!;
    images.set(await decoders.decode({ path: join(folder, path), expected: hash }), i * each);
  });
  const wide = shape.classes > 256;
  const labels = Uint8Array.from(
    samples.flatMap(({ label }) => (wide ? [label & 255, label >> 8] : [label])),
  );
  return { ...known, shape, images, labels };
}

/** Class and place of each line of an index, read once; its hash with it. */
async function scanIndex(
  file: string,
  shape: DataShape,
): Promise<{ labels: Uint16Array; starts: Float64Array; lines: number; hash: string }> {
  const count = shape.trainCount + shape.testCount;
  const labels = new Uint16Array(count);
  const starts = new Float64Array(count + 1);
  const digest = beginHash(shape);
  let lines = 0;
  let place = 0;
  let inLabel = true;
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const bytes = part as Buffer;
    digest.update(bytes);
    for (let i = 0; i < bytes.length; ) {
      if (inLabel) {
        const byte = bytes[i++]!;
        if (byte === 32) inLabel = false;
        else if (lines < count) labels[lines] = labels[lines]! * 10 + byte - 48;
        continue;
      }
      const end = bytes.indexOf(10, i);
      if (end < 0) break;
      i = end + 1;
      lines++;
      if (lines <= count) starts[lines] = place + i;
      inLabel = true;
    }
    place += bytes.length;
  }
  return { labels, starts, lines, hash: digest.digest('hex') };
}

const keyOf = ({ sample, augment }: SampleRequest): string =>
  augment ? `${sample} ${augment.seed} ${augment.epoch}` : String(sample);

/**
 * Opens a data set of image files. They are decoded in threads, those of the next steps ahead; each is read with its hash, so
 * that no run ever trains on other bytes than those of the data set.
 */
export async function openImages(
  place: string,
  stored: StoredDataset & { readonly folder: string },
  threads: number,
): Promise<Dataset> {
  const { name, description, shape, hash, folder } = stored;
  if (!existsSync(folder)) {
    throw new DatasetError(
      `missing folder ${folder} of data set "${name}": put it back, or say where it is now (smallbatch dataset add ${name} --from PATH)`,
    );
  }
  const file = join(place, 'index.txt');
  const { labels, starts, lines, hash: found } = await scanIndex(file, shape);
  if (found !== hash || lines !== labels.length) {
    throw new DatasetError(
      `damaged data set "${name}" in ${place}: its index is not that of its hash. Remove the folder and add it again.`,
    );
  }
  let index: number | undefined = openSync(file, 'r');
  const decoders = new Decoders(threads);
  const size = shape.height;

  const decode = ({ sample, augment }: SampleRequest): Promise<Uint8Array> => {
    const line = Buffer.alloc(starts[sample + 1]! - starts[sample]! - 1);
    readSync(index!, line, 0, line.length, starts[sample]!);
    const [, , width, height, expected, ...path] = line.toString().split(' ');
    const [w, h] = [Number(width), Number(height)];
    const view = augment ? randomView(w, h, size, { ...augment, sample }) : centreView(w, h, size);
    const relative = path.join(' ');
    const done = decoders.decode({ path: join(folder, relative), expected: expected!, view });
    const named = done.catch((error: Error) => {
      if (!(error instanceof ImageError)) throw error;
      throw new DatasetError(
        `damaged image ${relative} of data set "${name}" in ${folder}: ${error.message.trim()}. Put the file back as it was`,
      );
    });
    named.catch(() => {});
    return named;
  };

  /** What is decoded ahead, until it is asked for or no longer expected. */
  let expected = new Map<string, Promise<Uint8Array>>();
  return {
    name,
    description,
    shape,
    hash,
    labels,
    fill(target, requests) {
      if (index === undefined) throw new DatasetError(`closed data set "${name}": open it again`);
      const asked = new Map<string, Promise<Uint8Array>>();
      const written = requests.map((request) => {
        const { sample, offset } = request;
        const key = keyOf(request);
        const pixels = asked.get(key) ?? expected.get(key) ?? decode(request);
        asked.set(key, pixels);
        return pixels.then((bytes) => writeSample(target, offset, bytes, shape, sample));
      });
      for (const key of asked.keys()) expected.delete(key);
      const all = Promise.all(written).then(() => {});
      // It may fail while a step holds whoever waits for it; they hear of it then.
      all.catch(() => {});
      return all;
    },
    ahead(requests) {
      if (index === undefined) return;
      const next = new Map<string, Promise<Uint8Array>>();
      for (const request of requests) {
        const key = keyOf(request);
        if (!next.has(key)) next.set(key, expected.get(key) ?? decode(request));
      }
      expected = next;
    },
    async close() {
      if (index === undefined) return;
      closeSync(index);
      index = undefined;
      expected.clear();
      await decoders.close();
    },
  };
}
