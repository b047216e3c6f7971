import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Content, DatasetError } from './dataset.ts';

const PIXELS = 3 * 32 * 32;

/** One of the two official binary versions: records of some label bytes and 3,072 pixel bytes, any number of them. */
interface Version {
  readonly title: string;
  readonly classes: number;
  readonly train: RegExp;
  /** The training files in words. */
  readonly trainFiles: string;
  readonly test: string;
  /** The folder in the official archive. */
  readonly folder: string;
  readonly labelBytes: number;
  /** Which of the label bytes counts. */
  readonly label: number;
}

const CIFAR10: Version = {
  title: 'CIFAR-10',
  classes: 10,
  train: /^data_batch_[1-5]\.bin$/,
  trainFiles: 'data_batch_1.bin … data_batch_5.bin',
  test: 'test_batch.bin',
  folder: 'cifar-10-batches-bin',
  labelBytes: 1,
  label: 0,
};
const CIFAR100_FINE: Version = {
  title: 'CIFAR-100',
  classes: 100,
  train: /^train\.bin$/,
  trainFiles: 'train.bin',
  test: 'test.bin',
  folder: 'cifar-100-binary',
  labelBytes: 2,
  label: 1,
};
const CIFAR100_COARSE: Version = { ...CIFAR100_FINE, title: 'CIFAR-100 (coarse)', classes: 20, label: 0 };

/** The official binary files by name, from a folder (or one inside it) or a tar, gzipped or not. */
async function readFiles(
  path: string,
  { title, train, test, folder: inside }: Version,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const wanted = (name: string): boolean => train.test(name) || name === test;
  const info = await stat(path).catch(() => {
    throw new DatasetError(
      `missing ${path}: give the folder or tar of ${title}'s binary version (--from PATH)`,
    );
  });
  if (info.isDirectory()) {
    for (const folder of [path, join(path, inside)]) {
      for (const name of await readdir(folder).catch(() => [] as string[])) {
        if (wanted(name)) files.set(name, await readFile(join(folder, name)));
      }
    }
    return files;
  }
  const archive = extract();
  archive.on('entry', (header, stream, next) => {
    const name = basename(header.name);
    const parts: Buffer[] = [];
    // The end of a cut archive reaches the entry too; the pipeline below is what tells of it.
    stream.on('error', () => {});
    stream.on('data', (part) => wanted(name) && parts.push(part as Buffer));
    stream.on('end', () => {
      if (wanted(name)) files.set(name, Buffer.concat(parts));
      next();
    });
  });
  const head = (await createReadStream(path, { end: 1 }).toArray()) as Buffer[];
  const gzipped = Buffer.concat(head).equals(Buffer.from([0x1f, 0x8b]));
  const source = createReadStream(path);
  await (gzipped ? pipeline(source, createGunzip(), archive) : pipeline(source, archive)).catch(
    (error: Error) => {
      throw new DatasetError(
        `invalid archive ${path}: ${error.message}; give a .tar or .tar.gz that is complete`,
      );
    },
  );
  return files;
}

/** Appends a file's records, checking each label. */
function addRecords(
  name: string,
  bytes: Buffer,
  { title, classes, labelBytes, label: place }: Version,
  images: Uint8Array,
  labels: Uint8Array,
  from: number,
): number {
  const record = labelBytes + PIXELS;
  const count = bytes.length / record;
  for (let i = 0; i < count; i++) {
    const label = bytes[i * record + place]!;
    if (label >= classes) {
      throw new DatasetError(
        `invalid label ${label} in record ${i + 1} of ${name}: ${title} has the classes 0 to ${classes - 1}. Is this its binary version?`,
      );
    }
    labels[from + i] = label;
    images.set(bytes.subarray(i * record + labelBytes, (i + 1) * record), (from + i) * PIXELS);
  }
  return count;
}

async function readVersion(path: string, version: Version, name: string): Promise<Content> {
  const { title, test } = version;
  const record = version.labelBytes + PIXELS;
  const files = await readFiles(path, version);
  const train = [...files.keys()].filter((file) => file !== test).sort();
  const missing = [train.length === 0 ? version.trainFiles : '', files.has(test) ? '' : test].filter(Boolean);
  if (missing.length > 0)
    throw new DatasetError(`missing ${missing.join(' and ')} in ${path}: give ${title}'s binary version`);
  const order = [...train, test];
  for (const file of order) {
    const { length } = files.get(file)!;
    const rest = length % record;
    if (length === 0 || rest !== 0) {
      throw new DatasetError(
        `truncated ${file} in ${path}: ${length} bytes are ${Math.floor(length / record)} records of ${record} and ${rest} bytes over. Get the file again.`,
      );
    }
  }
  const counts = order.map((file) => files.get(file)!.length / record);
  const testCount = counts.at(-1)!;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const images = new Uint8Array(total * PIXELS);
  const labels = new Uint8Array(total);
  let done = 0;
  for (const file of order) done += addRecords(file, files.get(file)!, version, images, labels, done);
  const trainCount = total - testCount;
  return {
    name,
    description: `${title}, ${trainCount} training and ${testCount} test images`,
    shape: { classes: version.classes, channels: 3, height: 32, width: 32, trainCount, testCount },
    images,
    labels,
  };
}

/** CIFAR-10 (Krizhevsky 2009) from its official binary files. */
export const readCifar10 = (path: string, name = 'cifar10'): Promise<Content> =>
  readVersion(path, CIFAR10, name);

/** CIFAR-100 (Krizhevsky 2009) from its official binary files, with its 100 fine labels or its 20 coarse ones. */
export const readCifar100 = (
  path: string,
  labels: 'fine' | 'coarse' = 'fine',
  name = labels === 'fine' ? 'cifar100' : 'cifar100-coarse',
): Promise<Content> => readVersion(path, labels === 'fine' ? CIFAR100_FINE : CIFAR100_COARSE, name);
