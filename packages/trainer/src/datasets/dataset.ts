import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataShape } from '@smallbatch/program';
import { writeSample } from './batches.ts';
import { beginHash, labelsOf, openBytes } from './bytes.ts';

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

/** Keeps a data set in `home`, whole or not at all. The same content is kept once. */
export async function storeDataset(home: string, content: Content): Promise<StoredDataset> {
  const hash = hashOf(content);
  const folder = folderOf(home);
  const target = join(folder, hash);
  if (!existsSync(target)) {
    const draft = join(folder, `.${hash}-${process.pid}-${Date.now()}`);
    await mkdir(draft, { recursive: true });
    try {
      await writeFile(join(draft, 'images.bin'), content.images);
      await writeFile(join(draft, 'labels.bin'), content.labels);
      const { name, description, shape } = content;
      await writeFile(
        join(draft, 'dataset.json'),
        JSON.stringify({ name, description, shape, hash }, null, 2),
      );
      await rename(draft, target).catch((error) => {
        if (!existsSync(target)) throw error;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  const { name, description, shape } = content;
  return { name, description, shape, hash };
}

export interface StoredDataset {
  readonly name: string;
  readonly description: string;
  readonly shape: DataShape;
  readonly hash: string;
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

/** Opens a data set of `home` and checks that it is what its hash says. */
export async function openDataset(home: string, hash: string): Promise<Dataset> {
  const folder = join(folderOf(home), hash);
  const stored: StoredDataset = JSON.parse(await readFile(join(folder, 'dataset.json'), 'utf8'));
  return openBytes(folder, stored);
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
