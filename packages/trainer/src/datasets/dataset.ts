import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataShape } from '@smallbatch/program';
import { writeSample } from './batches.ts';
import { beginHash, labelsOf, openBytes } from './bytes.ts';
import { type Files, hashOfFiles, openImages } from './images.ts';

export { DatasetError } from './dataset-error.ts';

/** Labelled images as bytes: one split after the other, each sample's channels after each other, row-major. */
export interface Content {
  readonly name: string;
  readonly description: string;
  readonly shape: DataShape;
  /** [trainCount + testCount, C, H, W], bytes; training samples first. */
  readonly images: Uint8Array;
  /** [trainCount + testCount], classes from 0; with more than 256 classes each is two bytes, the lower first. */
  readonly labels: Uint8Array;
}

/** A sample, and where its pixels go; with `augment` it is augmented for that seed and epoch. */
export interface SampleRequest {
  readonly sample: number;
  readonly offset: number;
  readonly augment?: { readonly seed: number; readonly epoch: number };
}

export interface Dataset extends StoredDataset {
  /** [trainCount + testCount], training samples first. */
  readonly labels: Uint16Array;
  /** Writes the normalised pixels [C, H, W] of each sample to `target` from its offset. */
  fill(target: Float32Array, requests: readonly SampleRequest[]): void | Promise<void>;
  /** Tells what will be asked for soon, so that slow sources decode ahead. */
  ahead(requests: readonly SampleRequest[]): void;
  close(): Promise<void>;
}

/** SHA-256 over the shape's numbers as text, then the labels, then the images: what a data set is. */
export function hashOf({ shape, images, labels }: Content): string {
  return beginHash(shape, labels).update(images).digest('hex');
}

const folderOf = (home: string): string => join(home, 'datasets');

export interface StoredDataset {
  readonly name: string;
  readonly description: string;
  readonly shape: DataShape;
  readonly hash: string;
  /** Where its image files are; without it its images are in a file of bytes of our own. */
  readonly folder?: string;
}

/** What is known of a data set that is still to be stored, with its hash. */
export function describe(content: Content | Files): StoredDataset {
  const { name, description, shape } = content;
  if ('images' in content) return { name, description, shape, hash: hashOf(content) };
  return { name, description, shape, hash: hashOfFiles(content), folder: content.folder };
}

/** Keeps a data set in `home`, whole or not at all. The same content is kept once. */
export async function storeDataset(home: string, content: Content | Files): Promise<StoredDataset> {
  const stored = describe(content);
  const folder = folderOf(home);
  const target = join(folder, stored.hash);
  const draft = join(folder, `.${stored.hash}-${process.pid}-${Date.now()}`);
  const text = JSON.stringify(stored, null, 2);
  if (existsSync(target) && !stored.folder) return stored;
  await mkdir(draft, { recursive: true });
  try {
    await writeFile(join(draft, 'dataset.json'), text);
    if (existsSync(target)) {
      // The same files may have moved.
      await rename(join(draft, 'dataset.json'), join(target, 'dataset.json'));
      return stored;
    }
    if ('images' in content) {
      await writeFile(join(draft, 'images.bin'), content.images);
      await writeFile(join(draft, 'labels.bin'), content.labels);
    } else await writeFile(join(draft, 'index.txt'), content.index);
    await rename(draft, target).catch((error) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return stored;
}

/** The data sets in `home`. */
export async function listDatasets(home: string): Promise<StoredDataset[]> {
  const names = await readdir(folderOf(home)).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map(async (name): Promise<StoredDataset[]> => {
        const text = await readFile(join(folderOf(home), name, 'dataset.json'), 'utf8').catch(
          () => undefined,
        );
        return text ? [JSON.parse(text)] : [];
      }),
  );
  return found.flat().sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Opens a data set of `home` and checks that it is what its hash says. `threads`: how many decode images at most, where they
 * are files; it never changes what they give.
 */
export async function openDataset(home: string, hash: string, threads = 2): Promise<Dataset> {
  const folder = join(folderOf(home), hash);
  const stored: StoredDataset = JSON.parse(await readFile(join(folder, 'dataset.json'), 'utf8'));
  const { folder: files } = stored;
  return files === undefined
    ? openBytes(folder, stored)
    : openImages(folder, { ...stored, folder: files }, threads);
}

/** A data set that is held in memory. */
export function ofContent(content: Content, hash: string): Dataset {
  const { name, description, shape, images, labels } = content;
  const each = shape.channels * shape.height * shape.width;
  return {
    name,
    description,
    shape,
    hash,
    labels: labelsOf(shape, labels),
    fill(target, requests) {
      for (const { sample, offset, augment } of requests) {
        const pixels = images.subarray(sample * each, (sample + 1) * each);
        writeSample(target, offset, pixels, shape, sample, augment);
      }
    },
    ahead() {},
    async close() {},
  };
}
