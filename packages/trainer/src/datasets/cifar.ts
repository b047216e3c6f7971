import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Content, DatasetError } from './dataset.ts';

const CLASSES = 10;
const PIXELS = 3 * 32 * 32;
const RECORD = 1 + PIXELS;
const TRAIN = /^data_batch_[1-5]\.bin$/;
const TEST = 'test_batch.bin';

/** The official binary files by name, from a folder (or one inside it) or a tar, gzipped or not. */
async function readFiles(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const wanted = (name: string): boolean => TRAIN.test(name) || name === TEST;
  const info = await stat(path).catch(() => {
    throw new DatasetError(
      `missing ${path}: give the folder or tar of CIFAR-10's binary version (--from PATH)`,
    );
  });
  if (info.isDirectory()) {
    for (const folder of [path, join(path, 'cifar-10-batches-bin')]) {
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

/** Appends a file's records, checking each label and that the last record is whole. */
function addRecords(
  name: string,
  bytes: Buffer,
  images: Uint8Array,
  labels: Uint8Array,
  from: number,
): number {
  const count = Math.floor(bytes.length / RECORD);
  for (let record = 0; record < count; record++) {
    const label = bytes[record * RECORD]!;
    if (label >= CLASSES) {
      throw new DatasetError(
        `invalid label ${label} in record ${record + 1} of ${name}: CIFAR-10 has the classes 0 to 9. Is this its binary version?`,
      );
    }
    labels[from + record] = label;
    images.set(bytes.subarray(record * RECORD + 1, (record + 1) * RECORD), (from + record) * PIXELS);
  }
  return count;
}

/** CIFAR-10 (Krizhevsky 2009) from its official binary files: records of a label byte and 3,072 pixel bytes, any number of them. */
export async function readCifar10(path: string, name = 'cifar10'): Promise<Content> {
  const files = await readFiles(path);
  const train = [...files.keys()].filter((file) => TRAIN.test(file)).sort();
  const missing = [
    train.length === 0 ? 'data_batch_1.bin … data_batch_5.bin' : '',
    files.has(TEST) ? '' : TEST,
  ].filter(Boolean);
  if (missing.length > 0)
    throw new DatasetError(`missing ${missing.join(' and ')} in ${path}: give CIFAR-10's binary version`);
  const order = [...train, TEST];
  for (const file of order) {
    const { length } = files.get(file)!;
    const rest = length % RECORD;
    if (length === 0 || rest !== 0) {
      throw new DatasetError(
        `truncated ${file} in ${path}: ${length} bytes are ${Math.floor(length / RECORD)} records of ${RECORD} and ${rest} bytes over. Get the file again.`,
      );
    }
  }
  const counts = order.map((file) => files.get(file)!.length / RECORD);
  const testCount = counts.at(-1)!;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const images = new Uint8Array(total * PIXELS);
  const labels = new Uint8Array(total);
  let done = 0;
  for (const file of order) done += addRecords(file, files.get(file)!, images, labels, done);
  const shape = {
    classes: CLASSES,
    channels: 3,
    height: 32,
    width: 32,
    trainCount: total - testCount,
    testCount,
  };
  return {
    name,
    description: `CIFAR-10, ${shape.trainCount} training and ${testCount} test images`,
    shape,
    images,
    labels,
  };
}
