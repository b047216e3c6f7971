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

const VERSIONS: Readonly<Record<string, Version>> = {
  cifar10: CIFAR10,
  cifar100: CIFAR100_FINE,
  'cifar100-coarse': CIFAR100_COARSE,
};

const isWanted = (name: string): boolean =>
  Object.values(VERSIONS).some(({ train, test }) => train.test(name) || name === test);

/** The official binary files by name in a folder, or in the one inside it that the official archive has. */
async function findFiles(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const folder of [path, join(path, CIFAR10.folder), join(path, CIFAR100_FINE.folder)]) {
    for (const name of await readdir(folder).catch(() => [] as string[]))
      if (isWanted(name)) files.set(name, join(folder, name));
  }
  return files;
}

/** Whether a path is an archive, or a folder with files of CIFAR's binary versions. */
export async function holdsCifar(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => {
    throw new DatasetError(`missing ${path}: give a folder or an archive that is there (--from PATH)`);
  });
  return !info.isDirectory() || (await findFiles(path)).size > 0;
}

/** The official binary files by name, from a folder or a tar, gzipped or not. */
async function readFiles(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  if ((await stat(path)).isDirectory()) {
    for (const [name, file] of await findFiles(path)) files.set(name, await readFile(file));
    return files;
  }
  const archive = extract();
  archive.on('entry', (header, stream, next) => {
    const name = basename(header.name);
    const parts: Buffer[] = [];
    // The end of a cut archive reaches the entry too; the pipeline below is what tells of it.
    stream.on('error', () => {});
    stream.on('data', (part) => isWanted(name) && parts.push(part as Buffer));
    stream.on('end', () => {
      if (isWanted(name)) files.set(name, Buffer.concat(parts));
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

/** Which version files are, by their names. */
const versionOf = (files: ReadonlyMap<string, Buffer>): Version =>
  [CIFAR10, CIFAR100_FINE].find(({ train, test }) =>
    [...files.keys()].some((name) => train.test(name) || name === test),
  ) ?? CIFAR10;

/**
 * CIFAR-10 or CIFAR-100 (Krizhevsky 2009) from the official binary files, in a folder or a tar. `kind` is a key of ARCHIVES;
 * without it the files' names tell, and CIFAR-100 has its fine labels.
 */
export async function readCifar(path: string, name: string, kind?: string): Promise<Content> {
  const files = await readFiles(path);
  const version = (kind !== undefined ? VERSIONS[kind] : undefined) ?? versionOf(files);
  const { title, test } = version;
  const record = version.labelBytes + PIXELS;
  const train = [...files.keys()].filter((file) => version.train.test(file)).sort();
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
